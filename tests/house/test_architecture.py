"""The rules of the house, asserted on the source itself: who imports whom, sizes, names, documentation."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Who may import whom. A package's rooms are listed under it; what lies beside them, at the package's root, is
# `package` itself: its errors and what all of its rooms share, or, in orchestration, what puts the rooms together.
MAY_IMPORT = {
    "common": set(),
    "orchestration": {
        "orchestration.commands", "orchestration.console", "orchestration.operating",
        "assets", "sources", "expectations", "figures", "warehouse", "reports", "demo",
    },
    "orchestration.commands": {
        "orchestration", "orchestration.console", "orchestration.operating",
        "assets", "sources", "expectations", "figures", "warehouse", "reports", "demo",
    },
    "orchestration.console": {
        "orchestration", "orchestration.operating",
        "assets", "sources", "expectations", "figures", "warehouse", "reports", "demo",
    },
    "orchestration.operating": {"orchestration", "assets", "sources", "warehouse", "reports"},
    "assets": {"sources", "expectations", "figures", "warehouse", "spark", "reports"},
    "expectations": set(),
    "figures": {"warehouse"},
    "spark": {"warehouse"},
    "reports": set(),
    "demo": set(),
    "sources": {"sources.landing", "sources.files"},
    "sources.spec": {"sources"},
    "sources.http": {"sources", "sources.spec"},
    "sources.landing": {"sources"},
    "sources.pull": {"sources", "sources.spec", "sources.http", "sources.landing"},
    "sources.files": {"sources", "sources.spec", "sources.pull", "sources.landing"},
    "warehouse": {"warehouse.store", "warehouse.publication"},
    "warehouse.store": {"warehouse"},
    "warehouse.models": {"warehouse", "warehouse.store"},
    "warehouse.load": {"warehouse", "warehouse.store", "warehouse.models"},
    "warehouse.persons": {"warehouse", "warehouse.store", "warehouse.models", "warehouse.load"},
    "warehouse.publication": {"warehouse", "warehouse.store"},
}  # fmt: skip
PACKAGES = sorted({room.split(".")[0] for room in MAY_IMPORT})
THIRD_PARTY = {
    "dagster": {"orchestration", "assets"},
    "great_expectations": {"expectations"},
    "requests": {"sources"},
    "duckdb": {"figures", "warehouse", "spark"},
    "sqlglot": {"figures", "warehouse", "spark"},
    "pyspark": {"spark"},
}
# A connection is passed on, so its type may be named where it isn't opened.
TYPE_ONLY = {("assets", "duckdb")}
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_MODULE = 450


def room_of(module: str) -> str:
    """The room that a module lies in, or is: `warehouse.store.state` and `warehouse.store` lie in warehouse.store."""
    parts = module.split(".")
    return max(
        (".".join(parts[:n]) for n in (1, 2) if ".".join(parts[:n]) in MAY_IMPORT),
        key=len,
        default=parts[0],
    )


def imports(tree: ast.AST) -> set[str]:
    """Every module that is imported, whole names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_the_rules(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    room, package = room_of(module), module.split(".")[0]
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    modules = imports(tree)
    entered = {room_of(name) for name in modules if name.split(".")[0] in PACKAGES} - {room}
    allowed = MAY_IMPORT[room]
    # What every room may use.
    entered -= {"common"}
    refused = {
        other
        for other in entered
        if not {other, other.split(".")[0]} & allowed
        or (other.split(".")[0] == package and other not in allowed)
    }
    assert not refused, f"{room} may not enter {', '.join(sorted(refused))}"
    found = {name.split(".")[0] for name in modules}
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


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_room_opens_with_a_docstring_only(room: str) -> None:
    tree = ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
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
            or name == "tests/house/test_architecture.py"
        ):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert "/work/" + "main" not in text, name
        assert "/root" + "/" not in text, name
