"""Names that assets, wiring and command line share, readable without Dagster.

Belongs here: tags of a run, tables that no file defines. Doesn't: anything that is done with them.
"""

from collections.abc import Mapping
from enum import StrEnum

from assets.shapes import raw_shapes
from sources.spec.systems import SourcesSpec

MODE_TAG = "motcua/mode"
WINDOW_FROM_TAG = "motcua/from"
WINDOW_TO_TAG = "motcua/to"
PUBLIC_HOLIDAYS = "seeds.public_holidays"


class RunMode(StrEnum):
    """How a run reads its sources; the value of its tag motcua/mode."""

    INCREMENTAL = "incremental"
    FULL = "full"
    WINDOW = "window"
    BACKFILL = "backfill"
    REPLAY = "replay"
    FILES = "files"


def mode_of(tags: Mapping[str, str]) -> RunMode:
    """A run's mode by its tags; without one it reads what is new.

    Raises:
        ValueError: the tag says what there isn't.
    """
    given = tags.get(MODE_TAG, RunMode.INCREMENTAL)
    if given not in list(RunMode):
        raise ValueError(f"The tag {MODE_TAG} is {given}; use {', '.join(RunMode)}.")
    return RunMode(given)


def raw_tables(sources: SourcesSpec) -> list[str]:
    """The raw tables that the source file defines."""
    return list(raw_shapes(sources))
