"""Who asks: the four ways to show it, always in a header, never in an address.

Belongs here: turning a credential into headers, fetching and refreshing a token. Doesn't: when a
refresh is due after a refusal (http). Credentials come in as text and leave only as header values.
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from sources.errors import PermanentError, SpecError
from sources.spec.systems import AuthSpec

# A token that is about to expire would expire on its way.
TOKEN_MARGIN_SECONDS = 30.0

PostForm = Callable[[str, Mapping[str, str], Mapping[str, str]], bytes]


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None


@dataclass(frozen=True)
class Credential:
    """A secret that doesn't show itself in a log, a traceback or an error."""

    value: str = field(repr=False)

    def parts(self, kind: str) -> tuple[str, str]:
        """The two halves of `name:secret`."""
        name, colon, secret = self.value.partition(":")
        if not (colon and name and secret):
            raise SpecError(f"The credential for {kind} must be written as name:secret; set it so.")
        return name, secret

    def check(self) -> None:
        """Refuse what can't stand in a header, before a library puts it into an error text."""
        if not self.value or any(ord(letter) < 32 or ord(letter) == 127 for letter in self.value):
            raise SpecError("A credential is empty or has a line break in it; set it again.")

    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could turn up in somebody's answer."""
        halves = [part for part in self.value.split(":", 1) if len(part) >= 6]
        encoded = base64.b64encode(self.value.encode()).decode()
        return (self.value, encoded, *halves)


class Authenticator:
    """Headers for the next request; `refresh` says whether new ones can be had."""

    def __init__(self, spec: AuthSpec, credential: Credential | None) -> None:
        self._spec = spec
        self._credential = credential
        self._lock = threading.Lock()
        self._token: str | None = None
        self._valid_until = 0.0
        if spec.kind != "none":
            if credential is None:
                raise SpecError(
                    f"A credential of kind {spec.kind} is missing; set the system's token."
                )
            credential.check()
            if spec.kind in ("basic", "oauth2_client_credentials"):
                credential.parts(spec.kind)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in any output."""
        static = self._credential.secrets() if self._credential else ()
        return (*static, self._token) if self._token else static

    def headers(self, post_form: PostForm) -> dict[str, str]:
        """The headers that show who asks; may fetch a token first."""
        kind, credential = self._spec.kind, self._credential
        if kind == "none" or credential is None:
            return {}
        if kind == "api_key":
            return {self._spec.header: credential.value}
        if kind == "basic":
            return {"Authorization": _basic(credential.value)}
        if kind == "bearer":
            return {"Authorization": f"Bearer {credential.value}"}
        with self._lock:
            if self._token is None or time.monotonic() >= self._valid_until:
                self._fetch_token(credential, post_form)
            return {"Authorization": f"Bearer {self._token}"}

    def refresh(self, refused: Mapping[str, str]) -> bool:
        """Drop the token that was refused; False when there is nothing to refresh."""
        if self._spec.kind != "oauth2_client_credentials":
            return False
        with self._lock:
            # Another thread may have fetched a new one already; that one is kept.
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._token = None
        return True

    def _fetch_token(self, credential: Credential, post_form: PostForm) -> None:
        name, secret = credential.parts(self._spec.kind)
        form = {"grant_type": "client_credentials"}
        headers: dict[str, str] = {}
        if self._spec.client_auth == "form":
            form |= {"client_id": name, "client_secret": secret}
        else:
            headers["Authorization"] = _basic(credential.value)
        if self._spec.scope:
            form["scope"] = self._spec.scope
        body = post_form(self._spec.token_path, form, headers)
        token: _Token | None
        try:
            token = msgspec.json.decode(body, type=_Token)
        except msgspec.MsgspecError:
            token = None
        if token is None or not token.access_token.isprintable() or not token.access_token:
            raise PermanentError(
                "The token address answered without an access_token; check the token path and the "
                "client's rights."
            )
        self._token = token.access_token
        self._valid_until = time.monotonic() + _lifetime_seconds(token.expires_in)


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _lifetime_seconds(expires_in: float | str | None) -> float:
    """How long to use a token; garbage means until it is refused."""
    try:
        seconds = float(expires_in if expires_in is not None else 3600)
    except ValueError:
        seconds = 3600.0
    # A lifetime shorter than the margin is used until it is refused: 401 fetches the next one.
    return (
        seconds - TOKEN_MARGIN_SECONDS if seconds > 2 * TOKEN_MARGIN_SECONDS else max(seconds, 1.0)
    )
