"""Several provinces, each with a warehouse of its own: rendered, pulled, loaded and built as on any night.

Belongs here: worlds that differ by seed and province code, and the homes they fill. Doesn't: rendering
(rendering.py), the work of a stage (stages/), other engines. The simulator draws province H37; a world of
another province is the same draw with its own seed and its code written in H37's place.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import ROOT, page_server, run_measured

PROVINCES: Mapping[str, int] = {"H37": 2023, "H30": 2024, "H54": 2025}
BUILT = ("pull", "load", "staging", "marts")


def build_home(place: Path, province: str, cases: int) -> Path:
    """Render the world of a province, read it over loopback and build its warehouse.

    Returns the home; its warehouse.duckdb has every table up to the marts, by DuckDB.
    """
    world, home = place / "worlds" / province, place / "homes" / province
    if not (world / "index.json").exists():
        render = [sys.executable, "-m", "benchmarks.rendering", str(world), "--cases", str(cases),
                  "--province", province, "--seed", str(PROVINCES[province])]  # fmt: skip
        subprocess.run(render, cwd=ROOT, check=True)
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(world / "inbox", home / "inbox")
    with page_server(world) as pages:
        pages.set_day(0)
        for stage in BUILT:
            command = [sys.executable, "-m", "benchmarks.stage", stage]
            run_measured(command, {**pages.settings(home, 0), "MOTCUA_CENTRE": centre_of(province)})
    return home


def centre_of(province: str) -> str:
    """The reception unit of a province's Centre."""
    return f"{province}.01.TTPVHCC"
