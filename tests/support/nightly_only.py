"""A code location with one job at 01:30 and nothing else, for Dagster's own scheduler to look at."""

import dagster as dg


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def nightly() -> None:
    """A night without work."""
    nothing()


@dg.sensor(job=nightly, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def watch() -> dg.SkipReason:
    """Looks and asks for nothing."""
    return dg.SkipReason("looked")


defs = dg.Definitions(
    jobs=[nightly],
    sensors=[watch],
    schedules=[
        dg.ScheduleDefinition(
            name="nightly_schedule",
            job=nightly,
            cron_schedule="30 1 * * *",
            execution_timezone="Asia/Ho_Chi_Minh",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ],
)
