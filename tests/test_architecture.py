"""The rules of the house, asserted on the source itself: who imports whom, sizes, names, documentation."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("orchestration", "assets", "sources", "expectations", "warehouse", "reports", "demo")
MAY_IMPORT = {
    "orchestration": {"assets", "sources", "expectations", "warehouse", "reports", "demo"},
    "assets": {"sources", "expectations", "warehouse", "reports"},
    "sources": set(),
    "expectations": set(),
    "warehouse": set(),
    "reports": set(),
    "demo": set(),
}
THIRD_PARTY = {
    "dagster": {"orchestration", "assets"},
    "great_expectations": {"expectations"},
    "requests": {"sources"},
    "duckdb": {"warehouse"},
    "sqlglot": {"warehouse"},
    "pyspark": {"warehouse"},
}
# A connection is passed on, so its type may be named where it isn't opened.
TYPE_ONLY = {("assets", "duckdb")}
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_MODULE = 450


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_the_rules(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = imports(tree)
    assert found & set(PACKAGES) - {package} <= MAY_IMPORT[package], (
        "imports a room it may not enter"
    )
    for library, rooms in THIRD_PARTY.items():
        assert library not in found or package in rooms or (package, library) in TYPE_ONLY, (
            f"{library} is imported outside {rooms}"
        )
    reads_environment = "os.environ" in text or "os.getenv" in text
    assert not reads_environment or path.name == "settings.py", "only settings read the environment"
    assert ast.get_docstring(tree), "a module opens with what belongs in it and what doesn't"
    assert len(text.splitlines()) <= LONGEST_MODULE, "a module has at most 450 lines"


def test_tests_are_modules_too() -> None:
    """What tests share lies in a module of its own; else a file of tests would drag another's fixtures along."""
    for path in sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{path} opens with what it shows"
        assert len(text.splitlines()) <= LONGEST_MODULE, (
            f"{path} has at most {LONGEST_MODULE} lines"
        )
        borrowed = [line for line in text.splitlines() if line.startswith("from tests.test_")]
        assert borrowed == [], f"{path} imports from another file of tests"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_init_is_a_docstring_only(package: str) -> None:
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("package", ["warehouse", "sources", "orchestration.settings"])
def test_import_stays_light(package: str) -> None:
    """SQL tests and --help must start at once: neither Dagster nor Great Expectations comes along."""
    code = f"import {package}, sys; print([m for m in ('dagster', 'great_expectations') if m in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert out.stdout.strip() == "[]"


def test_nothing_in_the_project_names_this_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in {".png", ".duckdb", ".gz", ".xlsx", ".woff2"}
            or name == "tests/test_architecture.py"
        ):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert "/work/" + "main" not in text, name
        assert "/root" + "/" not in text, name
