"""The wire formats that upstreams speak, made of protocol/'s parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from codeplan.protocol import inner, splice
from codeplan.protocol.anthropic import limits as anthropic_limits
from codeplan.protocol.anthropic import reading as anthropic_reading
from codeplan.protocol.anthropic import request as anthropic_request
from codeplan.protocol.names import ProtocolName
from codeplan.protocol.openai_chat import limits as chat_limits
from codeplan.protocol.openai_chat import reading as chat_reading
from codeplan.protocol.openai_chat import request as chat_request
from codeplan.protocol.sse import ServerEvent


class Reader(Protocol):
    """``read`` one event; ``end``: what is still to be told once the body has ended."""

    def read(self, event: ServerEvent) -> list[inner.Event]: ...

    def end(self) -> list[inner.Event]: ...


@dataclass(frozen=True, slots=True)
class UpstreamFormat:
    """How upstreams of one protocol are asked, at ``path``, and answer. ``passed_headers`` of a
    call go on to an upstream of the caller's own protocol; ``own_headers`` are sent otherwise.
    ``encode_request(request, model, dialect)``; ``rename_model(body, model)`` and
    ``shorten(body, most_tokens, dialect)`` of a call that passes as it came."""

    name: ProtocolName
    path: str
    encode_request: Callable[[inner.Request, str, str], bytes]
    decode_answer: Callable[[bytes], list[inner.Event]]
    reader: Callable[[], Reader]
    shorten: Callable[[bytes, int, str], bytes]
    passed_headers: tuple[bytes, ...] = ()
    own_headers: tuple[tuple[bytes, bytes], ...] = ()
    rename_model: Callable[[bytes, str], bytes] = splice.rename_model


TO_ANTHROPIC = UpstreamFormat(
    "anthropic",
    "/v1/messages",
    anthropic_request.encode,
    anthropic_reading.decode,
    anthropic_reading.Reader,
    anthropic_limits.shorten,
    passed_headers=(b"anthropic-version", b"anthropic-beta"),
    own_headers=((b"anthropic-version", b"2023-06-01"),),
)
TO_OPENAI_CHAT = UpstreamFormat(
    "openai_chat",
    "/chat/completions",
    chat_request.encode,
    chat_reading.decode,
    chat_reading.Reader,
    chat_limits.shorten,
)

# The embedded model answers as an OpenAI-compatible server does.
UPSTREAM_FORMATS = {
    "anthropic": TO_ANTHROPIC,
    "openai": TO_OPENAI_CHAT,
    "embedded": TO_OPENAI_CHAT,
}
