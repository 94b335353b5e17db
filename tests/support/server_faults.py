"""What may go wrong with one answer of the scripted server: steps of its script.

Belongs here: changing an answer, cutting, dripping or resetting it. Doesn't: serving (scripted_server.py).
"""

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from tests.support.scripted_server import FakeSystem, Handler, Reply, Step


def status(code: int, **headers: str) -> Step:
    def step(reply: Reply, _system: FakeSystem) -> None:
        reply.status, reply.body = code, b'{"error":"fault"}'
        reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return step


def change(**values: Any) -> Step:
    def step(reply: Reply, _system: FakeSystem) -> None:
        for name, value in values.items():
            setattr(reply, name, value)

    return step


def edit(editor: Callable[[Any], Any]) -> Step:
    """Change the answer's JSON."""

    def step(reply: Reply, _system: FakeSystem) -> None:
        reply.body = json.dumps(editor(json.loads(reply.body)), ensure_ascii=False).encode()

    return step


def header(name: str, value: str) -> Step:
    def step(reply: Reply, _system: FakeSystem) -> None:
        reply.headers[name] = value

    return step


def cut_plain(size: int) -> Step:
    """A body without a Content-Length that ends too early."""

    def step(reply: Reply, _system: FakeSystem) -> None:
        reply.body, reply.packed, reply.has_length = reply.body[:size], False, False

    return step


def cut_gzip(reply: Reply, _system: FakeSystem) -> None:
    packed = gzip.compress(reply.body)
    reply.body, reply.packed, reply.has_length = packed[: len(packed) // 2], False, False
    reply.headers["Content-Encoding"] = "gzip"


def cut_with_length(reply: Reply, _system: FakeSystem) -> None:
    whole = len(reply.body)
    reply.body, reply.packed, reply.length = reply.body[: whole // 2], False, whole


def reset(reply: Reply, _system: FakeSystem) -> None:
    def take_over(handler: Handler) -> None:
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n["
        )
        handler.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    reply.take_over = take_over


def chunked(pieces: int, *, whole: bool) -> Step:
    """Chunked transfer; not whole: it ends cleanly between two chunks, without the last one."""

    def step(reply: Reply, _system: FakeSystem) -> None:
        body = reply.body

        def take_over(handler: Handler) -> None:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            handler.wfile.write(head)
            size = len(body) // pieces + 1
            for start in range(0, len(body) if whole else size, size):
                piece = body[start : start + size]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            handler.wfile.write(b"0\r\n\r\n" if whole else b"")
            handler.wfile.flush()

        reply.take_over = take_over

    return step


def drip(text: bytes, pause: float = 0.05) -> Step:
    """One byte at a time, slowly, but never silent for as long as the read timeout."""

    def step(reply: Reply, _system: FakeSystem) -> None:
        def take_over(handler: Handler) -> None:
            for letter in text:
                handler.wfile.write(bytes([letter]))
                handler.wfile.flush()
                time.sleep(pause)

        reply.take_over = take_over

    return step


def stall(seconds: float) -> Step:
    def step(_reply: Reply, _system: FakeSystem) -> None:
        time.sleep(seconds)

    return step
