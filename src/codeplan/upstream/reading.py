"""Reading an upstream's answer whole, within a size."""

from codeplan.upstream.base import UpstreamAnswer, UpstreamFailed

LARGEST_ANSWER = 64 * 1024 * 1024


async def read_whole(answer: UpstreamAnswer) -> bytes:
    """Raises UpstreamFailed, also for more than 64 MiB."""
    pieces = []
    size = 0
    while data := await answer.chunk():
        pieces.append(data)
        size += len(data)
        if size > LARGEST_ANSWER:
            raise UpstreamFailed("the upstream's answer is too large", began=True)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
