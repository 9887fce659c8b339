"""Compressed request bodies: decoded up to the limit of a body and no further, by ``kit/codings``;
here is what a caller is told of those that are none."""

import asyncio

from codeplan.clients.refusal import Refusal
from codeplan.gateway import refusals
from codeplan.kit.codings import KNOWN, Damaged, TooLarge, unpack
from codeplan.protocol.outline import Malformed

# More than two make no sense, and each costs a pass over the body.
_MOST_CODINGS = 3
_SUPPORTED = "br, deflate, gzip, zstd or identity"


# How much larger a body may become; small ones may become any size up to this.
_MOST_GROWTH, _ALWAYS_ALLOWED = 100, 1024 * 1024


def codings_of(header: bytes) -> list[str]:
    """The codings of a Content-Encoding header, in the order in which they are to be undone. Raises
    Refusal for one that is not known here."""
    named = [name.strip().lower() for name in header.decode("latin-1").split(",")]
    codings = [name for name in reversed(named) if name not in ("", "identity")]
    for name in codings:
        if name not in KNOWN:
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
            body = unpack(body, name, limit)
        except Damaged as damaged:
            raise Malformed(f"body: {damaged}") from None
        except TooLarge:
            raise refusals.too_large(limit) from None
    return body
