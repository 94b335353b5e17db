"""The kept event log stores what stock Dagster stores, when it must be there: one is written, the other reads it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData
from dagster._core.execution.plan.objects import StepFailureData, StepSuccessData
from dagster._core.execution.plan.outputs import StepOutputData, StepOutputHandle
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_store import OPEN_MOST, KeptEventLogStorage
from orchestration.settings import Settings, use_dagster_home


@dg.asset
def kept() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 7})


@dg.asset_check(asset=kept)
def is_fine() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def _run(instance: dg.DagsterInstance) -> str:
    result = dg.Definitions(
        assets=[kept], asset_checks=[is_fine]
    ).resolve_implicit_global_asset_job_def()
    return result.execute_in_process(instance=instance).run_id


def test_stock_storage_reads_what_the_kept_one_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = use_dagster_home(Settings.load(home=tmp_path, _env_file=None))
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, KeptEventLogStorage)
        # More runs than files may stay open, so that some were closed in between.
        run_ids = [_run(instance) for _ in range(OPEN_MOST + 2)]
        written = {run_id: len(instance.all_logs(run_id)) for run_id in run_ids}
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with dg.DagsterInstance.get() as stock:
        assert not isinstance(stock.event_log_storage, KeptEventLogStorage)
        assert {run_id: len(stock.all_logs(run_id)) for run_id in run_ids} == written
        event = stock.get_latest_materialization_event(dg.AssetKey("kept"))
        assert event is not None
        assert event.run_id == run_ids[-1]
        materialization = event.asset_materialization
        assert materialization is not None
        assert materialization.metadata["rows"].value == 7
        check = dg.AssetCheckKey(dg.AssetKey("kept"), "is_fine")
        history = stock.event_log_storage.get_asset_check_execution_history(check, limit=100)
        assert len(history) == OPEN_MOST + 2


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeptEventLogStorage]:
    """A store of its own in an empty folder."""
    with dg.DagsterInstance.ephemeral() as instance:
        made = KeptEventLogStorage(str(tmp_path / "events"))
        made.register_instance(instance)
        yield made
        made.dispose()


def _event(kind: dg.DagsterEventType, run_id: str = "a run", rows: int = 0) -> dg.EventLogEntry:
    kinds = dg.DagsterEventType
    data: Any = {
        kinds.ASSET_MATERIALIZATION: StepMaterializationData(
            dg.AssetMaterialization("kept", metadata={"rows": rows})
        ),
        kinds.STEP_OUTPUT: StepOutputData(StepOutputHandle("kept")),
        kinds.STEP_SUCCESS: StepSuccessData(1.0),
        kinds.STEP_FAILURE: StepFailureData(None, None),
    }.get(kind)
    told = dg.DagsterEvent(kind.value, "a job", step_key="kept", event_specific_data=data)
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message="",
        run_id=run_id,
        timestamp=1.0 + rows,
        dagster_event=told,
    )


def _stored(store: KeptEventLogStorage, run_id: str = "a run") -> list[str]:
    """What another process finds in the file."""
    path = Path(store.path_for_shard(run_id))
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "select dagster_event_type from event_logs order by id"
        ).fetchall()
    return [kind for (kind,) in rows]


def test_what_a_step_tells_stands_when_the_next_begins_or_anybody_reads(
    store: KeptEventLogStorage,
) -> None:
    kinds = dg.DagsterEventType
    store.store_event(_event(kinds.STEP_START))
    assert _stored(store) == ["STEP_START"], "who looks sees at once which step is under way"
    for kind in (kinds.STEP_OUTPUT, kinds.ASSET_MATERIALIZATION):
        store.store_event(_event(kind))
    assert _stored(store)[1:] == ["STEP_OUTPUT", "ASSET_MATERIALIZATION"], (
        "its checks may take long"
    )
    for kind in (kinds.STEP_OUTPUT, kinds.STEP_SUCCESS):
        store.store_event(_event(kind))
    assert len(_stored(store)) == 3
    store.store_event(_event(kinds.STEP_START))
    whole = [
        "STEP_START", "STEP_OUTPUT", "ASSET_MATERIALIZATION", "STEP_OUTPUT", "STEP_SUCCESS", "STEP_START",
    ]  # fmt: skip
    assert _stored(store) == whole
    store.store_event(_event(kinds.STEP_OUTPUT))
    assert len(store.get_logs_for_run("a run")) == 7
    assert _stored(store) == [*whole, "STEP_OUTPUT"]
    for kind in (kinds.STEP_FAILURE, kinds.STEP_SKIPPED, kinds.RUN_FAILURE):
        store.store_event(_event(kind))
        assert _stored(store)[-1] == _event(kind).dagster_event.event_type_value
    store.store_event(_event(kinds.STEP_SUCCESS, "another"))
    store.dispose()
    assert _stored(store, "another") == ["STEP_SUCCESS"]


def test_an_event_that_cannot_be_stored_takes_no_other_with_it(
    store: KeptEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = dg.DagsterEventType
    stock = SqliteEventLogStorage.store_event
    refused: list[str] = []

    def store_event(self: SqliteEventLogStorage, event: dg.EventLogEntry) -> None:
        stock(self, event)
        if event.dagster_event_type == kinds.STEP_START and refused:
            raise error(refused.pop())

    monkeypatch.setattr(SqliteEventLogStorage, "store_event", store_event)
    for error in (RuntimeError, KeyboardInterrupt):
        run_id = error.__name__
        refused[:] = ["once"]
        store.store_event(_event(kinds.STEP_OUTPUT, run_id))
        if error is KeyboardInterrupt:
            with pytest.raises(KeyboardInterrupt):
                store.store_event(_event(kinds.STEP_START, run_id))
            assert _stored(store, run_id) == [], (
                "told to stop in the middle, nothing is there by half"
            )
        else:
            store.store_event(_event(kinds.STEP_START, run_id))
        store.store_event(_event(kinds.RUN_FAILURE, run_id))
        assert _stored(store, run_id) == ["STEP_OUTPUT", "STEP_START", "PIPELINE_FAILURE"]


def test_what_is_known_of_an_asset_is_as_new_as_the_file(store: KeptEventLogStorage) -> None:
    """The store remembers records between steps: never past a change, whoever made it."""
    key = dg.AssetKey("kept")

    def rows() -> int | None:
        (record,) = store.get_asset_records([key, dg.AssetKey("never made")])
        last = record.asset_entry.last_materialization
        return None if last is None else int(last.asset_materialization.metadata["rows"].value)

    made = dg.DagsterEventType.ASSET_MATERIALIZATION
    assert store.get_asset_records([key]) == []
    store.store_event(_event(made, rows=1))
    assert (rows(), rows()) == (1, 1)
    store.store_event(_event(made, rows=2))
    assert rows() == 2
    other = SqliteEventLogStorage(store._base_dir)
    other.register_instance(store._instance)
    other.store_event(_event(made, "another", rows=3))
    assert rows() == 3
    # Another's change just before one of our own.
    other.store_event(_event(made, "another", rows=4))
    store.store_event(_event(dg.DagsterEventType.STEP_START))
    assert rows() == 4
    store.wipe_asset(key)
    assert store.get_asset_records([key]) == []
