"""What must survive: expired tokens, lists that move, broken reads, full disks, and links that lead away."""

import datetime as dt
import gzip
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.auth import Credential
from sources.errors import (
    BudgetError,
    LandingError,
    LoopError,
    PermanentError,
    SourceError,
    SpecError,
    TransientError,
    UnauthorizedError,
)
from sources.http import Access
from sources.landing import complete_batches
from sources.limits import Limits, retry_after_seconds
from sources.open_batch import incomplete_batches
from sources.pull import pull_entity
from sources.reading import PullProgress
from sources.transport import Wire
from sources.windows import Window
from tests.test_sources_pull import (
    NOW,
    PAGINGS,
    QUICK,
    ZONE,
    Start,
    check_nothing,
    check_truth,
    landed_rows,
    pull,
    spec_for,
)
from tests.test_sources_server import (
    SECRETS,
    FakeSystem,
    Reply,
    Step,
    change,
    cut_plain,
    edit,
    header,
    make_rows,
    serving,
    starting,
    status,
)

SHIFTING = ["page", "offset", "link_header"]
INCREMENTAL = {
    "mode": "incremental",
    "version": "updated_at",
    "start": "2023-01-01",
    "window": {"from": "from", "to": "to", "type": "datetime"},
}
FIRST = Window(dt.datetime(2023, 4, 1, tzinfo=ZONE), dt.datetime(2023, 6, 1, tzinfo=ZONE))
SECOND = Window(dt.datetime(2023, 5, 29, tzinfo=ZONE), dt.datetime(2023, 7, 1, tzinfo=ZONE))


@pytest.fixture(name="running")
def fixture_running() -> Iterator[Start]:
    with starting() as start:
        yield start


# -- tokens (F7) ------------------------------------------------------------------------------------


def forget_token(system: FakeSystem) -> None:
    system.token = ""


def test_a_token_that_expires_between_pages_is_fetched_anew(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(auth="oauth2_client_credentials", before={2: forget_token}))
    check_truth(system, pull(system, tmp_path))
    assert (system.tokens, system.asked) == (2, 4)


def test_tokens_that_live_for_one_page_only(tmp_path: Path, running: Start) -> None:
    spoiled = dict.fromkeys((1, 3, 5), forget_token)
    system = running(FakeSystem(auth="oauth2_client_credentials", before=spoiled))
    check_truth(system, pull(system, tmp_path))
    assert system.tokens == 4


def test_a_second_refusal_stops(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(auth="oauth2_client_credentials", always=status(401)))
    with pytest.raises(UnauthorizedError):
        pull(system, tmp_path)
    assert (system.tokens, system.asked) == (2, 2)
    check_nothing(tmp_path)


@pytest.mark.parametrize("auth", ["api_key", "basic", "bearer"])
def test_a_refused_static_secret_stops_at_once(auth: str, tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(auth=auth))
    with pytest.raises(UnauthorizedError, match="check the system's token"):
        pull(system, tmp_path, credential="other-user:other-secret")
    assert system.asked == 1


@pytest.mark.parametrize("lifetime", [None, "soon", "3600", 0, -5, 1e99])
def test_odd_token_lifetimes(lifetime: object, tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(auth="oauth2_client_credentials", token_seconds=lifetime))
    check_truth(system, pull(system, tmp_path))


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (status(503), TransientError),
        (change(body=b"<html>", headers={"Content-Type": "text/html"}), PermanentError),
        (change(body=b'{"token":1}'), PermanentError),
        (change(body=b'{"access_token":"a\\nb"}'), PermanentError),
        (change(status=302, headers={"Location": "/other"}), PermanentError),
    ],
)
def test_a_broken_token_address(
    step: Step, kind: type[SourceError], tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(auth="oauth2_client_credentials", token_step=step))
    with pytest.raises(kind):
        pull(system, tmp_path)
    assert system.asked == 0


@pytest.mark.parametrize("secret", ["", "no-colon", ":x", "x:", "a:b\r\nX-Evil: 1"])
def test_a_malformed_credential_is_refused_before_anything_is_sent(
    secret: str, tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(auth="basic"))
    with pytest.raises(SpecError) as caught:
        pull(system, tmp_path, credential=secret)
    assert not secret or secret not in str(caught.value)
    assert system.asked == 0


# -- lists that loop, move or lie (F18-F22) -----------------------------------------------------------


def test_an_empty_page_is_not_the_end_of_a_cursor(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(page_size=5, script={2: edit(lambda p: p | {"data": []})}))
    rows = landed_rows(pull(system, tmp_path), "data")
    assert len(rows) == 20


def test_empty_pages_without_end_stop(tmp_path: Path, running: Start) -> None:
    def forward(reply: Reply, system: FakeSystem) -> None:
        edit(lambda p: p | {"data": [], "next_cursor": f"c{system.asked}"})(reply, system)

    system = running(FakeSystem(always=forward))
    with pytest.raises(LoopError, match="no end"):
        pull(system, tmp_path)
    assert system.asked <= QUICK.empty_pages_most + 1


@pytest.mark.parametrize("paging", [*PAGINGS])
def test_a_server_that_ignores_the_position_stops_the_read(
    paging: str, tmp_path: Path, running: Start
) -> None:
    """F19: every page is the first."""
    system = running(FakeSystem(paging=paging))
    first = system.page({})
    if paging in ("next_link", "link_header"):
        link = f"{system.address}/list?page=2"
        first.headers |= {"Link": f'<{link}>; rel="next"'} if paging == "link_header" else {}

    def same(reply: Reply, _system: FakeSystem) -> None:
        reply.body = first.body
        if paging == "link_header":
            reply.headers["Link"] = f'<{system.address}/list?page={system.asked}>; rel="next"'
        if paging == "next_link":
            edit(lambda p: p | {"next": f"/list?page={system.asked}"})(reply, system)

    system.always = same
    with pytest.raises(LoopError):
        pull(system, tmp_path)
    assert system.asked == 2
    check_nothing(tmp_path)


def test_a_next_link_to_itself(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(paging="next_link", rows=make_rows(3)))
    number = iter(range(100))

    def itself(reply: Reply, _system: FakeSystem) -> None:
        rows = [{"id": f"new{next(number)}"}]
        edit(lambda p: {"results": rows, "next": "/list?page=1"})(reply, system)

    system.always = itself
    with pytest.raises(LoopError, match="same page twice"):
        pull(system, tmp_path)


@pytest.mark.parametrize("paging", ["cursor", *SHIFTING])
def test_duplicates_across_pages_are_landed_and_counted(
    paging: str, tmp_path: Path, running: Start
) -> None:
    """F20: nothing is thrown away here; the loader counts the copies."""
    rows = make_rows(25)
    again = rows[:14] + rows[8:]
    system = running(FakeSystem(paging=paging))

    def overlap(system: FakeSystem) -> None:
        system.rows = again

    if paging == "cursor":
        system.script[2] = edit(lambda p: p | {"data": rows[8:10] + p["data"]})
        batches = pull(system, tmp_path)
    else:
        overlap(system)
        batches = pull(system, tmp_path)
    system.rows = rows
    check_truth(system, batches, duplicates=True)
    assert batches[0].rows > 25


def delete_first(system: FakeSystem) -> None:
    system.rows = system.rows[1:]


def insert_first(system: FakeSystem) -> None:
    system.rows = [{"id": "-0001", "name": "mới", "updated_at": "2023"}, *system.rows]


def swap(system: FakeSystem) -> None:
    """The total stays, the rows don't: one goes early, one comes late."""
    system.rows = [*system.rows[1:], *make_rows(1, start=90)]


@pytest.mark.parametrize("count_is_page", [False, True])
@pytest.mark.parametrize("at", [2, 3])
@pytest.mark.parametrize("mutation", [delete_first, insert_first, swap])
@pytest.mark.parametrize("paging", SHIFTING)
def test_rows_that_move_between_pages_are_not_lost(
    paging: str,
    mutation: Callable[[FakeSystem], None],
    at: int,
    count_is_page: bool,
    tmp_path: Path,
    running: Start,
) -> None:
    """F21: the read is verified at its end, and repeated when the list has moved."""
    system = running(FakeSystem(paging=paging, before={at: mutation}, count_is_page=count_is_page))
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert sorted(path.name for path in batch.directory.glob("page-*")) == [
        page.name for page in batch.manifest.pages
    ]


def test_without_any_total_the_whole_list_is_verified(tmp_path: Path, running: Start) -> None:
    """A row goes from the middle, after its page was read: the first page shows nothing of it."""

    def delete_middle(system: FakeSystem) -> None:
        system.rows = system.rows[:12] + system.rows[13:]

    system = running(
        FakeSystem(
            paging="offset", rows=make_rows(35), before={3: delete_middle}, count_is_page=True
        )
    )
    check_truth(system, pull(system, tmp_path))


def test_a_list_that_never_rests_stops_the_read(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(paging="offset", before=dict.fromkeys(range(2, 99), delete_first)))
    system.rows = make_rows(200)
    with pytest.raises(LoopError, match="keeps changing"):
        pull(system, tmp_path)
    check_nothing(tmp_path)


@pytest.mark.parametrize("paging", ["cursor", *SHIFTING])
def test_a_total_that_lies_is_reported_and_nothing_more(
    paging: str, tmp_path: Path, running: Start
) -> None:
    """F22: too high, too low, or another one each time."""
    answers = iter(range(1000, 2000))
    for number, lie in enumerate((lambda n: n + 7, lambda n: 10, lambda n: next(answers))):
        system = running(FakeSystem(paging=paging, total=lie))
        (batch,) = pull(system, tmp_path / str(number))
        check_truth(system, [batch])
        assert batch.source_total != 25


def test_a_stripped_link_header_is_noticed_by_the_total(tmp_path: Path, running: Start) -> None:
    system = running(
        FakeSystem(paging="link_header", always=lambda r, _s: r.headers.pop("Link", ""))
    )
    check_truth(system, pull(system, tmp_path))


def test_an_empty_list_is_a_batch_of_no_rows(tmp_path: Path, running: Start) -> None:
    """F18: here it is only told; the volume gate judges it."""
    system = running(FakeSystem(rows=[]))
    (batch,) = pull(system, tmp_path)
    assert (batch.rows, batch.source_total) == (0, 0)


# -- secrets, redirects, links (F50-F52) ---------------------------------------------------------------


def scan(folder: Path, texts: list[str]) -> list[str]:
    """Every place where a secret turns up, as it is, in base64 or unpacked."""
    needles = {
        form for secret in SECRETS.values() if secret for form in Credential(secret).secrets()
    }
    found = [text for text in texts if any(needle in text for needle in needles | {"token-canary"})]
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data += gzip.decompress(data) if path.suffix == ".gz" else b""
            found += [str(path) for needle in needles if needle.encode() in data]
            found += [str(path)] if b"token-canary" in data else []
    return found


ECHO: dict[str, Step] = {
    "400": status(400),
    "503": status(503),
    "html": change(headers={"Content-Type": "text/html"}),
    "reset": change(take_over=lambda handler: handler.connection.close()),
    "cut": cut_plain(300),
    "error": change(),
}


@pytest.mark.parametrize("fault", [*ECHO])
@pytest.mark.parametrize("auth", [auth for auth in SECRETS if auth != "none"])
def test_no_secret_is_in_any_message_log_or_file(
    auth: str, fault: str, tmp_path: Path, running: Start, caplog: Any
) -> None:
    """F50: also when the system itself echoes the secret in its error."""

    def echo(reply: Reply, system: FakeSystem) -> None:
        headers = system.log[-1]["headers"]
        reply.body = json.dumps({"error": headers, "again": [SECRETS[auth], system.token]}).encode()
        ECHO[fault](reply, system)

    system = running(FakeSystem(auth=auth, always=echo))
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as caught:
        pull(system, tmp_path)
    texts = [
        str(caught.value),
        repr(caught.value),
        *(record.getMessage() for record in caplog.records),
    ]
    texts += [str(record.exc_text) for record in caplog.records]
    assert scan(tmp_path, texts) == []
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert SECRETS[auth] not in repr(Access(system.address, SECRETS[auth]))


def test_secrets_travel_in_headers_only(tmp_path: Path, running: Start) -> None:
    for auth in SECRETS:
        system = running(FakeSystem(auth=auth))
        pull(system, tmp_path / auth)
        queries = json.dumps([entry["query"] for entry in system.log])
        assert "canary" not in queries


def test_a_redirect_within_the_origin_keeps_the_secret(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(auth="bearer"))
    system.script[1] = change(status=307, headers={"Location": "/list?limit=10"})
    check_truth(system, pull(system, tmp_path))


def test_a_redirect_to_another_host_is_refused(tmp_path: Path, running: Start) -> None:
    other = running(FakeSystem(auth="none"))
    system = running(FakeSystem(auth="bearer"))
    system.always = change(status=302, headers={"Location": f"{other.address}/list"})
    with pytest.raises(PermanentError, match="redirect_hosts"):
        pull(system, tmp_path)
    assert other.log == []


def test_a_redirect_to_an_allowed_host_goes_without_the_secret(
    tmp_path: Path, running: Start
) -> None:
    other = running(FakeSystem(auth="none", rows=make_rows(5)))
    system = running(FakeSystem(auth="bearer", rows=make_rows(5)))
    system.always = change(status=302, headers={"Location": f"{other.address}/list"})
    spec = spec_for(system)
    allowed = spec.systems["sys"].model_copy(update={"redirect_hosts": frozenset({"127.0.0.1"})})
    spec = spec.model_copy(update={"systems": {"sys": allowed}})
    check_truth(system, pull(system, tmp_path, spec=spec))
    assert len(other.log) == 1
    assert "canary" not in json.dumps(other.log)


def test_redirects_without_end(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(always=change(status=302, headers={"Location": "/list"})))
    with pytest.raises(PermanentError, match="redirects"):
        pull(system, tmp_path)
    assert system.asked < 10


AWAY = [
    "http://127.0.0.1:1/list",
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost/list",
    "//example.invalid/list",
    "https://127.0.0.1/list",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "http://user@127.0.0.1:{port}/list",
    "http://127.0.0.1:{port}@example.invalid/list",
    "http://example.invalid\\@127.0.0.1:{port}/list",
    "http://127.0.0.1:{port}\tHost: example.invalid/",
    "http://[::1/list",
]


@pytest.mark.parametrize("link", AWAY)
@pytest.mark.parametrize("paging", ["next_link", "link_header"])
def test_a_link_that_leads_away_is_not_followed(
    paging: str, link: str, tmp_path: Path, running: Start
) -> None:
    """F52."""
    system = running(FakeSystem(paging=paging))
    target = link.format(port=system.address.rpartition(":")[2])
    if paging == "link_header":
        system.always = header("Link", f'<{target}>; rel="next"')
    else:
        system.always = edit(lambda page: page | {"next": target})
    with pytest.raises(PermanentError):
        pull(system, tmp_path)
    assert system.asked == 1
    check_nothing(tmp_path)


def test_relative_and_absolute_links_of_the_same_origin_are_followed(
    tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(paging="next_link"))
    system.script[1] = edit(lambda page: page | {"next": "?page=2&limit=10"})
    system.script[2] = edit(lambda page: page | {"next": "/list?page=3&limit=10"})
    check_truth(system, pull(system, tmp_path))


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x/",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1/?a=1",
        "127.0.0.1",
        "http://",
        "http://a b/",
    ],
)
def test_a_base_address_must_be_plain(address: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="https://host/path"):
        pull(FakeSystem(), tmp_path, base_url=address)


# -- TLS (F51) -------------------------------------------------------------------------------------------


def make_certificate(folder: Path, *, expired: bool) -> Path:
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    until = now - dt.timedelta(days=1) if expired else now + dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(private)
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(("expired", "trusted"), [(False, True), (False, False), (True, True)])
def test_tls_fails_closed(expired: bool, trusted: bool, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, expired=expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    system = FakeSystem(auth="bearer")
    with serving(system, context):
        system.address = system.address.replace("http://127.0.0.1", "https://localhost")
        wire = Wire(ca_bundle=certificate if trusted else None)
        if trusted and not expired:
            check_truth(system, pull(system, tmp_path / "landing", wire=wire))
            return
        with pytest.raises(PermanentError, match="certificate"):
            pull(system, tmp_path / "landing", wire=wire)
    assert system.log == []


def test_a_missing_certificate_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such certificate file"):
        pull(
            FakeSystem(),
            tmp_path,
            wire=Wire(ca_bundle=tmp_path / "none.pem"),
            base_url="http://127.0.0.1:9",
        )


def test_the_environment_is_not_read(
    tmp_path: Path, running: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    system = running(FakeSystem())
    check_truth(system, pull(system, tmp_path / "landing"))
    assert "Authorization" not in system.log[0]["headers"]


# -- what lands ------------------------------------------------------------------------------------------


def test_gzip_bytes_land_as_they_came(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(5)))
    (batch,) = pull(system, tmp_path)
    sent = gzip.compress(system.page({}).body, 1, mtime=0)
    assert batch.files[0].read_bytes() == sent


def two_members(reply: Reply, _system: FakeSystem) -> None:
    half = len(reply.body) // 2
    reply.body = gzip.compress(reply.body[:half]) + gzip.compress(reply.body[half:])
    reply.packed = False
    reply.headers["Content-Encoding"] = "gzip"


def add_bom(reply: Reply, _system: FakeSystem) -> None:
    reply.body = b"\xef\xbb\xbf" + reply.body


@pytest.mark.parametrize("step", [change(packed=False), two_members, add_bom])
def test_other_bodies_land_as_plain_gzip(step: Step, tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(always=step))
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert all(path.read_bytes().startswith(b"\x1f\x8b\x08\x00") for path in batch.files)


def test_garbage_after_the_gzip_body_is_refused(tmp_path: Path, running: Start) -> None:
    def garbage(reply: Reply, _system: FakeSystem) -> None:
        reply.body, reply.packed = gzip.compress(reply.body) + b"garbage", False
        reply.headers["Content-Encoding"] = "gzip"

    system = running(FakeSystem(always=garbage))
    with pytest.raises(TransientError, match="gzip"):
        pull(system, tmp_path)


def test_the_landing_is_private_and_its_manifest_tells_all(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    (batch,) = pull(system, tmp_path / "landing")
    folders = [tmp_path / "landing", *(p for p in (tmp_path / "landing").rglob("*") if p.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in batch.directory.iterdir()} == {"0o600"}
    told = json.loads((batch.directory / "_manifest.json").read_text())
    assert told["complete"] is True
    assert (told["system"], told["entity"], told["rows"], told["source_total"]) == (
        "sys",
        "thing",
        25,
        25,
    )
    assert [page["rows"] for page in told["pages"]] == [10, 10, 5]
    assert sorted(path.name for path in batch.directory.iterdir()) == [
        "_manifest.json", "page-00001.json.gz", "page-00002.json.gz", "page-00003.json.gz",
    ]  # fmt: skip


def test_a_damaged_batch_is_found(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    (batch,) = pull(system, tmp_path)
    batch.files[1].write_bytes(batch.files[1].read_bytes()[:-1])
    with pytest.raises(LandingError, match=r"page-00002\.json\.gz is missing or damaged"):
        batch.verify()


def test_two_reads_at_the_same_moment_are_two_batches(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    pull(system, tmp_path)
    pull(system, tmp_path)
    names = [batch.directory.name for batch in complete_batches(tmp_path, "sys", "thing")]
    assert names == ["20231124T160000Z_all", "20231124T160000Z_all.02"]


def test_progress_only_grows(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    told: list[PullProgress] = []
    pull(system, tmp_path, on_progress=told.append)
    assert [(one.pages, one.rows, one.total) for one in told] == [
        (1, 10, 25),
        (2, 20, 25),
        (3, 25, 25),
    ]


# -- going on after a break (F53, F60) -----------------------------------------------------------------


def broken_read(system: FakeSystem, landing: Path, at: int = 3, **options: Any) -> None:
    """A read that ends for good at one request."""
    system.script = dict.fromkeys(range(at, at + 3), status(503))
    with pytest.raises(TransientError):
        pull(system, landing, entity=INCREMENTAL, window=FIRST, **options)
    assert complete_batches(landing, "sys", "thing") == []
    system.script = {}
    system.log.clear()


@pytest.mark.parametrize("paging", [*PAGINGS])
def test_a_broken_read_goes_on_at_its_page_and_first(
    paging: str, tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(paging=paging, rows=make_rows(45)))
    broken_read(system, tmp_path)
    old, new = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    assert (old.window_start, old.window_end) == (FIRST.start, FIRST.end)
    assert (new.window_start, new.window_end) == (SECOND.start, SECOND.end)
    check_truth(system, [old])
    assert new.rows == 0
    asked = system.log[0]["query"]
    place = {"cursor": ("cursor", "00019"), "offset": ("offset", "20")}.get(paging, ("page", "3"))
    assert asked[place[0]] == place[1]


def test_a_page_damaged_meanwhile_is_read_again(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    broken_read(system, tmp_path, at=4)
    (broken,) = incomplete_batches(tmp_path, "sys", "thing")
    (broken.directory / "page-00002.json.gz").write_bytes(b"torn")
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])
    assert system.log[0]["query"]["cursor"] == "00009"


def test_a_cursor_that_is_no_longer_known_starts_the_window_over(
    tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    broken_read(system, tmp_path)
    system.script = {1: status(400)}
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


def test_a_read_that_went_in_circles_begins_anew(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    system.script = {3: edit(lambda page: page | {"next_cursor": "00009"})}
    with pytest.raises(LoopError):
        pull(system, tmp_path, entity=INCREMENTAL, window=FIRST)
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


def test_a_changed_source_file_starts_the_window_over(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    broken_read(system, tmp_path)
    entity = INCREMENTAL | {"page_size": {"param": "limit", "rows": 7}}
    old, _ = pull(system, tmp_path, entity=entity, window=SECOND)
    check_truth(system, [old])
    assert [page.rows for page in old.manifest.pages] == [7, 7, 7, 7, 7, 7, 3]


def test_a_broken_snapshot_is_read_anew(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    system.script = dict.fromkeys((2, 3, 4), status(503))
    with pytest.raises(TransientError):
        pull(system, tmp_path)
    system.script = {}
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert [path.name for path in (tmp_path / "sys" / "thing").iterdir()] == [batch.directory.name]


def test_torn_progress_is_no_batch(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    broken_read(system, tmp_path)
    (broken,) = incomplete_batches(tmp_path, "sys", "thing")
    (broken.directory / "_progress.json").write_bytes(b'{"window_st')
    (batch,) = pull(system, tmp_path, entity=INCREMENTAL, window=FIRST)
    check_truth(system, [batch])


KILLED = """
import sys, pathlib
from tests.test_sources_resilience import FIRST, INCREMENTAL
from tests.test_sources_pull import pull, FakeSystem
system = FakeSystem(); system.address = sys.argv[1]
pull(system, pathlib.Path(sys.argv[2]), entity=INCREMENTAL, window=FIRST)
"""


def test_a_killed_process_leaves_a_read_to_go_on_with(tmp_path: Path, running: Start) -> None:
    """F53: SIGKILL while the third page is awaited."""
    waiting = threading.Event()
    system = running(FakeSystem(rows=make_rows(45)))
    system.before[3] = lambda _system: (waiting.set(), time.sleep(0.5))  # type: ignore[func-returns-value]
    child = subprocess.Popen([sys.executable, "-c", KILLED, system.address, str(tmp_path)])
    assert waiting.wait(20)
    child.send_signal(signal.SIGKILL)
    child.wait()
    system.before.clear()
    system.log.clear()
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])
    assert system.log[0]["query"]["cursor"] == "00019"


def test_the_budget_of_a_pull_ends_it_and_the_next_goes_on(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    system.before = dict.fromkeys(range(1, 9), lambda _system: time.sleep(0.12))
    short = Limits(pull_seconds=0.3, attempts=2, wait_first_seconds=0.01)
    with pytest.raises(SourceError, match=r"used up|no whole answer"):
        pull(system, tmp_path, entity=INCREMENTAL, window=FIRST, limits=short)
    system.before = {}
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def noise(system: FakeSystem) -> None:
    system.rows = [row | {"name": os.urandom(6000).hex()} for row in make_rows(60)]


def test_a_full_disk_stops_and_loses_nothing(small_disk: Path, running: Start) -> None:
    """F60: the first error is the one that is told, nothing half stands under a page's name."""
    system = running(FakeSystem())
    noise(system)
    with pytest.raises(LandingError, match="the disk is full"):
        pull(system, small_disk / "landing", entity=INCREMENTAL, window=FIRST)
    assert not list(small_disk.rglob("*.tmp"))
    (broken,) = incomplete_batches(small_disk / "landing", "sys", "thing")
    assert len(broken.progress.pages) >= 1
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    old, _ = pull(system, small_disk / "landing", entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


def test_a_read_only_disk_is_told(small_disk: Path, running: Start) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LandingError, match="read-only"):
        pull(running(FakeSystem()), small_disk / "landing")


# -- several windows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4])
def test_windows_split_by_month_land_as_batches_in_order(
    concurrency: int, tmp_path: Path, running: Start
) -> None:
    rows = [
        row | {"updated_at": f"2023-{n % 12 + 1:02d}-15T08:00:00+07:00"}
        for n, row in enumerate(make_rows(90))
    ]
    system = running(FakeSystem(rows=rows))
    entity = INCREMENTAL | {"split": "month", "concurrency": concurrency}
    year = Window(dt.datetime(2023, 1, 1, tzinfo=ZONE), dt.datetime(2024, 1, 1, tzinfo=ZONE))
    batches = pull(system, tmp_path, entity=entity, window=year)
    assert len(batches) == 12
    starts = [batch.window_start for batch in batches]
    assert starts == sorted(starts, key=str)
    check_truth(system, batches)


def test_a_failed_window_is_resumed_before_the_next(tmp_path: Path, running: Start) -> None:
    rows = [
        row | {"updated_at": f"2023-{n % 12 + 1:02d}-15T08:00:00+07:00"}
        for n, row in enumerate(make_rows(360))
    ]
    system = running(FakeSystem(rows=rows, page_size=10))
    entity = INCREMENTAL | {"split": "month", "concurrency": 3}
    year = Window(dt.datetime(2023, 1, 1, tzinfo=ZONE), dt.datetime(2024, 1, 1, tzinfo=ZONE))

    def no_april(reply: Reply, system: FakeSystem) -> None:
        if any(e["query"]["from"].startswith("2023-04") for e in system.log[-1:]):
            status(503)(reply, system)

    system.always = no_april
    with pytest.raises(TransientError):
        pull(system, tmp_path, entity=entity, window=year)
    done = {batch.batch_id for batch in complete_batches(tmp_path, "sys", "thing")}
    left = incomplete_batches(tmp_path, "sys", "thing")
    assert left
    system.always = None
    # What the caller asks for next begins where the landed part ends, as its cursor would say.
    newest = max(
        (b.window_end for b in complete_batches(tmp_path, "sys", "thing") if b.window_end),
        default=year.start,
    )
    again = pull(system, tmp_path, entity=entity, window=Window(newest, year.end))
    old = [b for b in complete_batches(tmp_path, "sys", "thing") if b.batch_id in done]
    check_truth(system, [*old, *again], duplicates=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0), (" 0 ", 0.0), ("-5", None), ("", None), ("soon", None), ("1e3", None), ("²", None),
        ("Fri, 24 Nov 2023 16:00:30 GMT", 30.0), ("Fri, 24 Nov 2023 15:00:00 GMT", 0.0),
        ("Friday", None), (None, None), ("9" * 40, None), ("Fri, 99 Nov 2023 16:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """F3."""
    assert retry_after_seconds(value, NOW) == seconds


def test_a_date_to_retry_after_is_kept(tmp_path: Path, running: Start) -> None:
    from email.utils import format_datetime

    def busy(reply: Reply, system: FakeSystem) -> None:
        at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
        status(503, Retry_After=format_datetime(at, usegmt=True))(reply, system)

    system = running(FakeSystem(script={1: busy}))
    limits = Limits(wait_most_seconds=3)
    check_truth(system, pull(system, tmp_path, limits=limits))
    assert system.log[1]["at"] - system.log[0]["at"] > 0.9


def test_too_long_a_date_stops(tmp_path: Path, running: Start) -> None:
    busy = status(503, Retry_After="Fri, 24 Nov 2090 16:00:30 GMT")
    system = running(FakeSystem(always=busy))
    with pytest.raises(BudgetError, match="asks to wait"):
        pull(system, tmp_path)


def test_unknown_entities_are_told(tmp_path: Path, running: Start) -> None:
    spec = spec_for(FakeSystem()).systems["sys"]
    with pytest.raises(SpecError, match=r"no sys\.other"):
        pull_entity("sys", spec, "other", Access("http://x"), tmp_path, None, NOW, zone=ZONE)
