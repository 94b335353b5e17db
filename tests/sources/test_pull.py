"""Pulling from real loopback servers: every paging, every auth, every fault of the list that is ours.

Each test ends with the same oracle: what was landed is the truth, whole and readable, or nothing was.
"""

import gzip
import json
import logging
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from sources.errors import BudgetError, LoopError, PermanentError, SourceError, TransientError
from sources.http.client import Access
from sources.http.limits import ReadLimits
from sources.pull.entity import probe
from tests.support.pulling import (
    NOW,
    PAGINGS,
    QUICK,
    ZONE,
    Start,
    check_nothing,
    check_truth,
    pull,
    spec_for,
)
from tests.support.scripted_server import SECRETS, FakeSystem, Step, make_rows, serving
from tests.support.server_faults import (
    change,
    chunked,
    cut_gzip,
    cut_plain,
    cut_with_length,
    drip,
    edit,
    header,
    reset,
    stall,
    status,
)


def test_server_serves_every_row_in_order() -> None:
    with serving(FakeSystem(paging="offset")) as system:
        answer = urllib.request.urlopen(f"{system.address}/list?offset=20&limit=10").read()
    document = json.loads(gzip.decompress(answer))
    assert [row["id"] for row in document["items"]] == ["00020", "00021", "00022", "00023", "00024"]
    assert system.asked == 1


@pytest.mark.parametrize("auth", [*SECRETS])
@pytest.mark.parametrize("paging", [*PAGINGS])
def test_every_paging_with_every_auth(
    paging: str, auth: str, tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(paging=paging, auth=auth))
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert batch.source_total == (None if paging == "next_link" else 25)
    assert batch.batch_id == "sys/thing/20231124T160000Z_all"


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20])
@pytest.mark.parametrize("paging", [*PAGINGS])
def test_sizes_around_the_page_edge(
    paging: str, count: int, tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(paging=paging, rows=make_rows(count)))
    check_truth(system, pull(system, tmp_path))


@pytest.mark.parametrize("paging", [*PAGINGS])
def test_server_lowers_the_page_size(paging: str, tmp_path: Path, running: Start) -> None:
    """F23: a page of 7 where 10 were asked isn't the end."""
    system = running(FakeSystem(paging=paging, page_size=7))
    check_truth(system, pull(system, tmp_path))


ONCE: dict[str, Step] = {
    "F4 500": status(500),
    "F4 503 garbage retry-after": status(503, Retry_After="soon"),
    "F3 negative retry-after": status(429, Retry_After="-5"),
    "F3 date in the past": status(429, Retry_After="Fri, 24 Nov 2000 10:00:00 GMT"),
    "408": status(408),
    "F10 read timeout": stall(0.8),
    "F11 reset mid-body": reset,
    "F12 cut, with length": cut_with_length,
    "F13 cut, without length": cut_plain(100),
    "F13 empty body": cut_plain(0),
    "F14 cut gzip": cut_gzip,
    "chunked, whole": chunked(5, whole=True),
    "F13 chunked, cut": chunked(5, whole=False),
    "F15 NaN": change(body=b'{"data":[{"id":NaN}],"items":[],"rows":[],"results":[]}'),
    "F17 error with 200": change(
        body=b'{"error":{"code":5},"data":[],"items":[],"rows":[],"results":[]}'
    ),
}


@pytest.mark.parametrize("fault", [*ONCE])
@pytest.mark.parametrize("paging", ["cursor", "offset", "link_header"])
def test_a_passing_fault_is_retried(
    paging: str, fault: str, tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(paging=paging, script={2: ONCE[fault]}))
    batches = pull(system, tmp_path)
    check_truth(system, batches)
    assert not list(batches[0].directory.glob("_refused*"))


FOR_EVER: dict[str, tuple[Step, type[SourceError], int]] = {
    "F5 503": (status(503), TransientError, 3),
    "F6 400": (status(400), PermanentError, 1),
    "F6 404": (status(404), PermanentError, 1),
    "F8 403": (status(403), PermanentError, 1),
    "F2 a day": (status(429, Retry_After="86400"), BudgetError, 1),
    "F2 garbage number": (status(429, Retry_After="9" * 30), TransientError, 3),
    "F13 cut": (cut_plain(100), TransientError, 3),
    "F14 cut gzip": (cut_gzip, TransientError, 3),
    "F15 NaN": (change(body=b'{"data":[NaN],"next_cursor":null}'), TransientError, 3),
    "F15 member twice": (change(body=b'{"data":[1],"data":[]}'), PermanentError, 1),
    "F16 login page": (
        change(body=b"<html>", headers={"Content-Type": "text/html"}),
        PermanentError,
        1,
    ),
    "F16 no type": (change(headers={}), PermanentError, 1),
    "F17 error": (edit(lambda page: page | {"error": "x"}), TransientError, 3),
    "no list": (edit(lambda page: {"next_cursor": None}), PermanentError, 1),
    "list is null": (edit(lambda page: page | {"data": None}), PermanentError, 1),
    "F19 page repeated": (edit(lambda page: page | {"next_cursor": "00009"}), LoopError, 3),
    "F39 deep": (
        change(body=b'{"data":' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
        PermanentError,
        1,
    ),
    "F39 bomb": (change(body=b'{"data":["' + b" " * 5_000_000 + b'"]}'), PermanentError, 1),
    "F39 large": (
        change(body=b'{"data":["' + b" " * 3_000_000 + b'"]}', packed=False),
        PermanentError,
        1,
    ),
    "F41 not UTF-8": (change(body=b'{"data":[{"id":"L\xe1ng"}]}'), PermanentError, 1),
    "F41 declared latin-1": (
        header("Content-Type", "application/json; charset=latin1"),
        PermanentError,
        1,
    ),
    "brotli": (header("Content-Encoding", "br"), PermanentError, 1),
    "201": (status(201), PermanentError, 1),
    "204": (status(204), PermanentError, 1),
}


@pytest.mark.parametrize("fault", [*FOR_EVER])
def test_a_lasting_fault_stops_and_lands_nothing(
    fault: str, tmp_path: Path, running: Start
) -> None:
    step, kind, asked = FOR_EVER[fault]
    system = running(FakeSystem(always=step))
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        pull(system, tmp_path)
    assert time.monotonic() - began < 30
    assert system.asked == asked
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    check_nothing(tmp_path)
    # F-resume: the fault goes, the next run ends with the truth.
    system.always = None
    check_truth(system, pull(system, tmp_path))


def test_retry_after_seconds_is_kept(tmp_path: Path, running: Start, caplog: Any) -> None:
    """F1: waits as long as it is told, warns once."""
    system = running(FakeSystem(script={2: status(429, Retry_After="1")}))
    with caplog.at_level(logging.WARNING):
        check_truth(system, pull(system, tmp_path))
    assert system.log[2]["at"] - system.log[1]["at"] >= 1.0
    assert len([record for record in caplog.records if "Asking again" in record.message]) == 1


def test_a_drip_ends_at_the_deadline(tmp_path: Path, running: Start) -> None:
    """F10: bytes keep coming, but the answer as a whole is too slow: in the body, in the headers."""
    begun = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
    for text in (
        begun.replace(b"900", b"9000") + b" " * 900,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 900,
    ):
        system = running(FakeSystem(always=drip(text, 0.02)))
        began = time.monotonic()
        with pytest.raises(TransientError):
            pull(system, tmp_path / str(len(text)), limits=ReadLimits(
                read_seconds=0.5, response_seconds=0.4, attempts=2, wait_first_seconds=0.01
            ))  # fmt: skip
        # Whole it would take eighteen seconds, twice.
        assert time.monotonic() - began < 15


def test_nobody_listens(tmp_path: Path) -> None:
    """F9: connection refused, unknown host."""
    for address in ("http://127.0.0.1:9", "http://no-such-host.invalid"):
        system = FakeSystem()
        system.address = address
        with pytest.raises(TransientError, match="can't be reached"):
            pull(system, tmp_path)
    check_nothing(tmp_path)


def test_probe_says_what_is_wrong(running: Start) -> None:
    system = running(FakeSystem(auth="oauth2_client_credentials"))
    spec = spec_for(system).systems["sys"]
    found = {
        secret: probe("sys", spec, Access(address, secret), NOW, zone=ZONE, limits=QUICK)
        for address, secret in (
            (system.address, SECRETS[system.auth]),
            (system.address, "wrong-canary:wrong-canary"),
            ("http://127.0.0.1:9", "absent-canary:absent-canary"),
            (system.address, "no-colon-canary"),
        )
    }
    assert [(p.reachable, p.authorised) for p in found.values()] == [
        (True, True), (True, False), (False, False), (False, False),
    ]  # fmt: skip
    assert not any("canary" in p.message for p in found.values())
    assert next(iter(found.values())).is_good
