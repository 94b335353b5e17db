"""What a clock that ran ahead left in Dagster's own memory, and how it is forgotten.

Belongs here: times in the future of schedules and sensors. Doesn't: the home's files (doctor.py names those),
runs (watch.py).

The scheduler starts from the latest time it remembers, and a sensor waits until its last look is a minute
old. So one tick a year ahead means that no night starts, no file is taken and nobody is told for a year.
"""

import datetime as dt
from typing import Any

from dagster import DagsterInstance

from warehouse.store.sequence import TOLERANCE


def times_ahead(instance: DagsterInstance, now: dt.datetime) -> dict[str, dt.datetime]:
    """The schedules and sensors that wait for a time in the future, with that time."""
    found = {}
    for state in instance.all_instigator_state():
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        latest = max([*_times(state).values(), *(tick.timestamp for tick in ticks)], default=0.0)
        if latest > (now + TOLERANCE).timestamp():
            found[state.instigator_name] = dt.datetime.fromtimestamp(latest, dt.UTC)
    return found


def forget_times_ahead(instance: DagsterInstance, now: dt.datetime) -> list[str]:
    """Let schedules and sensors go on from now where they wait for a time in the future; returns their names.

    Their list of ticks begins anew, for the scheduler goes by its latest; runs and a sensor's cursor stay.
    A daemon that is running keeps what it remembers until it is started again.
    """
    mended = times_ahead(instance, now)
    for state in instance.all_instigator_state():
        if state.instigator_name not in mended:
            continue
        place = (state.instigator_origin_id, state.selector_id)
        ticks = instance.get_ticks(*place, limit=1)
        if ticks and ticks[0].timestamp > (now + TOLERANCE).timestamp():
            instance.purge_ticks(*place, before=ticks[0].timestamp + 1)
        data: Any = state.instigator_data
        earlier = {name: min(at, now.timestamp()) for name, at in _times(state).items()}
        if data is not None:
            instance.update_instigator_state(
                state.with_data(type(data)(**{**data._asdict(), **earlier}))
            )
    return sorted(mended)


def _times(state: Any) -> dict[str, float]:
    """Every time in a schedule's or a sensor's memory, by its field."""
    data = state.instigator_data
    fields = data._asdict() if data is not None else {}
    return {
        name: float(value)
        for name, value in fields.items()
        if name.endswith("_timestamp") and value is not None
    }
