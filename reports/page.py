"""The scorecard page: one offline HTML file a publication.

Belongs here: rendering the template and the small trend drawings. Doesn't: reading tables (data.py).
Everything is escaped by the template engine; the file asks nothing of any network.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.data import (
    Connection,
    Row,
    read_scorecard,
    vietnamese_number,
    vietnamese_target,
    vietnamese_value,
)

TREND_WIDTH, TREND_HEIGHT, MARGIN = 220, 48, 4


def write_page(connection: Connection, path: Path) -> Path:
    """Write the page of an open published file; temp name, then rename. Returns its path."""
    environment = Environment(
        loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        number=vietnamese_number, value=vietnamese_value, target=vietnamese_target
    )
    environment.globals["trend"] = draw_trend
    card = read_scorecard(connection)
    text = environment.get_template("scorecard.html.j2").render(card=card)
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.part")
    waiting.write_text(text, encoding="utf-8")
    return waiting.replace(path)


def draw_trend(rows: list[Row], target: float | None, unit: str) -> Markup:
    """The months as a line with its target, as inline SVG; months without data leave a gap."""
    values = [row["value"] for row in rows]
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    low, high = (
        min([*known, *([target] if target is not None else [])]),
        max([*known, *([target] if target else [])]),
    )
    # A flat line must not look like a crash: at least half a point (or one rating) of height.
    room = max(high - low, 1.0 if unit == "count" else 0.005)
    low -= (room - (high - low)) / 2

    def at(place: int, value: float) -> tuple[float, float]:
        x = MARGIN + place * (TREND_WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
        y = TREND_HEIGHT - MARGIN - (value - low) / room * (TREND_HEIGHT - 2 * MARGIN)
        return round(x, 1), round(y, 1)

    parts = _target_line(at, target)
    parts += [f'<path class="line" d="{_path(values, at)}"/>']
    last = max(place for place, value in enumerate(values) if value is not None)
    x, y = at(last, values[last])
    parts.append(f'<circle class="dot" cx="{x}" cy="{y}" r="3"/>')
    drawing = (
        f'<svg class="trend" viewBox="0 0 {TREND_WIDTH} {TREND_HEIGHT}" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )
    return Markup(drawing)  # noqa: S704 (made of numbers alone)


def _target_line(at: Any, target: float | None) -> list[str]:
    if target is None:
        return []
    _, y = at(0, target)
    return [f'<line class="goal" x1="{MARGIN}" x2="{TREND_WIDTH - MARGIN}" y1="{y}" y2="{y}"/>']


def _path(values: list[float | None], at: Any) -> str:
    pieces, pen_is_up = [], True
    for place, value in enumerate(values):
        if value is None:
            pen_is_up = True
            continue
        x, y = at(place, value)
        pieces.append(f"{'M' if pen_is_up else 'L'}{x} {y}")
        pen_is_up = False
    return " ".join(pieces)
