"""What is kept for all processes is built once, whole, and anew as soon as anything differs that it comes from."""

import threading
from pathlib import Path

import pytest

from tests.conftest import LONGEST
from tests.support import kept as store
from tests.support.kept import copy_of, files, kept, mark

HERE = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(store, "PLACE", tmp_path / "homes")
    return tmp_path / "homes"


def test_two_at_once_have_it_built_once(place: Path) -> None:
    built, found = list[Path](), list[Path]()
    both = threading.Barrier(2)

    def build(folder: Path) -> None:
        built.append(folder)
        folder.mkdir()
        (folder / "page").write_text("x")

    def ask() -> None:
        both.wait()
        found.append(kept("home", build))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(built) == 1
    assert found[0] == found[1]
    own = copy_of(found[0], place / "own")
    (own / "page").write_text("y")
    assert (kept("home", build) / "page").read_text() == "x"
    assert len(built) == 1


def test_half_of_one_is_never_used_and_an_older_one_goes(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(folder: Path) -> None:
        folder.mkdir()
        (folder / "page").write_text("half")
        raise OSError("no room")

    def builds(folder: Path) -> None:
        folder.mkdir()
        (folder / "page").write_text("whole")

    with pytest.raises(OSError, match="no room"):
        kept("home", breaks)
    first = kept("home", builds)
    assert (first / "page").read_text() == "whole"
    kept("home-of-another-name", builds)
    monkeypatch.setattr(store, "mark", lambda _root: "0" * store.MARK)
    second = kept("home", builds)
    assert second != first
    assert sorted(path.name.rpartition("-")[0] for path in place.iterdir() if path.is_dir()) == [
        "home", "home-of-another-name",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["sql/marts/a.sql", "expectations/suites/a.yml", "requirements.lock",
                                  "assets/a.py", "tests/conftest.py"])  # fmt: skip
def test_another_mark_as_soon_as_a_file_differs(name: str, tmp_path: Path) -> None:
    marks = set()
    for text in ("a", "b", "a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        mark.cache_clear()
        marks.add(mark(tmp_path))
    assert len(marks) == 2
    (tmp_path / "tests").mkdir(exist_ok=True)
    (tmp_path / "tests" / "test_x.py").write_text("a test makes no home")
    mark.cache_clear()
    assert mark(tmp_path) in marks


def test_a_home_comes_from_all_that_runs_in_it() -> None:
    found = {str(path.relative_to(HERE.parent)) for path in files(HERE.parent)}
    assert {
        "sql/seeds/calendar_years.csv",
        "sources/sources.yml",
        "warehouse/models/build.py",
    } <= found
    assert {"requirements.lock", "expectations/suites/core.dim_date.yml", "demo/world.py"} <= found


def test_the_longest_files_are_there() -> None:
    assert [name for name in LONGEST if not any(HERE.glob(f"*/test_{name}.py"))] == []
