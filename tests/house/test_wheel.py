"""A wheel carries all that the code reads: installed elsewhere, it finds its SQL, suites, sources and templates."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

from expectations.suite import SUITES
from orchestration.settings import PROJECT
from tests.support.plain_night import parts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TRACKED = subprocess.run(
    ["git", "ls-files", "-co", "--exclude-standard"],
    capture_output=True, text=True, check=True, cwd=PROJECT,
).stdout.split("\n")  # fmt: skip
FOUND = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "setuptools"
]
PACKAGES = tuple(name.rstrip("*") for name in FOUND["packages"]["find"]["include"])
# A part of the composition each: the catalogue, the suites, the sources, and where Dagster is told to look.
LOOK = """
from orchestration.parts import compose
from orchestration.settings import PROJECT, Settings, workspace_file
settings = Settings.load()
parts = compose(settings)
counts = map(len, (parts.catalog.models, parts.suites, parts.sources.systems))
print(PROJECT, *counts, workspace_file(settings).exists())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment with the wheel in it, and a look at this one's libraries."""
    folder = tmp_path_factory.mktemp("wheel")
    # Built from a copy: what an earlier build left beside the sources would come along.
    for name in TRACKED:
        if (
            name.split("/")[0] in (*PACKAGES, "pyproject.toml", "LICENSE")
            and (PROJECT / name).exists()
        ):
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *alone, "-w", folder, folder / "source"], check=True)
    venv.create(folder / "venv")
    bin_folder = folder / "venv" / "bin"
    (wheel,) = folder.glob("motcua-*.whl")
    python = bin_folder / "python"
    subprocess.run([*pip, "--python", python, "install", *alone[::2], wheel], check=True)
    purelib = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (Path(purelib) / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return bin_folder


def _run(program: Path, *line: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MOTCUA_HOME": str(home)}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [program, *line], capture_output=True, text=True, check=False, cwd=home, env=environment
    )


def test_it_helps_and_finds_its_sql(installed: Path, tmp_path: Path) -> None:
    helped = _run(installed / "motcua", "--help", home=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "build" in helped.stdout
    asked = _run(installed / "motcua", "build", "core.fct_cases", home=tmp_path)
    assert asked.returncode == 2, asked.stderr
    assert asked.stderr.strip().endswith("did you mean core.fct_case?")


def test_every_file_that_is_read_came_along(installed: Path, tmp_path: Path) -> None:
    done = _run(installed / "python", "-c", LOOK, home=tmp_path)
    assert done.returncode == 0, done.stderr
    place, *counts, workspace = done.stdout.split()
    assert str(installed.parent) in place
    models = len(parts_of().catalog.models)
    assert counts == [str(models), str(len(list(SUITES.glob("*.yml")))), "4"]
    assert workspace == "True"
    for name in TRACKED:
        if name.split("/")[0] in PACKAGES and not name.endswith(".md"):
            assert (Path(place) / name).exists(), name
