"""The bytes of one answer: read within limits, unpacked while reading, landed as they came.

Belongs here: sizes, deadlines, gzip, UTF-8, content type. Doesn't: what the JSON says (envelope).
Nothing larger than the limits is ever held in memory, whatever the server sends.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sources.errors import PermanentError, TransientError
from sources.http.limits import ReadLimits

CHUNK_BYTES = 65_536
UNPACK_BYTES = 1_048_576
_PLAIN_GZIP = b"\x1f\x8b\x08\x00"


@dataclass(frozen=True)
class Body:
    """One answer: `stored` is what is landed (gzip), `decoded` the same unpacked."""

    stored: bytes
    decoded: bytes


class _Unpacker:
    """Plain or gzip bytes to checked UTF-8, never more than the limit."""

    def __init__(self, gzipped: bool, limits: ReadLimits, what: str) -> None:
        self._what = what
        self._limits = limits
        self._gzip = zlib.decompressobj(wbits=31) if gzipped else None
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self.members = 0
        self.decoded = bytearray()

    def feed(self, chunk: bytes) -> None:
        if self._gzip is None:
            self._keep(chunk)
            return
        while chunk:
            if self._gzip.eof:
                self.members += 1
                self._gzip = zlib.decompressobj(wbits=31)
            self._keep(self._unpack(chunk))
            chunk = self._gzip.unconsumed_tail or self._gzip.unused_data

    def _unpack(self, chunk: bytes) -> bytes:
        assert self._gzip is not None  # noqa: S101 (feed has branched on it)
        try:
            return self._gzip.decompress(chunk, UNPACK_BYTES)
        except zlib.error:
            pass
        raise TransientError(f"{self._what}: the gzip body is damaged.")

    def _keep(self, data: bytes) -> None:
        self.decoded += data
        if len(self.decoded) > self._limits.decoded_bytes:
            raise PermanentError(
                f"{self._what}: the answer unpacks to more than {self._limits.decoded_bytes} bytes; "
                "ask for smaller pages, or find out what the system sends."
            )
        try:
            self._utf8.decode(data)
            return
        except UnicodeDecodeError:
            pass
        raise PermanentError(
            f"{self._what}: the answer isn't UTF-8; the system's operator must mend it."
        )

    def finish(self) -> bytes:
        if self._gzip is not None and not self._gzip.eof:
            raise TransientError(f"{self._what}: the gzip body was cut off.")
        try:
            self._utf8.decode(b"", final=True)
            return bytes(self.decoded)
        except UnicodeDecodeError:
            pass
        raise TransientError(f"{self._what}: the answer was cut off inside a letter.")


def read_body(
    chunks: Iterator[bytes], encoding: str, length: int | None, limits: ReadLimits, what: str
) -> Body:
    """Read one answer to its end.

    `encoding` is its Content-Encoding, `length` its Content-Length or None where there is none.

    Raises:
        TransientError: cut off or damaged.
        PermanentError: too large, or not UTF-8.
    """
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise PermanentError(
            f"{what}: packed as {encoding[:20]!r}, which nobody asked for; only gzip is."
        )
    gzipped = encoding.endswith("gzip")
    unpacker = _Unpacker(gzipped, limits, what)
    raw = bytearray()
    for chunk in chunks:
        raw += chunk
        if len(raw) > limits.compressed_bytes:
            raise PermanentError(
                f"{what}: the answer is larger than {limits.compressed_bytes} bytes; ask for smaller pages."
            )
        unpacker.feed(chunk)
    if length is not None and length != len(raw):
        raise TransientError(f"{what}: {len(raw)} of {length} bytes came.")
    decoded = unpacker.finish()
    return Body(
        stored=_stored(bytes(raw), decoded, gzipped, unpacker.members), decoded=_bare(decoded)
    )


def _bare(decoded: bytes) -> bytes:
    return decoded.removeprefix(codecs.BOM_UTF8)


def _stored(raw: bytes, decoded: bytes, gzipped: bool, members: int) -> bytes:
    """The gzip bytes as they came; packed anew where readers of plain gzip would stumble over them."""
    verbatim = gzipped and not members and raw.startswith(_PLAIN_GZIP)
    if verbatim and not decoded.startswith(codecs.BOM_UTF8):
        return raw
    return gzip.compress(_bare(decoded), compresslevel=1, mtime=0)


def check_content_type(value: str | None, what: str) -> None:
    """Only JSON in UTF-8 is read; a login page with status 200 isn't data.

    Raises:
        PermanentError: anything else.
    """
    kind, *parameters = [part.strip().lower() for part in (value or "").split(";")]
    is_json = kind in ("application/json", "text/json") or (
        kind.startswith("application/") and kind.endswith("+json")
    )
    if not is_json:
        raise PermanentError(
            f"{what}: the answer is {kind[:40] or 'of no declared type'!r}, not JSON (a login or an error "
            "page?); check the address and the account."
        )
    for parameter in parameters:
        name, _, charset = parameter.partition("=")
        if name.strip() == "charset" and charset.strip("\"' ") not in ("utf-8", "utf8", "us-ascii"):
            raise PermanentError(f"{what}: the answer is declared as {charset[:20]!r}, not UTF-8.")
