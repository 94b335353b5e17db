"""Dropped files from the inbox to raw, month after month; and the sensor that notices them."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.definitions import wire
from orchestration.settings import Settings, use_dagster_home
from tests.conftest import LOCAL
from tests.support.quick_night import run_night

pytestmark = pytest.mark.time

JUNE = dt.datetime(2023, 6, 30, 1, 30, tzinfo=LOCAL)
HEAD = "feedback_id,kind,received_on,agency_code,answered_on\n"
FIRST = "P1,complaint,2023-05-02,H37.16,\nP2,petition,03/05/2023,H37.16,\n"


def site(tmp_path: Path, as_of: dt.datetime = JUNE) -> Settings:
    # One configured system, so that no simulated one starts; it isn't asked for anything.
    return Settings.load(
        home=tmp_path, as_of=as_of, _env_file=None, registry_url="http://127.0.0.1:1", registry_token="x"
    )  # fmt: skip


def drop(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    # Looks finished: the inbox leaves files alone that were written a moment ago.
    long_ago = path.stat().st_mtime - 600
    os.utime(path, (long_ago, long_ago))
    return path


def load(tmp_path: Path, as_of: dt.datetime = JUNE) -> dict[str, dict[str, int]]:
    told: dict[str, Any] = run_night(site(tmp_path, as_of), only=("drops",), builds=False)
    return dict(told["drops"])


def newest(tmp_path: Path, kind: str, column: str) -> dict[str, str]:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        key = "feedback_id" if kind == "feedback" else "case_code"
        rows = connection.execute(
            f"select {key}, arg_max({column}, (_version_at, _loaded_at)) from raw.drops__{kind} group by all"
        ).fetchall()
        return dict(rows)


def kinds(counts: dict[str, int]) -> tuple[int, ...]:
    return tuple(counts[k] for k in ("fetched", "inserted", "updated", "unchanged", "stale"))


def test_a_register_dropped_again_next_month_changes_only_what_changed(tmp_path: Path) -> None:
    """F49: the file's own time isn't part of what a row says."""
    drop(tmp_path, "feedback_2023-05-31.csv", HEAD + FIRST)
    assert kinds(load(tmp_path)["feedback"]) == (2, 2, 0, 0, 0)
    answered = (
        FIRST.replace("H37.16,\nP2", "H37.16,2023-06-01\nP2") + "P3,petition,2023-06-05,H37.07,\n"
    )
    drop(tmp_path, "feedback_2023-06-29.csv", HEAD + answered)
    assert kinds(load(tmp_path)["feedback"]) == (3, 1, 1, 1, 0)
    # A file of a day between comes last: it outdates nothing that June's file has said since.
    between = HEAD + FIRST.replace("complaint", "denunciation").replace("petition", "reflection")
    drop(tmp_path, "feedback_2023-06-10.csv", between)
    assert kinds(load(tmp_path)["feedback"]) == (2, 0, 0, 0, 2)
    assert newest(tmp_path, "feedback", "kind") == {
        "P1": "complaint",
        "P2": "petition",
        "P3": "petition",
    }
    assert newest(tmp_path, "feedback", "answered_on")["P1"] == "2023-06-01"
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        for row in connection.execute(
            "select fetched, inserted + updated + unchanged + stale + duplicate from meta.batch"
        ).fetchall():
            assert row[0] == row[1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["old first", "new first"])
def test_the_newest_version_in_one_batch_wins_in_either_order(
    order: tuple[int, int], tmp_path: Path
) -> None:
    """F24, T2: an upsert alone would keep the first."""
    versions = ["C1,H37.16,2023-05-02,4,2023-05-03\n", "C1,H37.16,2023-05-02,9,2023-05-09\n"]
    text = "case_code,agency_code,received_at,status,updated_at\n" + "".join(
        versions[n] for n in order
    )
    drop(tmp_path, "cases.csv", text)
    assert kinds(load(tmp_path)["case"]) == (2, 1, 1, 0, 0)
    assert newest(tmp_path, "case", "status") == {"C1": "9"}


def test_rows_kept_before_a_field_was_known_are_the_same_rows_after(tmp_path: Path) -> None:
    """An upgrade adds columns: what is dropped again says nothing new, unless it fills one of them."""
    text = "case_code,agency_code,received_at,cross_boundary\nC1,H37.16,2026-08-06,\nC2,H37.16,2026-08-06,\n"
    drop(tmp_path, "cases_1.csv", text)
    assert kinds(load(tmp_path)["case"]) == (2, 2, 0, 0, 0)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("alter table raw.drops__case drop column cross_boundary")
        # A hash of earlier releases, made without that column.
        connection.execute("update raw.drops__case set _content_hash = 7")
    drop(tmp_path, "cases_2.csv", text.replace("C2,H37.16,2026-08-06,", "C2,H37.16,2026-08-06,1"))
    assert kinds(load(tmp_path)["case"]) == (2, 0, 1, 1, 0)
    assert newest(tmp_path, "case", "cross_boundary") == {"C1": None, "C2": "1"}


def test_a_refused_file_stops_nothing_and_says_why_in_vietnamese(tmp_path: Path) -> None:
    drop(tmp_path, "feedback.csv", "x,y\n1,2\n")
    drop(tmp_path, "feedback_2023-05-31.csv", HEAD + FIRST)
    counts = load(tmp_path)["feedback"]
    assert (counts["set_aside"], counts["inserted"]) == (1, 2)
    (reason,) = (tmp_path / "inbox" / "set_aside").glob("*.reason.txt")
    assert "Thiếu cột bắt buộc: feedback_id, received_on." in reason.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_sensor_asks_for_one_run_for_a_file_that_lies_still(tmp_path: Path) -> None:
    wiring = wire(site(tmp_path))
    use_dagster_home(wiring.settings)
    sensor = wiring.definitions.resolve_sensor_def("inbox_sensor")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert wiring.definitions.resolve_job_def(sensor.job_name).name == "files"
    with dg.DagsterInstance.get() as instance:

        def tick() -> list[str]:
            with dg.build_sensor_context(instance, definitions=wiring.definitions) as context:
                told = sensor.evaluate_tick(context)
            return [request.run_key or "" for request in told.run_requests or []]

        assert tick() == []
        drop(tmp_path, "feedback.csv", HEAD + FIRST)
        first = tick()
        assert len(first) == 1
        assert tick() == first, "one run key, so Dagster starts one run"
        growing = drop(tmp_path, "feedback_2.csv.part", HEAD)
        assert tick() == first, "a file that is still being written waits"
        growing.unlink()
        load(tmp_path)
        assert tick() == []
