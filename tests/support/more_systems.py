"""The packaged source file with systems of a test's own.

Belongs here: writing the file. Doesn't: the systems that answer (scripted_server.py).
"""

from pathlib import Path

import yaml

from orchestration.settings import PROJECT

PACKAGED = yaml.safe_load((PROJECT / "sources" / "sources.yml").read_text(encoding="utf-8"))
CURSOR = {
    "path": "/list", "paging": {"kind": "cursor", "param": "cursor", "next": "next_cursor"}, "records": "data",
    "key": "id", "mode": "snapshot",
}  # fmt: skip


def write_sources(folder: Path, **systems: object) -> Path:
    """The packaged source file with these systems after its own."""
    path = folder / "sources.yml"
    document = {**PACKAGED, "systems": {**PACKAGED["systems"], **systems}}
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
