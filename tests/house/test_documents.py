"""Documents lead somewhere, hold what they promise, and are what they are written from."""

import re
import subprocess
from pathlib import Path

import pytest

from orchestration.definitions import wire
from orchestration.settings import PROJECT, Settings
from tests.support.written import ARCHITECTURE, DECISIONS, WRITTEN

LISTED = subprocess.run(
    ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
    capture_output=True, text=True, check=True, cwd=PROJECT,
).stdout.split()  # fmt: skip
PAPERS = sorted(path for path in map(PROJECT.joinpath, LISTED) if path.exists())
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\((?P<to>[^)\s]+)\)")
PARTS = ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda p: str(p.relative_to(PROJECT)))
def test_links_lead_somewhere(paper: Path) -> None:
    for link in LINK.finditer(paper.read_text(encoding="utf-8")):
        place, _, part = link["to"].partition("#")
        if place.startswith(("http://", "https://", "mailto:")):
            continue
        target = (paper.parent / place) if place else paper
        assert target.exists(), link["to"]
        assert not part or part in _headings(target), link["to"]


def _headings(paper: Path) -> set[str]:
    """The anchors that a repository's web page makes of headings."""
    titles = re.findall(r"^#+ (.+)$", paper.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("paper", WRITTEN, ids=lambda p: str(p.relative_to(PROJECT)))
def test_what_is_written_from_elsewhere_is_up_to_date(paper: Path) -> None:
    assert paper.read_text(encoding="utf-8") == WRITTEN[paper](), "run `make docs`"


def test_decisions_have_a_number_each_and_three_parts() -> None:
    papers = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in papers] == list(range(1, len(papers) + 1))
    for path in papers:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]} · "), path.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS, path.name
        assert not re.search(r"^## .+\n+(?:##|\Z)", text, re.MULTILINE), f"{path.name}: empty part"


def test_the_glossary_names_what_there_is() -> None:
    """Each name in code type stands in the code, is a file, or a table of the catalogue."""
    text = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py", "*.sql", "*.csv", "sources/sources.yml"],
        capture_output=True, text=True, check=True, cwd=PROJECT,
    ).stdout.split()  # fmt: skip
    paths = [path for path in map(PROJECT.joinpath, tracked) if path.exists()]
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    files = {str(path.relative_to(PROJECT)) for path in paths}
    for line in text.splitlines():
        cells = line.strip("| ").split(" | ")
        assert not line.startswith("| ") or len(cells) == 3, line
        for name in re.findall(r"`([^`]+)`", cells[-1]) if line.startswith("| ") else ():
            known = {f"sql/{name}", f"sql/{name.replace('.', '/')}.sql", name} & files
            assert known or name in code or (PROJECT / name).exists(), name


def test_the_picture_of_a_run_has_the_arrows_of_the_run(tmp_path: Path) -> None:
    """Between groups of assets; what is drawn beside them (landing, readers) Dagster doesn't know."""
    graph = wire(Settings.load(home=tmp_path, _env_file=None)).definitions.resolve_asset_graph()
    drawn_as = {
        key: "raw" if key.path[0] == "raw" else graph.get(key).group_name
        for key in graph.get_all_asset_keys()
    }
    real = {
        (drawn_as[parent], drawn_as[key])
        for key in drawn_as
        for parent in graph.get(key).parent_keys
    }
    assert _arrows(set(drawn_as.values())) == {(a, b) for a, b in real if a != b}


def _arrows(groups: set[str]) -> set[tuple[str, str]]:
    picture = ARCHITECTURE.read_text(encoding="utf-8").split("```mermaid")[1].split("```")[0]
    found = set()
    for line in picture.splitlines():
        sides = re.split(r"\s(?:-->|-\.->|-- .+? -->|-\. .+? \.->)\s", line)
        if len(sides) == 2:
            ends = [
                [re.match(r"\w+", end.strip())[0] for end in side.split(" & ")] for side in sides
            ]
            found |= {(a, b) for a in ends[0] for b in ends[1] if {a, b} <= groups}
    return found
