"""Files written whole: by several at once, with their permissions from the first byte, or not at all."""

import threading
from pathlib import Path

import pytest

from common.disk import OWNER_ONLY, whole, write_whole


def test_many_at_once_never_leave_half_a_file(tmp_path: Path) -> None:
    path, texts = tmp_path / "state.json", [letter * 200_000 for letter in "abcd"]
    failures: list[Exception] = []

    def write(text: str) -> None:
        try:
            for _ in range(20):
                write_whole(path, text)
                assert path.read_text() in texts
        except (OSError, AssertionError) as failure:
            failures.append(failure)

    writers = [threading.Thread(target=write, args=[text]) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert [left.name for left in tmp_path.iterdir()] == ["state.json"]


def test_nobody_else_may_read_it_while_it_is_written(tmp_path: Path) -> None:
    with whole(tmp_path / "new" / "key", OWNER_ONLY) as waiting:
        assert waiting.stat().st_mode & 0o777 == OWNER_ONLY
        waiting.write_text("secret")
    assert (tmp_path / "new" / "key").stat().st_mode & 0o777 == OWNER_ONLY


def test_what_goes_wrong_leaves_the_old_one(tmp_path: Path) -> None:
    write_whole(tmp_path / "page", "old")

    def write_half() -> None:
        with whole(tmp_path / "page") as waiting:
            waiting.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert [(left.name, left.read_text()) for left in tmp_path.iterdir()] == [("page", "old")]
