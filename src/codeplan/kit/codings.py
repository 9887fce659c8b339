"""HTTP's content codings undone, up to so many bytes and no further. Knows nothing of headers, and
decides nothing about what a damaged body means.

gzip and deflate are the standard library's. zstd is ``compression.zstd``, in the standard library
since Python 3.14, and before that its backport of the same interface. br is Google's own package,
whose decoder can be stopped at a number of bytes since 1.2.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_AT_ONCE = 64 * 1024
# RFC 9659: no window over 8 MB in HTTP.
_LARGEST_WINDOW_LOG = 23


class Damaged(ValueError):
    """It is no whole body of that coding; the text says what is wrong, of "it"."""


class TooLarge(ValueError):
    """It would become larger than the limit."""


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
KNOWN = frozenset(_CODINGS)
# Codings whose bodies may be several, one behind the other (RFC 1952, RFC 8878).
_MANY = frozenset({"gzip", "x-gzip", "zstd"})
# What stands behind each is copied, so that their number must be small.
_MOST_STREAMS = 16
_BROKEN = (zlib.error, zstd.ZstdError, brotli.error)


def unpack(body: bytes, coding: str, limit: int, *, leaves_rest: bool = False) -> bytes:
    """What the body was before ``coding``, one of KNOWN. ``leaves_rest``: what stands behind the
    first whole stream and is none is left out, as browsers do. Raises Damaged, TooLarge."""
    pieces: list[bytes] = []
    size, left = 0, body
    for _ in range(_MOST_STREAMS if coding in _MANY else 1):
        try:
            stream, rest = _one(left, coding, limit - size)
        except Damaged:
            if pieces and leaves_rest:
                return b"".join(pieces)
            raise
        pieces.append(stream)
        size += len(stream)
        left = rest
        if not left:
            return b"".join(pieces)
    if leaves_rest:
        return b"".join(pieces)
    raise Damaged(f"too much stands behind its first {coding}")


def _one(body: bytes, coding: str, limit: int) -> tuple[bytes, bytes]:
    """One stream's content, and what stands behind it."""
    decoder = _raw_deflate() if coding == "deflate" and _is_raw(body) else _CODINGS[coding]()
    pieces: list[bytes] = []
    size, data = 0, body
    while not decoder.is_done:
        try:
            piece = decoder.decode(data, min(_AT_ONCE, limit + 1 - size))
        except _BROKEN:
            raise Damaged(f"it is no whole {coding}") from None
        data = b""
        size += len(piece)
        pieces.append(piece)
        if size > limit:
            raise TooLarge
        if not piece and not decoder.is_done:
            raise Damaged(f"its {coding} ends too early")
    return b"".join(pieces), decoder.rest


def _raw_deflate() -> _Decoder:
    return _Zlib(-15)


def _is_raw(body: bytes) -> bool:
    """Whether zlib's two bytes are missing, as some programs leave them out (RFC 9110, 8.4.1.2)."""
    return len(body) < 2 or body[0] & 0x0F != 8 or int.from_bytes(body[:2], "big") % 31 != 0
