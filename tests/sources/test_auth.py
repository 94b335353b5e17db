"""Tokens that expire and secrets that are refused (F7); no secret in a message, log or file (F50)."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from sources.errors import (
    PermanentError,
    SourceError,
    SpecError,
    TransientError,
    UnauthorizedError,
)
from sources.http.auth import Credential
from sources.http.client import Access
from tests.support.pulling import (
    Start,
    check_nothing,
    check_truth,
    pull,
)
from tests.support.scripted_server import SECRETS, FakeSystem, Reply, Step
from tests.support.server_faults import change, cut_plain, status


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
