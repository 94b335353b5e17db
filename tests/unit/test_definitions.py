"""The definitions load, and the graph is what it was: a change of the graph is a reviewed diff."""

import datetime as dt
import graphlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from assets.graph import key_of
from assets.names import MODE_TAG, RunMode, mode_of
from orchestration.definitions import Wiring, wire
from orchestration.settings import PROJECT, Settings


@pytest.fixture(scope="module")
def wiring(tmp_path_factory: pytest.TempPathFactory) -> Wiring:
    home = tmp_path_factory.mktemp("home")
    return wire(Settings.load(home=home, _env_file=None))


@pytest.fixture(scope="module")
def definitions(wiring: Wiring) -> dg.Definitions:
    return wiring.definitions


def test_graph(definitions: dg.Definitions, snapshot: SnapshotAssertion) -> None:
    graph = definitions.resolve_asset_graph()
    parents = {
        key: sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in sorted(graph.get_all_asset_keys())
    }
    lines = [f"{key.to_user_string()} <- {', '.join(found)}" for key, found in parents.items()]
    assert lines == snapshot


def test_a_mode_that_there_is_not_is_told() -> None:
    assert mode_of({}) is RunMode.INCREMENTAL
    assert mode_of({MODE_TAG: "replay"}) is RunMode.REPLAY
    with pytest.raises(ValueError, match="motcua/mode is nightly; use incremental, full, window, "):
        mode_of({MODE_TAG: "nightly"})


def test_the_groups_read_from_left_to_right(definitions: dg.Definitions) -> None:
    """No arrow between two groups runs back, so that the graph of groups has an order."""
    graph = definitions.resolve_asset_graph()
    before: dict[str, set[str]] = defaultdict(set)
    for key in graph.get_all_asset_keys():
        group = graph.get(key).group_name
        before[group] |= {graph.get(parent).group_name for parent in graph.get(key).parent_keys} - {
            group
        }
    order = list(graphlib.TopologicalSorter(before).static_order())
    assert {"context", "staging", "core", "marts", "meta", "published"} <= set(order)
    assert order.index("context") < order.index("staging") < order.index("meta")


def test_each_suite_is_one_check_a_severity_and_only_the_critical_one_blocks(
    wiring: Wiring,
) -> None:
    graph = wiring.definitions.resolve_asset_graph()
    keys = graph.asset_check_keys
    rules = [(suite.table, rule) for suite in wiring.suites.values() for rule in suite.rules]
    # Any rule may fail to run, which stops the night; so every table has a check that blocks.
    assert {(".".join(key.asset_key.path), key.name) for key in keys} == {
        *((table, rule.severity) for table, rule in rules),
        *((table, "critical") for table in wiring.suites),
    }
    declared = []
    for key in keys:
        spec = graph.get_check_spec(key)
        assert spec.blocking == (key.name == "critical" == spec.metadata["severity"])
        declared += [
            (".".join(key.asset_key.path), key.name, rule)
            for rule in spec.metadata["rules"].split(", ")
            if rule
        ]
    assert sorted(declared) == sorted((table, rule.severity, rule.id) for table, rule in rules)


def test_a_suite_that_reads_other_tables_waits_for_them_in_a_step_of_its_own(
    wiring: Wiring,
) -> None:
    graph = wiring.definitions.resolve_asset_graph()
    steps = wiring.definitions.resolve_job_def("nightly").nodes
    alone = {
        node.name.removeprefix("check_").replace("__", ".", 1)
        for node in steps
        if node.name.startswith("check_")
    }
    assert {"staging.case", "marts.form_07a", "staging.rating_device"} <= alone
    for suite in wiring.suites.values():
        table = key_of(suite.table)
        before = {table, *graph.get_ancestor_asset_keys(table)}
        reads = {key_of(name) for name in suite.reads} & graph.get_all_asset_keys()
        seeds = {key for key in reads if key.path[0] == "seeds"}
        spec = graph.get_check_spec(dg.AssetCheckKey(table, "critical"))
        if suite.table in alone:
            assert {dep.asset_key for dep in spec.additional_deps} >= reads
        else:
            assert reads - seeds <= before, suite.table
            assert not seeds or any(key.path[0] == "seeds" for key in before), suite.table


def test_the_table_of_results_waits_for_every_check(wiring: Wiring) -> None:
    """Those that are steps of their own too: meta.check_result shows what this night found."""
    job = wiring.definitions.resolve_job_def("nightly")
    alone = {node.name for node in job.nodes if node.name.startswith("check_")}
    waited = {
        dependency.node
        for node, inputs in job.graph.dependencies.items()
        if (node.alias or node.name) == "meta__check_result"
        for given in inputs.values()
        for dependency in given.get_node_dependencies()
    }
    assert len(alone) > 10
    assert alone <= waited
    within = {suite.table.replace(".", "__") for suite in wiring.suites.values()} - {
        "meta__check_result"
    }
    assert {name for name in within if not name.startswith("meta__")} <= waited


def test_night_is_scheduled_at_half_past_one(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("nightly_schedule")
    assert schedule.cron_schedule == "30 1 * * *"
    assert schedule.execution_timezone == "Asia/Ho_Chi_Minh"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_pulls_have_daily_partitions_with_single_run_backfills(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for name in ("cases__case", "ratings__rating", "services__submission"):
        node = graph.get(dg.AssetKey(["raw", name]))
        assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_what_nights_make_is_stale_after_a_night_and_a_half(definitions: dg.Definitions) -> None:
    """Pulled tables and the publication, and nothing else; the instance evaluates it."""
    specs: dict[str, set[Any]] = defaultdict(set)
    for spec in definitions.resolve_all_asset_specs():
        policy = spec.freshness_policy
        specs[spec.key.path[0]].add(policy and (policy.warn_window, policy.fail_window))
    made = {schema for schema, found in specs.items() if found != {None}}
    assert made == {"raw", "published"}
    for schema in made:
        ((warn, fail),) = specs[schema]
        assert (warn.to_timedelta(), fail.to_timedelta()) == (
            dt.timedelta(hours=27), dt.timedelta(hours=36),
        )  # fmt: skip
    text = (PROJECT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["freshness"]["enabled"] is True


def test_instance_is_quiet_and_runs_one_at_a_time() -> None:
    text = (PROJECT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert config["telemetry"]["enabled"] is False
    assert config["run_queue"]["max_concurrent_runs"] == 1
    assert config["run_monitoring"]["max_runtime_seconds"] > 0


def test_settings_tell_all_errors_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from orchestration.settings import SettingsError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_AS_OF", "yesterday")
    monkeypatch.setenv("MOTCUA_PII_KEY", "too short")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert "MOTCUA_AS_OF" in str(raised.value)
    assert "MOTCUA_PII_KEY" in str(raised.value)
    assert "too short" not in str(raised.value)


def test_secrets_never_show() -> None:
    settings = Settings.load(
        _env_file=None,
        cases_url="http://127.0.0.1:1",
        cases_token="id:canary-secret",
        pii_key="k" * 40,
    )
    assert "canary-secret" not in repr(settings)
    assert "k" * 40 not in repr(settings)
    assert settings.credential("cases") == "id:canary-secret"
