"""How much a run of the tests takes: some of what is rare but long, or all of it.

`make test` takes a part that stands for the rest; `make test-all` (MOTCUA_TESTS=all) everything; `make days`,
`make seeds`, `make chaos` and `make sweep` one of them whole.
"""

import os


def is_whole(part: str) -> bool:
    """Whether this run takes all of a part: its own variable says so, or the one for all parts."""
    return "all" in (os.environ.get(f"MOTCUA_{part}"), os.environ.get("MOTCUA_TESTS"))
