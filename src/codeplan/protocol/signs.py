"""Signs of life: what a stream says when it has nothing to say yet."""

from codeplan.protocol.names import ProtocolName
from codeplan.protocol.sse import PING_COMMENT

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
# Google's older SDKs read no comments: an answer without candidates.
_NO_CANDIDATES = b'data: {"candidates": []}\r\n\r\n'
# A stream that is one JSON array: space between its elements means nothing.
_SPACE = b"\r\n"


def sign_of(protocol: ProtocolName, event_stream: bool, begun: bool) -> bytes:
    """The protocol's sign of life. Anthropic's own event where the answer has ``begun``: nothing
    may come before its first one. OpenAI's protocols have none: a comment, which every reader of
    event streams passes over."""
    if not event_stream:
        return _SPACE
    if protocol == "gemini":
        return _NO_CANDIDATES
    return _PING if protocol == "anthropic" and begun else PING_COMMENT
