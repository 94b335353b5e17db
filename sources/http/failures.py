"""Our own words for what went wrong on the wire.

Belongs here: a status or a library's exception to one of our errors. Doesn't: what is done about it
(http). Nothing of the other side's text is taken over: it may hold a secret or a person's data.
"""

import datetime as dt
from collections.abc import Mapping

import requests
import urllib3

from sources.errors import PermanentError, SourceError, SpecError, TransientError, UnauthorizedError
from sources.http.limits import retry_after_seconds


def check_status(status: int, headers: Mapping[str, str], what: str) -> None:
    """Let only 200 pass.

    Raises:
        SourceError: of the type that says whether asking again may help.
    """
    if status == 200:
        return
    if status == 401:
        raise UnauthorizedError(
            f"{what}: 401, the credentials are refused; check the system's token."
        )
    if status in (408, 429) or status >= 500:
        wait = retry_after_seconds(headers.get("retry-after"), dt.datetime.now(dt.UTC))
        raise TransientError(f"{what}: the system answered {status}.", retry_after=wait)
    advice = {
        403: "the account may not read this; ask for the right",
        407: "the proxy refuses its login; check the user and password in the proxy's address",
        404: "there is nothing at this address; check the base address and the path in the source file",
        400: "the system doesn't accept the request; check parameters and formats in the source file",
    }.get(status, "the request isn't accepted; check the source file against the system's manual")
    raise PermanentError(f"{what}: {status}, {advice}.")


def translate(error: Exception, what: str) -> SourceError:
    """Our own words for a library's failure, with nothing of its text."""
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return PermanentError(
            f"{what}: the server's certificate isn't trusted or has expired; have it renewed, or set the "
            "file of your own certificate authority."
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return TransientError(
            f"{what}: the proxy can't be reached, or refuses its login; check its address."
        )
    if isinstance(
        error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError | TimeoutError
    ):
        return TransientError(f"{what}: no answer in time.")
    if isinstance(
        error, requests.exceptions.ChunkedEncodingError | urllib3.exceptions.ProtocolError
    ):
        return TransientError(f"{what}: the connection broke before the answer was whole.")
    if isinstance(
        error, requests.exceptions.ConnectionError | urllib3.exceptions.HTTPError | OSError
    ):
        # InvalidURL and the like are ValueErrors as well as OSErrors in requests.
        if isinstance(error, ValueError):
            return SpecError(f"{what}: the request can't be sent; check address and credential.")
        return TransientError(f"{what}: the system can't be reached.")
    return SpecError(f"{what}: the request can't be sent; check address and credential.")
