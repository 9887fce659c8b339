"""The wire formats as the gateway uses them, made of protocol/'s parts: those that callers speak,
and those that upstreams speak."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from codeplan.clients.base import Protocol as CallProtocol
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.anthropic import answer as anthropic_answer
from codeplan.protocol.anthropic import errors as anthropic_errors
from codeplan.protocol.anthropic import outline as anthropic_outline
from codeplan.protocol.anthropic import request as anthropic_request
from codeplan.protocol.anthropic import stream as anthropic_stream
from codeplan.protocol.openai_chat import answer as chat_answer
from codeplan.protocol.openai_chat import errors as chat_errors
from codeplan.protocol.openai_chat import outline as chat_outline
from codeplan.protocol.openai_chat import request as chat_request
from codeplan.protocol.openai_chat import stream as chat_stream
from codeplan.protocol.openai_responses import answer as responses_answer
from codeplan.protocol.openai_responses import errors as responses_errors
from codeplan.protocol.openai_responses import outline as responses_outline
from codeplan.protocol.openai_responses import request as responses_request
from codeplan.protocol.openai_responses import stream as responses_stream
from codeplan.protocol.outline import Outline
from codeplan.protocol.sse import ServerEvent


class Reader(Protocol):
    def read(self, event: ServerEvent) -> list[inner.Event]: ...


class Writer(Protocol):
    def write(self, event: inner.Event) -> bytes: ...


class WriteError(Protocol):
    def __call__(
        self,
        status: int,
        code: str,
        message: str,
        request_id: str,
        kind: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> bytes: ...


@dataclass(frozen=True, slots=True)
class CallerFormat:
    """How callers of one protocol ask, and are answered."""

    name: CallProtocol
    outline: Callable[[bytes], Outline]
    decode_request: Callable[[bytes], inner.Request]
    encode_answer: Callable[[list[inner.Event], Answering], bytes]
    writer: Callable[[Answering], Writer]
    error: WriteError


@dataclass(frozen=True, slots=True)
class UpstreamFormat:
    """How upstreams of one protocol are asked, at ``path``, and answer. ``passed_headers`` of a
    call go on to an upstream of the caller's own protocol; ``own_headers`` are sent otherwise.
    ``encode_request(request, model, dialect)``."""

    name: CallProtocol
    path: str
    encode_request: Callable[[inner.Request, str, str], bytes]
    decode_answer: Callable[[bytes], list[inner.Event]]
    reader: Callable[[], Reader]
    passed_headers: tuple[bytes, ...] = ()
    own_headers: tuple[tuple[bytes, bytes], ...] = ()


ANTHROPIC = CallerFormat(
    "anthropic",
    anthropic_outline.read,
    anthropic_request.decode,
    anthropic_answer.encode,
    anthropic_stream.Writer,
    anthropic_errors.encode,
)
OPENAI_CHAT = CallerFormat(
    "openai_chat",
    chat_outline.read,
    chat_request.decode,
    chat_answer.encode,
    chat_stream.Writer,
    chat_errors.encode,
)
OPENAI_RESPONSES = CallerFormat(
    "openai_responses",
    responses_outline.read,
    responses_request.decode,
    responses_answer.encode,
    responses_stream.Writer,
    responses_errors.encode,
)

TO_ANTHROPIC = UpstreamFormat(
    "anthropic",
    "/v1/messages",
    anthropic_request.encode,
    anthropic_answer.decode,
    anthropic_stream.Reader,
    passed_headers=(b"anthropic-version", b"anthropic-beta"),
    own_headers=((b"anthropic-version", b"2023-06-01"),),
)
TO_OPENAI_CHAT = UpstreamFormat(
    "openai_chat",
    "/chat/completions",
    chat_request.encode,
    chat_answer.decode,
    chat_stream.Reader,
)

# The embedded model answers as an OpenAI-compatible server does.
UPSTREAM_FORMATS = {
    "anthropic": TO_ANTHROPIC,
    "openai": TO_OPENAI_CHAT,
    "embedded": TO_OPENAI_CHAT,
}
