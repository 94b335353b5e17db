"""The lists of the four systems, each paged as its system pages.

Belongs here: query → page. Doesn't: who may ask (server.py) and how answers travel (answers.py).
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from demo.answers import Answer
from demo.faults import FaultRule
from demo.lists import EncodedList, Snapshot, bound
from demo.spoil import narrowed

LARGEST_PAGE = 5000
Query = dict[str, str]


@dataclass(frozen=True)
class Asked:
    """What a page is made from: the world at its clock, and the address that links begin with."""

    snapshot: Snapshot
    address: str


def _cursor_list(
    pick: Callable[[Snapshot], EncodedList],
    names: tuple[str, str] | None,
    *,
    with_total: bool = False,
) -> Callable[[Asked, Query, FaultRule | None], Answer]:
    """Cursor paging: {"data", "next_cursor"[, "total"]}; a cursor is the place after the last row."""

    def answer(asked: Asked, query: Query, rule: FaultRule | None) -> Answer:
        rows = pick(asked.snapshot)
        window = (
            rows.window(*(bound(query.get(name)) for name in names))
            if names
            else (0, len(rows.rows))
        )
        low, high = narrowed(window, rule)
        start = (
            low + int(base64.urlsafe_b64decode(query["cursor"]).decode())
            if "cursor" in query
            else low
        )
        if rule and rule.do == "repeat_page":
            start = low
        end = min(start + _size(query, "limit", rule), high)
        cursor = base64.urlsafe_b64encode(str(end - low).encode()).decode() if end < high else None
        total = high - low + (7 if rule and rule.do == "wrong_total" else 0)
        tail = b',"next_cursor":' + msgspec.json.encode(cursor)
        tail += b',"total":%d' % total if with_total else b""
        return Answer(body=b'{"data":[' + b",".join(rows.rows[start:end]) + b"]" + tail + b"}")

    return answer


def _ratings(asked: Asked, query: Query, rule: FaultRule | None) -> Answer:
    rows = asked.snapshot.rating
    window = rows.window(bound(query.get("submitted_from")), bound(query.get("submitted_to")))
    low, high = narrowed(window, rule)
    page, size = int(query.get("page", 1)), _size(query, "per_page", rule)
    start = min(low + (page - 1) * size, high)
    end = min(start + size, high)
    headers = {"X-Total-Count": str(high - low)}
    if end < high:
        following = urlencode({**query, "page": page + 1, "per_page": size})
        headers["Link"] = f'<{asked.address}/ratings/ratings?{following}>; rel="next"'
    return Answer(body=b"[" + b",".join(rows.rows[start:end]) + b"]", headers=headers)


def _offset_list(
    pick: Callable[[Snapshot], EncodedList], names: tuple[str, str] | None
) -> Callable[[Asked, Query, FaultRule | None], Answer]:
    """Offset paging: {"items", "offset", "limit", "count"}."""

    def answer(asked: Asked, query: Query, rule: FaultRule | None) -> Answer:
        rows = pick(asked.snapshot)
        window = (
            rows.window(*(bound(query.get(name)) for name in names))
            if names
            else (0, len(rows.rows))
        )
        low, high = narrowed(window, rule)
        offset, size = int(query.get("offset", 0)), _size(query, "limit", rule)
        page = rows.rows[min(low + offset, high) : min(low + offset + size, high)]
        tail = b'],"offset":%d,"limit":%d,"count":%d}' % (offset, size, high - low)
        return Answer(body=b'{"items":[' + b",".join(page) + tail)

    return answer


def _decisions(asked: Asked, query: Query, rule: FaultRule | None) -> Answer:
    rows = asked.snapshot.decision
    window = rows.window(bound(query.get("decided_from")), bound(query.get("decided_to")))
    low, high = narrowed(window, rule)
    start = low + int(query.get("after", 0))
    end = min(start + _size(query, "limit", rule, 100), high)
    following = urlencode({**query, "after": end - low})
    link = f"{asked.address}/registry/decisions?{following}" if end < high else None
    return Answer(
        body=b'{"results":['
        + b",".join(rows.rows[start:end])
        + b'],"next":'
        + msgspec.json.encode(link)
        + b"}"
    )


def _size(query: Query, name: str, rule: FaultRule | None, usual: int = 500) -> int:
    size = min(max(int(query.get(name, usual)), 1), LARGEST_PAGE)
    return (
        min(size, int(rule.arguments.get("rows", 7)))
        if rule and rule.do == "lower_page_size"
        else size
    )


def page_asked(query: Query) -> int:
    """Which page of a list a query asks for, 1 = the first, however its system pages; 0 = none that there is."""
    try:
        size = _size(query, "limit", None, 100 if "after" in query else 500)
        if "page" in query:
            return int(query["page"])
        if "cursor" in query:
            return int(base64.urlsafe_b64decode(query["cursor"])) // size + 1
        return int(query.get("offset") or query.get("after") or 0) // size + 1
    except ValueError:
        return 0


ROUTES: dict[tuple[str, str], Callable[[Asked, Query, FaultRule | None], Answer]] = {
    ("cases", "/api/v1/cases"): _cursor_list(
        lambda s: s.case, ("updated_from", "updated_to"), with_total=True
    ),
    ("cases", "/api/v1/case-keys"): _cursor_list(
        lambda s: s.case_key, ("received_from", "received_to")
    ),
    ("cases", "/api/v1/agencies"): _cursor_list(lambda s: s.agency, None),
    ("cases", "/api/v1/procedures"): _cursor_list(lambda s: s.procedure, None),
    ("cases", "/api/v1/staff"): _cursor_list(lambda s: s.staff, None),
    ("ratings", "/ratings"): _ratings,
    ("services", "/v2/services"): _offset_list(lambda s: s.service, None),
    ("services", "/v2/submissions"): _offset_list(
        lambda s: s.submission, ("changed_from", "changed_to")
    ),
    ("registry", "/decisions"): _decisions,
}
