"""What the command line does besides runs: check, publish again, read the scorecard, open the UI.

Belongs here: short acts on what stands. Doesn't: runs (runs.py).
"""

import datetime as dt
import uuid
from typing import Any

from assets.cap import record_shares, standing_shares
from assets.checks import check_suites
from assets.gate import publish_night
from assets.night import open_night
from expectations.outcome import Outcome
from expectations.suite import SuiteError
from orchestration.console.children import serve
from orchestration.parts import Parts
from orchestration.settings import Settings, use_dagster_home, workspace_file
from reports.quality import write_quality
from warehouse.errors import WarehouseError
from warehouse.publication.versions import FILE_NAME
from warehouse.store.connection import hold_lock, read_rows
from warehouse.store.recovery import find_damage, set_aside
from warehouse.store.state import all_trends

_CAPPED = (
    "rule", "severity", "state", "evaluated", "failed", "reason_vi", "reason_en", "owner", "remedy_vi",
    "detail",
)  # fmt: skip
_ORDER = {"error": 0, "critical": 1, "warning": 2, "info": 3}


def check_everything(
    parts: Parts, table: str | None = None, *, with_keys: bool = False
) -> list[dict[str, Any]]:
    """Run every suite on what stands, or one table's; worst first, passed ones last.

    `before` holds what each rule said in its last runs. Keys of failing rows come only when asked for,
    because they lead to people's cases.

    Raises:
        SuiteError: no suite is called `table`.
        WarehouseError: no night has run yet.
    """
    if table is not None and table not in parts.suites:
        known = ", ".join(sorted(parts.suites))
        raise SuiteError(f"There is no suite for {table}; name one of {known}.")
    if not parts.settings.warehouse_path.exists():
        raise WarehouseError("There is nothing to check yet; run `motcua run` first.")
    with open_night(parts.site, f"check-{uuid.uuid4().hex[:8]}") as night:
        trends = all_trends(night.connection)
        outcomes = check_suites(
            night, [s for s in parts.suites.values() if table in (None, s.table)]
        )
        shares = [s for s in standing_shares(night, parts.catalog) if table in (None, s.table)]
        capped = record_shares(night, shares)
        if table is None:
            write_quality(night.connection, night.site.quality_page)
    findings = [
        {**finding_of(outcome), **({"keys": list(outcome.failing_keys)} if with_keys else {})}
        for outcome in outcomes
    ] + [
        {"table": row.table_name, **{name: getattr(row, name) for name in _CAPPED}}
        for row in capped
    ]
    for finding in findings:
        finding["before"] = trends.get((str(finding["table"]), str(finding["rule"])), [])
    return sorted(
        findings,
        key=lambda f: (
            f["state"] == "passed",
            _ORDER["error" if f["state"] == "error" else f["severity"]],
            -(f["failed"] or 0),
        ),
    )


def finding_of(outcome: Outcome) -> dict[str, Any]:
    """What a rule said, as commands answer it; without keys of rows, because they lead to people's cases."""
    return {
        "table": outcome.table, "rule": outcome.rule, "severity": outcome.severity, "state": outcome.state,
        "evaluated": outcome.evaluated, "failed": outcome.failed, "reason_vi": outcome.reason,
        "reason_en": outcome.reason_en, "owner": outcome.owner, "remedy_vi": outcome.remedy,
        "detail": outcome.detail,
    }  # fmt: skip


def publish_again(parts: Parts) -> dict[str, str | int]:
    """Publish what stands in the warehouse, if the gate lets it.

    Raises:
        WarehouseError: no night has run yet, or what forbids publishing.
    """
    if not parts.settings.warehouse_path.exists():
        raise WarehouseError("There is nothing to publish yet; run `motcua run` first.")
    with open_night(parts.site, f"publish-{uuid.uuid4().hex[:8]}") as night:
        return publish_night(night, parts.catalog, parts.suites)


def set_damaged_aside(settings: Settings) -> list[str]:
    """Rename a warehouse that can't be read to its last row; its new names, or none where it is whole.

    Raises:
        WarehouseBusyError: a run holds it.
    """
    with hold_lock(settings.lock_path, "replay"):
        if find_damage(settings.warehouse_path) is None:
            return []
        return [path.name for path in set_aside(settings.warehouse_path)]


def read_scorecard(settings: Settings) -> list[dict[str, Any]]:
    """The published scorecard, one dict a KPI in order; empty before the first publication."""
    path = settings.published / FILE_NAME
    if not path.exists():
        return []
    return read_rows(path, "select * from marts.scorecard order by position")


def start_ui(settings: Settings, host: str, port: int) -> int:
    """Run the Dagster webserver and daemon until interrupted; returns their exit code.

    Both are started as children and stopped together, because `dagster dev` in the background ignores
    the signals that a service manager sends.
    """
    modules = [_web(settings, host, port), _daemon(settings)]
    return serve(modules, lambda: _make_ready(settings))


def start_daemon(settings: Settings) -> int:
    """Run the scheduler alone until interrupted; runs that a power cut left are ended first."""
    return serve([_daemon(settings)], lambda: _make_ready(settings))


def start_web(settings: Settings, host: str, port: int, *, read_only: bool, prefix: str) -> int:
    """Run the webserver alone; read-only for viewers, who can then start and change nothing."""
    use_dagster_home(settings)
    more = [*(["--read-only"] if read_only else []), *(["--path-prefix", prefix] if prefix else [])]
    return serve([[*_web(settings, host, port), *more]], _is_ready)


def start_code(settings: Settings, host: str, port: int) -> int:
    """Run the code server alone: it holds the definitions and starts the runs."""
    use_dagster_home(settings)
    code = ["dagster", "code-server", "start", "-h", host, "-p", str(port)]
    named = [*code, "-m", "orchestration.definitions", "--location-name", "motcua"]
    return serve([named], _is_ready)


def _make_ready(settings: Settings) -> bool:
    """Before the daemon starts: end dead runs, forget what a wrong clock left. False while a run is under way."""
    import dagster as dg

    from orchestration.operating.retention import fail_dead_runs
    from orchestration.operating.wrong_clock import forget_times_ahead

    use_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        ended = fail_dead_runs(settings, instance)
        forget_times_ahead(instance, dt.datetime.now(dt.UTC))
    return ended is not None


def _is_ready() -> bool:
    """Webserver and code server remember no times, so a clock that was set back starts nothing again."""
    return False


def _web(settings: Settings, host: str, port: int) -> list[str]:
    return ["dagster_webserver", "-h", host, "-p", str(port), "-w", str(workspace_file(settings))]


def _daemon(settings: Settings) -> list[str]:
    return ["dagster._daemon", "run", "-w", str(workspace_file(settings))]
