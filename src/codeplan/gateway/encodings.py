"""Compressed request bodies: decoded piece by piece, up to the limit of a body and no further.

gzip and deflate are the standard library's. zstd is ``compression.zstd``, in the standard library
since Python 3.14, and before that its backport of the same interface. br is Google's own package,
whose decoder can be stopped at a number of bytes since 1.2.
"""

import asyncio
import sys
import zlib
from collections.abc import Callable
from typing import Protocol

import brotli

from codeplan.clients.refusal import Refusal
from codeplan.gateway import refusals
from codeplan.protocol.outline import Malformed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_AT_ONCE = 64 * 1024
# More than two make no sense, and each costs a pass over the body.
_MOST_CODINGS = 3
# RFC 9659: no window over 8 MB in HTTP.
_LARGEST_WINDOW_LOG = 23


class _Decoder(Protocol):
    """``decode(data, most)`` gives at most so many bytes; then call it with b"" for the next,
    until ``is_done``. It gives none only at the end of what it was given. ``rest``: what stands
    behind."""

    is_done: bool
    rest: bytes

    def decode(self, data: bytes, most: int) -> bytes: ...


class _Zlib:
    def __init__(self, window_bits: int) -> None:
        self._decoder = zlib.decompressobj(window_bits)
        self.is_done, self.rest = False, b""

    def decode(self, data: bytes, most: int) -> bytes:
        out = self._decoder.decompress(data or self._decoder.unconsumed_tail, most)
        self.is_done, self.rest = self._decoder.eof, self._decoder.unused_data
        return out


class _Zstandard:
    def __init__(self) -> None:
        options = {int(zstd.DecompressionParameter.window_log_max): _LARGEST_WINDOW_LOG}
        self._decoder = zstd.ZstdDecompressor(options=options)
        self.is_done, self.rest = False, b""

    def decode(self, data: bytes, most: int) -> bytes:
        out = self._decoder.decompress(data, most)
        self.is_done = self._decoder.eof
        self.rest = self._decoder.unused_data if self.is_done else b""
        return out


class _Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self.is_done, self.rest = False, b""

    def decode(self, data: bytes, most: int) -> bytes:
        out: bytes = self._decoder.process(data, output_buffer_limit=most)
        self.is_done = self._decoder.is_finished()
        return out


def _gzip() -> _Decoder:
    return _Zlib(31)


_CODINGS: dict[str, Callable[[], _Decoder]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": lambda: _Zlib(15),
    "br": _Brotli,
    "zstd": _Zstandard,
}
# Codings whose bodies may be several, one behind the other (RFC 1952, RFC 8878).
_MANY = frozenset({"gzip", "x-gzip", "zstd"})
# What stands behind each is copied, so that their number must be small.
_MOST_STREAMS = 16
_SUPPORTED = "br, deflate, gzip, zstd or identity"
_BROKEN = (zlib.error, zstd.ZstdError, brotli.error)


# How much larger a body may become; small ones may become any size up to this.
_MOST_GROWTH, _ALWAYS_ALLOWED = 100, 1024 * 1024


def codings_of(header: bytes) -> list[str]:
    """The codings of a Content-Encoding header, in the order in which they are to be undone. Raises
    Refusal for one that is not known here."""
    named = [name.strip().lower() for name in header.decode("latin-1").split(",")]
    codings = [name for name in reversed(named) if name not in ("", "identity")]
    for name in codings:
        if name not in _CODINGS:
            text = f"The body's coding {name[:40]!r} is not supported; send {_SUPPORTED}."
            raise Refusal(415, "1210", text)
    if len(codings) > _MOST_CODINGS:
        raise Refusal(415, "1210", f"The body has more than {_MOST_CODINGS} codings on each other.")
    return codings


async def decoded(body: bytes, header: bytes, limit: int) -> bytes:
    """The body without its codings, of at most ``limit`` bytes. Raises Refusal, Malformed.

    In a thread: a few bytes may become very many. No call of a coding tool shrinks to a hundredth,
    so a body that would grow beyond that is refused before it takes the memory of many.
    """
    codings = codings_of(header)
    if not codings:
        return body
    most = min(limit, max(_ALWAYS_ALLOWED, _MOST_GROWTH * len(body)))
    return await asyncio.to_thread(_undo, body, codings, most)


def _undo(body: bytes, codings: list[str], limit: int) -> bytes:
    for name in codings:
        try:
            body = _one(body, name, limit)
        except _BROKEN:
            raise Malformed(f"body: it is no whole {name}") from None
    return body


def _one(body: bytes, name: str, limit: int) -> bytes:
    pieces: list[bytes] = []
    size, left = 0, body
    for _ in range(_MOST_STREAMS if name in _MANY else 1):
        decoder = _raw_deflate() if name == "deflate" and _is_raw(left) else _CODINGS[name]()
        data = left
        while not decoder.is_done:
            piece = decoder.decode(data, min(_AT_ONCE, limit + 1 - size))
            data = b""
            size += len(piece)
            pieces.append(piece)
            if size > limit:
                raise refusals.too_large(limit)
            if not piece and not decoder.is_done:
                raise Malformed(f"body: its {name} ends too early")
        left = decoder.rest
        if not left:
            return b"".join(pieces)
    raise Malformed(f"body: too much stands behind its first {name}")


def _raw_deflate() -> _Decoder:
    return _Zlib(-15)


def _is_raw(body: bytes) -> bool:
    """Whether zlib's two bytes are missing, as some programs leave them out (RFC 9110, 8.4.1.2)."""
    return len(body) < 2 or body[0] & 0x0F != 8 or int.from_bytes(body[:2], "big") % 31 != 0
