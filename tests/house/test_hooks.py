"""What a commit is held to runs from .venv alone and is what `make lint` and `make check` hold it to."""

import shlex
import sys
from pathlib import Path
from typing import Any

import yaml

from orchestration.settings import PROJECT

HOOKS = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))


def test_hooks_download_nothing() -> None:
    assert {repo["repo"] for repo in HOOKS["repos"]} == {"local"}
    for hook in _hooks():
        program = Path(shlex.split(hook["entry"])[0])
        assert hook["language"] == "system", hook["id"]
        assert program.parent == Path(".venv/bin"), hook["id"]
        assert Path(sys.executable).with_name(program.name).exists(), hook["id"]


def test_hooks_say_what_make_says() -> None:
    """A hook that asks for less would let through what CI refuses."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    asked = {" ".join(_words(hook["entry"])) for hook in _hooks() if hook["id"] != "sql"}
    assert asked == {"ruff check", "ruff format --check", "mypy"}
    for words in asked:
        assert f"$(BIN)/{words}" in makefile
    (sql,) = (hook for hook in _hooks() if hook["id"] == "sql")
    files = [word for word in _words(sql["entry"]) if word.startswith("tests/")]
    checked = next(line for line in makefile.splitlines() if "tests/sql/test_sql_cases.py" in line)
    assert files
    assert set(files) <= set(checked.split())


def _hooks() -> list[dict[str, Any]]:
    return [hook for repo in HOOKS["repos"] for hook in repo["hooks"]]


def _words(entry: str) -> list[str]:
    program, *rest = shlex.split(entry)
    return [Path(program).name, *(word for word in rest if word != "--force-exclude")]
