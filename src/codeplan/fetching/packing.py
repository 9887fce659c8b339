"""The content codings of an answer undone, as browsers do: what was announced and not sent is taken
as it came. Never gives more than the limit."""

from codeplan.fetching.kinds import looks_plain
from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.kit.codings import KNOWN, Damaged, TooLarge, unpack

ACCEPTED = b"gzip, deflate, br, zstd"
# As many as browsers undo without asking what it is for.
_MOST_CODINGS = 5


def unpack_body(body: bytes, header: str, limit: int) -> bytes:
    """``header``: Content-Encoding. Raises NotFetched for what is damaged or becomes too large."""
    codings = [name for part in header.split(",") if (name := part.strip().lower())]
    if len(codings) > _MOST_CODINGS:
        raise NotFetched("it is packed too many times over", Kind.DAMAGED)
    for coding in reversed(codings):
        if coding not in KNOWN or not body:
            continue
        try:
            body = unpack(body, coding, limit, leaves_rest=True)
        except TooLarge:
            raise too_large(limit) from None
        except Damaged as damaged:
            if not looks_plain(body):
                raise NotFetched(f"what it sent is damaged: {damaged}", Kind.DAMAGED) from None
    return body


def too_large(limit: int) -> NotFetched:
    return NotFetched(f"it is larger than {limit} bytes", Kind.LARGE)
