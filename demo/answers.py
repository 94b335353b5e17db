"""Answers on the wire: right ones, and those that a fault spoils on their way.

Belongs here: bytes, headers, and what each fault does to them. Doesn't: what the answer says.
"""

import gzip
import socket
import struct
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec

from demo.faults import FaultRule


@dataclass(frozen=True)
class Answer:
    """Status, body and headers; gzip is applied when the client takes it."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Answer":
        """A value as JSON."""
        return cls(msgspec.json.encode(value), status)

    @classmethod
    def error(cls, status: int, code: str) -> "Answer":
        """An error envelope."""
        return cls.json({"error": code}, status)


def send(handler: BaseHTTPRequestHandler, answer: Answer, rule: FaultRule | None) -> None:
    """Write an answer, spoilt by `rule` where there is one."""
    if rule is not None:
        answer = _replaced(answer, rule)
        if rule.do == "stall":
            time.sleep(float(rule.arguments.get("s", 30)))
        if rule.do == "reset":
            _reset(handler)
            return
    body = answer.body
    packed = "Content-Encoding" in answer.headers
    zips = not packed and "gzip" in handler.headers.get("Accept-Encoding", "") and len(body) > 256
    if zips:
        body = gzip.compress(body, compresslevel=1, mtime=0)
    sent = _cut(body, rule)
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.content_type)
    if zips:
        handler.send_header("Content-Encoding", "gzip")
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    without_length = (
        rule is not None
        and rule.do in ("truncate", "half_gzip")
        and not rule.arguments.get("length")
    )
    if without_length:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    else:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    _write(handler, sent, rule)
    if len(sent) < len(body):
        handler.close_connection = True


def sent_status(answer: Answer, rule: FaultRule | None) -> int:
    """The status that goes out: the right one, or the fault's."""
    return answer.status if rule is None else _replaced(answer, rule).status


def _replaced(answer: Answer, rule: FaultRule) -> Answer:
    arguments = rule.arguments
    if rule.do == "status":
        headers = {name: str(value) for name, value in arguments.get("headers", {}).items()}
        return Answer(b'{"error":"fault"}', int(arguments.get("code", 500)), headers)
    if rule.do == "body":
        return Answer(
            str(arguments.get("text", "")).encode(), int(arguments.get("code", 200)), answer.headers,
            str(arguments.get("content_type", answer.content_type)),
        )  # fmt: skip
    return answer


def _cut(body: bytes, rule: FaultRule | None) -> bytes:
    if rule is not None and rule.do in ("truncate", "half_gzip"):
        return body[: int(rule.arguments.get("bytes", len(body) // 2))]
    return body


def _write(handler: BaseHTTPRequestHandler, body: bytes, rule: FaultRule | None) -> None:
    try:
        if rule is not None and rule.do == "drip":
            pause = float(rule.arguments.get("s", 1))
            for byte in body:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(pause)
        else:
            handler.wfile.write(body)
            handler.wfile.flush()
    except OSError:
        # The client has gone; that is what such a fault is for.
        handler.close_connection = True


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Send some bytes of an answer, then RST."""
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
    )
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
