"""Environments of their own for programs whose pins fight with ours, and a published file to show them.

An environment is made once under .venv-bi/ and again only when its packages change.
"""

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-bi"


def environment(name: str, *packages: str) -> Path:
    """The Python of an environment with exactly these packages asked for."""
    home = FOLDER / name
    python = home / "bin" / "python"
    stamp = home / ".packages"
    wanted = "\n".join(packages)
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"  … {name}: {', '.join(packages)}", flush=True)
    # Our own pip fills it: to put one into each takes longer than some of what it is for.
    venv.create(home, with_pip=False, clear=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", *packages], check=True)
    stamp.write_text(wanted)
    return python


def ask(python: Path, script: str, *arguments: str) -> Any:
    """Run a script of this folder in an environment; its last line is JSON."""
    done = subprocess.run(
        [python, Path(__file__).with_name(script), *arguments],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{script} in {python.parents[1].name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


@contextmanager
def published_site(given: list[str]) -> Iterator[Path]:
    """A home with a publication and its reports: the one named, or a small one made for the purpose."""
    if given:
        yield Path(given[0]).resolve()
        return
    from tests.conftest import END, make_site

    with tempfile.TemporaryDirectory() as folder:
        site = make_site(Path(folder), cases_per_year=1500, procedures=120)
        try:
            outcome = site.run(END, mode="full")
            if not outcome.succeeded:
                sys.exit(outcome.reason)
            yield site.home
        finally:
            site.server.close()
