"""Redirects, links and certificates that lead away (F51, F52)."""

import json
import ssl
from pathlib import Path

import pytest

from sources.errors import (
    PermanentError,
    SpecError,
)
from sources.http.transport import Wire
from tests.support.programs import make_certificate
from tests.support.pulling import (
    Start,
    check_nothing,
    check_truth,
    pull,
    spec_for,
)
from tests.support.scripted_server import (
    FakeSystem,
    make_rows,
    serving,
)
from tests.support.server_faults import (
    change,
    edit,
    header,
)

pytestmark = pytest.mark.time


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
