"""The scorecard page: one offline HTML file a publication.

Belongs here: rendering the template with its bundled fonts, style and scripts. Doesn't: reading tables
(data.py), the rows behind the figures (drill.py), the drawing (static/scorecard.js).
Everything is escaped by the template engine. The page's own policy lets nothing be fetched and runs only
the two scripts whose hashes it names, so a name out of a source can never act.
"""

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from common.disk import write_whole
from reports.data import Published, read_scorecard
from reports.drill import drill_data
from reports.law import with_law
from reports.numbers import (
    Language,
    day_text,
    number_text,
    parts_text,
    share_text,
    status_text,
    target_text,
    value_text,
)

SCRIPTS = ("chartist.umd.js", "scorecard.js")
POLICY = (
    "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; "
    "script-src {hashes}; base-uri 'none'; form-action 'none'"
)


def write_page(connection: Published, path: Path) -> Path:
    """Write the page of an open published file; temp name, then rename. Returns its path."""
    environment = Environment(
        loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        number=_in_both(number_text), value=_in_both(value_text), share=_in_both(share_text),
        target=_in_both(target_text), parts=_in_both(parts_text), day=_in_both(day_text),
        status=_in_both(status_text),
    )  # fmt: skip
    card = with_law(connection, read_scorecard(connection))
    scripts = [_static(name) for name in SCRIPTS]
    text = environment.get_template("scorecard.html.j2").render(
        card=card,
        drill=drill_data(card),
        policy=POLICY.format(hashes=" ".join(_hash(script) for script in scripts)),
        style=Markup(_static("scorecard.css")),  # noqa: S704 (our own file)
        scripts=[Markup(script) for script in scripts],  # noqa: S704 (our own and bundled files)
        fonts={name: _font(name) for name in ("latin", "vietnamese")},
    )
    return write_whole(path, text)


def _in_both(write: Callable[..., str]) -> Callable[..., Markup]:
    """A filter that writes a figure for both languages, and once where they agree."""

    def both(value: Any, *more: Any) -> Markup:
        languages: tuple[Language, Language] = ("vi", "en")
        vi, en = (write(value, *more, language) for language in languages)
        if vi == en:
            return escape(vi)
        return Markup('<span class="vi">{}</span><span class="en">{}</span>').format(vi, en)

    return both


def _static(name: str) -> str:
    return files("reports").joinpath("static", name).read_text(encoding="utf-8")


def _font(name: str) -> str:
    data = files("reports").joinpath("static", f"inter-{name}.woff2").read_bytes()
    return base64.b64encode(data).decode("ascii")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
