"""Answers that are whole but wrong: records that drift, keys that come twice, links that lead away, bombs.

Belongs here: what each such fault makes of a right answer. Doesn't: faults of the wire (answers.py).
"""

import datetime as dt
import re
import zlib
from dataclasses import replace
from typing import Any

import msgspec

from common.rows import Row
from demo.answers import Answer
from demo.faults import FaultRule

LISTS = ("data", "items", "results")
MEBIBYTE = 1 << 20


def narrowed(window: tuple[int, int], rule: FaultRule | None) -> tuple[int, int]:
    """The window's places without its first `rows` (with `from: end`: last), as if not yet or no longer there."""
    if rule is None or rule.do != "withhold":
        return window
    low, high = window
    count = min(int(rule.arguments.get("rows", 1)), high - low)
    return (low, high - count) if rule.arguments.get("from") == "end" else (low + count, high)


def records(document: Any) -> list[Row]:
    """The rows of a page, whatever lies round them; none where it is no page."""
    if isinstance(document, list):
        return document
    return next((document[name] for name in LISTS if name in document), [])


def spoilt(answer: Answer, rule: FaultRule | None) -> Answer:
    """What `rule` makes of a right answer; other rules leave it as it is."""
    if rule is None or answer.status != 200:
        return answer
    if rule.do == "edit":
        return replace(answer, body=_edited(answer.body, rule.arguments))
    if rule.do == "duplicate_keys":
        name = str(rule.arguments.get("field", "case_code")).encode()
        return replace(answer, body=answer.body.replace(b"[{", b'[{"%s":"twice",' % name, 1))
    if rule.do == "foreign_next":
        return _led_away(answer, str(rule.arguments["url"]))
    if rule.do == "gzip_bomb":
        return _bomb(int(rule.arguments.get("mebibytes", 300)))
    return answer


def _edited(body: bytes, arguments: dict[str, Any]) -> bytes:
    """The records with fields set, dropped, renamed or moved in time; `rows` limits it to the first ones."""
    document = msgspec.json.decode(body)
    rows = records(document)
    for record in rows[: arguments.get("rows")]:
        record.update(arguments.get("set", {}))
        for name in arguments.get("drop", []):
            record.pop(name, None)
        for old, new in arguments.get("rename", {}).items():
            record[new] = record.pop(old, None)
        for name, seconds in arguments.get("shift_seconds", {}).items():
            if record[name] is None:
                continue
            at = dt.datetime.fromisoformat(record[name]) + dt.timedelta(seconds=seconds)
            record[name] = at.isoformat()
    if arguments.get("repeat"):
        rows.extend(rows[: int(arguments["repeat"])])
    if arguments.get("reverse"):
        rows.reverse()
    return msgspec.json.encode(document)


def _led_away(answer: Answer, url: str) -> Answer:
    headers = dict(answer.headers)
    if answer.body.startswith(b"["):
        headers["Link"] = f'<{url}>; rel="next"'
    body = re.sub(rb'"next":(?:"[^"]*"|null)', b'"next":' + msgspec.json.encode(url), answer.body)
    return replace(answer, body=body, headers=headers)


def _bomb(mebibytes: int) -> Answer:
    """A few hundred kilobytes of gzip that unpack to `mebibytes` MiB of blanks."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    # A fully flushed block stands on its own, so it can be sent again and again.
    block = packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return Answer(head + block * mebibytes, headers={"Content-Encoding": "gzip"})
