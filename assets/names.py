"""Names that assets, wiring and command line share, readable without Dagster.

Belongs here: tags of a run, tables that no file defines. Doesn't: anything that is done with them.
"""

from assets.shapes import raw_shapes
from sources.spec.systems import SourcesSpec

MODE_TAG = "motcua/mode"
WINDOW_FROM_TAG = "motcua/from"
WINDOW_TO_TAG = "motcua/to"
PUBLIC_HOLIDAYS = "seeds.public_holidays"


def raw_tables(sources: SourcesSpec) -> list[str]:
    """The raw tables that the source file defines."""
    return list(raw_shapes(sources))
