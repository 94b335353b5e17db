"""The one HTTP client: asks, waits, retries, refreshes, and says plainly what went wrong.

Belongs here: statuses, redirects, retries, redaction. Doesn't: the wire (transport), the clock
(limits), what a page says (envelope). An exception of a library never leaves this module, nor hangs
on one of ours: its text holds addresses and headers, and so it would reach logs and event stores.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
import tenacity
import urllib3

from sources.errors import (
    PermanentError,
    SourceError,
    TransientError,
    UnauthorizedError,
)
from sources.http.auth import Authenticator, Credential
from sources.http.body import CHUNK_BYTES, Body, check_content_type, read_body
from sources.http.failures import check_status, translate
from sources.http.limits import Budget, ReadLimits
from sources.http.transport import (
    Origin,
    Session,
    Wire,
    check_base_url,
    has_broken_headers,
    raw_chunks,
    resolve_link,
)
from sources.spec.systems import SystemSpec

T = TypeVar("T")
logger = logging.getLogger(__name__)

REDIRECTS = (301, 302, 303, 307, 308)
REDIRECTS_MOST = 5
TOKEN_BYTES = 65_536


@dataclass(frozen=True)
class Access:
    """Where a system is, who asks, and over which wire; the credential never shows."""

    base_url: str
    credential: str | None = field(default=None, repr=False)
    wire: Wire = field(default_factory=Wire, repr=False)


@dataclass(frozen=True)
class Answer:
    """A checked answer: its body, its lower-case headers and the address that gave it."""

    body: Body
    headers: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False)


class Client:
    """Asks one system, as one account. One client a thread; they share authenticator and budget."""

    def __init__(
        self,
        name: str,
        system: SystemSpec,
        access: Access,
        authenticator: Authenticator,
        budget: Budget,
    ) -> None:
        self.base_url = check_base_url(access.base_url)
        self._name = name
        self._system = system
        self._authenticator = authenticator
        self._budget = budget
        self._session = Session(access.wire, budget.limits)

    @property
    def limits(self) -> ReadLimits:
        """The limits it keeps."""
        return self._budget.limits

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def get(
        self,
        target: str,
        params: Mapping[str, str],
        read: Callable[[Answer, str], T],
        refused: Callable[[bytes], None] | None = None,
    ) -> tuple[Answer, T]:
        """Ask for `target` (a path below the base address, or a full link) until `read` is content.

        `read` checks the answer; when it refuses one, `refused` is given the body with every secret
        blanked, for a person to look at.

        Raises:
            PermanentError, BudgetError, UnauthorizedError: asking again now won't help.
            TransientError: the last of `limits.attempts` failures.
        """
        url = target if "://" in target else self.base_url + target
        what = f"{self._name}: GET {url.split('?')[0].removeprefix(self.base_url) or '/'}"

        def attempt() -> tuple[Answer, T]:
            answer = self._ask_signed(url, params, what)
            try:
                return answer, read(answer, what)
            except SourceError:
                if refused is not None:
                    refused(self._blank(answer.body.decoded))
                raise

        return self._persist(attempt, what)

    def post_form(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Post a form to the token address, once; the retries around the read cover it too.

        Raises:
            SourceError: no token could be had.
        """
        what = f"{self._name}: POST {path}"
        answer = self._ask("POST", self.base_url + path, what, headers, data=dict(form))
        if len(answer.body.decoded) > TOKEN_BYTES:
            raise PermanentError(f"{what}: the answer is far too large to be a token.")
        return answer.body.decoded

    def _persist(self, attempt: Callable[[], T], what: str) -> T:
        limits = self.limits
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(limits.attempts),
            wait=lambda state: self._wait_seconds(state, what),
            sleep=self._budget.sleep,
            before_sleep=lambda state: _warn(state, limits.attempts),
            reraise=True,
        )
        return retrying(attempt)

    def _wait_seconds(self, state: tenacity.RetryCallState, what: str) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.retry_after if isinstance(failure, TransientError) else None
        if asked is not None:
            self._budget.check_wait(what, asked)
            return asked
        return self._budget.backoff_seconds(state.attempt_number)

    def _ask_signed(self, url: str, params: Mapping[str, str], what: str) -> Answer:
        headers = self._authenticator.headers(self.post_form)
        try:
            return self._ask("GET", url, what, headers, params=params)
        except UnauthorizedError:
            if not self._authenticator.refresh(headers):
                raise
        logger.info("%s: the token was refused; fetching a new one", what)
        return self._ask(
            "GET", url, what, self._authenticator.headers(self.post_form), params=params
        )

    def _ask(
        self, method: str, url: str, what: str, headers: Mapping[str, str], **kwargs: Any
    ) -> Answer:
        """Ask once, following allowed redirects of a GET."""
        current, sent, arguments = url, dict(headers), kwargs
        for _ in range(REDIRECTS_MOST + 1):
            response_or_location = self._ask_once(method, current, what, sent, arguments)
            if isinstance(response_or_location, Answer):
                return response_or_location
            if method != "GET":
                raise PermanentError(f"{what}: the address redirects; set the address it leads to.")
            current = self._redirected(current, response_or_location, what)
            if Origin.of(current) != Origin.of(self.base_url):
                sent = {}
            arguments = {}
        raise PermanentError(f"{what}: more than {REDIRECTS_MOST} redirects; check the address.")

    def _redirected(self, current: str, location: str, what: str) -> str:
        try:
            return resolve_link(current, location, self.base_url)
        except PermanentError:
            pass
        origin = Origin.of(location)
        secure = origin.scheme == "https" or Origin.of(current).scheme == "http"
        if origin.host in self._system.redirect_hosts and secure:
            return location
        raise PermanentError(
            f"{what}: the system redirects to another host, which isn't followed; if that is right, name "
            "the host in `redirect_hosts` of the source file."
        )

    def _ask_once(
        self,
        method: str,
        url: str,
        what: str,
        headers: Mapping[str, str],
        arguments: dict[str, Any],
    ) -> Answer | str:
        """One request and its whole answer, or the address of a redirect."""
        self._budget.check(what)
        allowed = min(self.limits.response_seconds, self._budget.remaining_seconds)
        ends_at = time.monotonic() + allowed
        timer = self._session.within(allowed)
        try:
            response = self._session.send(method, url, headers=dict(headers), **arguments)
            try:
                return self._receive(response, what, ends_at)
            finally:
                response.close()
        except SourceError as error:
            failure = error
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as error:
            failure = translate(error, what)
        finally:
            timer.cancel()
        if time.monotonic() >= ends_at:
            # The cut connection shows as many different failures; this is the one that is true.
            failure = TransientError(f"{what}: no whole answer within {allowed:.0f} s.")
        raise failure

    def _receive(self, response: requests.Response, what: str, ends_at: float) -> Answer | str:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if has_broken_headers(response):
            raise TransientError(f"{what}: the answer's headers are damaged.")
        if response.status_code in REDIRECTS and "location" in headers:
            return headers["location"]
        check_status(response.status_code, headers, what)
        check_content_type(headers.get("content-type"), what)

        def check_time() -> None:
            if time.monotonic() >= ends_at:
                raise TransientError(f"{what}: the answer drips too slowly to be whole in time.")

        body = read_body(
            raw_chunks(response, CHUNK_BYTES, check_time),
            headers.get("content-encoding", "").strip().lower(),
            _content_length(headers),
            self.limits,
            what,
        )
        return Answer(body=body, headers=headers, url=response.url)

    def _blank(self, text: bytes) -> bytes:
        for secret in self._authenticator.secrets:
            text = text.replace(secret.encode(), b"***")
        return text


def open_client(
    name: str, system: SystemSpec, access: Access, budget: Budget
) -> Callable[[], Client]:
    """A maker of clients for one account, one a thread, all with the same token and budget."""
    credential = Credential(access.credential) if access.credential else None
    authenticator = Authenticator(system.auth, credential)
    return lambda: Client(name, system, access, authenticator, budget)


def _warn(state: tenacity.RetryCallState, attempts: int) -> None:
    failure = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    logger.warning(
        "%s Asking again in %.1f s (attempt %d of %d failed).",
        failure, wait, state.attempt_number, attempts,
    )  # fmt: skip


def _content_length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "")
    if "transfer-encoding" in headers or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
