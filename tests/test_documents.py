"""Documents lead somewhere, hold what they promise, and are what they are written from."""

import re
import subprocess
from pathlib import Path

import pytest

from orchestration.settings import PROJECT
from tests.written import DECISIONS, WRITTEN

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
