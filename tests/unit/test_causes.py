"""Why a run stopped, from the events of real runs: our words, never Dagster's; and the words themselves."""

from pathlib import Path

import dagster as dg
import pytest

from assets.broken import Broken, stop_words
from orchestration.operating.causes import Stop, stop_of
from orchestration.operating.retention import fail_dead_runs
from orchestration.settings import Settings
from reports.numbers import change_text, exact_text, parts_text, size_text

SUNDAY = Broken(
    "core.dim_date", "no_sunday", "failed", 1, 6575, "Có ngày chủ nhật.", "Holds a Sunday.", "Bỏ\n chủ nhật."
)  # fmt: skip


def _stop(how: str, settings: Settings) -> Stop:
    """A run of a small job that ends in this way."""

    @dg.op
    def work() -> None:
        if how == "raised":
            raise KeyboardInterrupt
        if how == "swallowed":
            # As DuckDB hands on what it was told in the middle of a query.
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as told:
                raise RuntimeError("Query interrupted") from told
        if how == "ours":
            raise RuntimeError("The cases source refused the credentials.")
        raise dg.DagsterInvariantViolationError("their words")

    @dg.job
    def night() -> None:
        work()

    with dg.DagsterInstance.ephemeral() as instance:
        if how in ("killed", "from outside", "timed out"):
            run = instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED)
            if how == "killed":
                assert fail_dead_runs(settings, instance) == [run.run_id]
            else:
                # Dagster's own watch says the latter of a run that takes too long.
                instance.report_run_failed(
                    run, "Exceeded maximum runtime of 7200 seconds." if how == "timed out" else None
                )
        else:
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            run_id = night.execute_in_process(quiet, instance=instance, raise_on_error=False).run_id
            run = instance.get_run_by_id(run_id)
            assert run is not None
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
    return stop_of(event for event in events if event is not None)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raised", "yêu cầu dừng"), ("swallowed", "was told to stop"), ("killed", "the service stopped while it ran"),
        ("from outside", "ended without saying why"), ("timed out", "hoặc chạy quá lâu"),
        ("wrong", "A fault of the program in step work (DagsterInvariantViolationError)"),
        ("ours", "The cases source refused the credentials."),
    ],
)  # fmt: skip
def test_what_stopped_a_run_is_told_in_our_words(how: str, words: str, tmp_path: Path) -> None:
    said = _stop(how, Settings.load(home=tmp_path, _env_file=None)).sentence
    assert words in said
    assert "\n" not in said
    for theirs in (
        "outside the execution context",
        "nterrupted",
        "their words",
        "Steps failed",
        "Exceeded",
    ):
        assert theirs not in said


def test_a_broken_rule_is_told_with_reason_rows_and_remedy_on_one_line() -> None:
    assert stop_words([SUNDAY]) == (
        "Dừng / Stopped: quy tắc bị vi phạm / broken rule: core.dim_date · no_sunday: Có ngày chủ nhật. / Holds a "
        "Sunday. – 1 / 6.575 dòng / rows – Cần làm / to do: Bỏ chủ nhật."
    )


def test_several_rules_are_named_first_some_then_how_many_more() -> None:
    error = Broken(
        "core.fct_case",
        "unreadable",
        "error",
        detail="Binder Error: no column x",
        remedy="Sửa quy tắc.",
    )
    unchecked = Broken("marts.kpi_value", "grain", "unchecked")
    said = stop_words([SUNDAY, error, unchecked, SUNDAY, SUNDAY])
    assert said.startswith(
        "Dừng / Stopped: 5 quy tắc không đạt hoặc không chạy được / 5 rules failed or could not run: "
    )
    assert (
        "unreadable – KHÔNG CHẠY ĐƯỢC / could not run: Binder Error: no column x – Cần làm / to do: Sửa quy tắc."
        in said
    )
    assert (
        "grain – chưa kiểm tra từ lần dựng mới nhất / not checked since it was built – Cần làm"
        in said
    )
    assert said.count("no_sunday") == 1
    assert said.endswith("và 2 quy tắc nữa, xem `motcua check` / and 2 more, see `motcua check`")


def test_numbers_read_as_on_the_page() -> None:
    assert (
        parts_text({"numerator": 46689, "denominator": 47017, "unit": "ratio"}) == "46.689 / 47.017"
    )
    assert (
        parts_text({"numerator": 19823211, "denominator": 20000000, "unit": "points"})
        == "19,82 / 20,00"
    )
    assert [change_text(n, "ratio") for n in (1234, 0, -5678)] == ["+1.234", "+0", "-5.678"]
    assert [change_text(n, "points") for n in (1234, 0, -50000)] == ["+0,001234", "+0,00", "-0,05"]
    assert [size_text(n) for n in (0, 2048, 53_249_999, 2_000_000_000, 1_234_560_000_000)] == [
        "0,0 kB", "2,0 kB", "53,2 MB", "2,0 GB", "1.234,6 GB",
    ]  # fmt: skip
    assert [exact_text(6.0), exact_text(12.5), exact_text(3.972222, 6)] == ["6", "12,5", "3,972222"]
