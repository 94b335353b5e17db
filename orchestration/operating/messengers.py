"""Sending an alert: a webhook (JSON over HTTP) and SMTP, each told by one setting.

Belongs here: one attempt to send. Doesn't: what is sent, or when it is tried again (alerts.py).
Addresses hold secrets, so no error names one, and none hangs on a library's.

MOTCUA_ALERT_WEBHOOK  https://…            gets {"text", "subject", "cause", "at"}
MOTCUA_ALERT_SMTP     smtp://user:password@host:587/?from=a@x.vn&to=b@x.vn,c@x.vn   (smtps:// for TLS from the start)
"""

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from orchestration.settings import Settings

SECONDS = 10
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
Send = Callable[[Mapping[str, str]], None]


class MessengerError(Exception):
    """An alert could not be sent; it is tried again at the next look."""


def messengers(settings: Settings) -> dict[str, Send]:
    """The configured channels by name; each sends {"subject", "text", "cause", "at"} or raises."""
    found: dict[str, Send] = {}
    if settings.alert_webhook is not None:
        address = settings.alert_webhook.get_secret_value()
        found["webhook"] = lambda message: _post(address, message)
    if settings.alert_smtp is not None:
        server = settings.alert_smtp.get_secret_value()
        found["smtp"] = lambda message: _mail(server, message)
    return found


def ping(settings: Settings) -> bool:
    """Tell the outside watcher that we live; False when it couldn't be told (it will notice)."""
    if settings.heartbeat_url is None:
        return True
    try:
        _open(urllib.request.Request(settings.heartbeat_url.get_secret_value()))  # noqa: S310
    except MessengerError:
        return False
    return True


def _post(address: str, message: Mapping[str, str]) -> None:
    body = json.dumps(dict(message), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    _open(urllib.request.Request(address, data=body, headers=headers, method="POST"))  # noqa: S310


def _open(request: urllib.request.Request) -> None:
    if request.type not in ("http", "https"):
        raise MessengerError("The address must begin with https://.")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            answer.read(1024)
    except urllib.error.HTTPError as error:
        raise MessengerError(f"The receiver answered {error.code}.") from None
    except (OSError, ValueError) as error:
        raise MessengerError(f"The receiver can't be reached ({type(error).__name__}).") from None


def _mail(server: str, message: Mapping[str, str]) -> None:
    parts = urlsplit(server)
    wanted = parse_qs(parts.query)
    mail = EmailMessage()
    mail["Subject"] = message["subject"]
    mail["From"] = wanted.get("from", ["motcua@localhost"])[0]
    mail["To"] = ", ".join(wanted.get("to", [""])[0].split(","))
    mail.set_content(message["text"])
    host, is_tls = parts.hostname or "localhost", parts.scheme == "smtps"
    try:
        context = ssl.create_default_context()
        if is_tls:
            link: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=SECONDS, context=context
            )
        else:
            link = smtplib.SMTP(host, parts.port or 25, timeout=SECONDS)
        with link:
            if not is_tls and host not in _LOOPBACK:
                link.starttls(context=context)
            if parts.username:
                link.login(unquote(parts.username), unquote(parts.password or ""))
            link.send_message(mail)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise MessengerError(f"The mail server refused ({type(error).__name__}).") from None
