"""The wire formats as the gateway uses them: one entry a format, each made of protocol/'s parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from codeplan.clients.base import Protocol as CallProtocol
from codeplan.protocol import inner
from codeplan.protocol.anthropic import answer as anthropic_answer
from codeplan.protocol.anthropic import errors as anthropic_errors
from codeplan.protocol.anthropic import outline as anthropic_outline
from codeplan.protocol.anthropic import request as anthropic_request
from codeplan.protocol.anthropic import stream as anthropic_stream
from codeplan.protocol.openai_chat import answer as openai_answer
from codeplan.protocol.openai_chat import errors as openai_errors
from codeplan.protocol.openai_chat import outline as openai_outline
from codeplan.protocol.openai_chat import request as openai_request
from codeplan.protocol.openai_chat import stream as openai_stream
from codeplan.protocol.outline import Outline
from codeplan.protocol.sse import ServerEvent


class Reader(Protocol):
    def read(self, event: ServerEvent) -> list[inner.Event]: ...


class Writer(Protocol):
    def write(self, event: inner.Event) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Format:
    """``path``: where an upstream of this format takes calls. ``writer(request_id, model, created,
    with_usage)``; ``encode_answer(events, created)``; ``created`` in epoch seconds.
    ``passed_headers`` of a call go on to an upstream of the same format."""

    name: CallProtocol
    path: str
    outline: Callable[[bytes], Outline]
    decode_request: Callable[[bytes], inner.Request]
    encode_request: Callable[[inner.Request, str], bytes]
    decode_answer: Callable[[bytes], list[inner.Event]]
    encode_answer: Callable[[list[inner.Event], int], bytes]
    reader: Callable[[], Reader]
    writer: Callable[[str, str, int, bool], Writer]
    error: Callable[[int, str, str, str, str], bytes]
    passed_headers: tuple[bytes, ...] = ()
    own_headers: tuple[tuple[bytes, bytes], ...] = ()


ANTHROPIC = Format(
    name="anthropic",
    path="/v1/messages",
    outline=anthropic_outline.read,
    decode_request=anthropic_request.decode,
    encode_request=anthropic_request.encode,
    decode_answer=anthropic_answer.decode,
    encode_answer=lambda events, _created: anthropic_answer.encode(events),
    reader=anthropic_stream.Reader,
    writer=lambda request_id, model, _created, _usage: anthropic_stream.Writer(request_id, model),
    error=anthropic_errors.encode,
    passed_headers=(b"anthropic-version", b"anthropic-beta"),
    own_headers=((b"anthropic-version", b"2023-06-01"),),
)

OPENAI_CHAT = Format(
    name="openai_chat",
    path="/chat/completions",
    outline=openai_outline.read,
    decode_request=openai_request.decode,
    encode_request=openai_request.encode,
    decode_answer=openai_answer.decode,
    encode_answer=openai_answer.encode,
    reader=openai_stream.Reader,
    writer=openai_stream.Writer,
    error=openai_errors.encode,
)

# The embedded model answers as an OpenAI-compatible server does.
UPSTREAM_FORMATS = {"anthropic": ANTHROPIC, "openai": OPENAI_CHAT, "embedded": OPENAI_CHAT}
