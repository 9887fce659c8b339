"""The wire formats that callers speak, made of protocol/'s parts."""

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
