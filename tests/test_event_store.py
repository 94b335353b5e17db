"""The kept event log stores what stock Dagster stores: one is written, the other reads it."""

from pathlib import Path

import dagster as dg
import pytest

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
