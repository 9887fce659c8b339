"""The wire formats that callers speak, made of protocol/'s parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.anthropic import answer as anthropic_answer
from codeplan.protocol.anthropic import errors as anthropic_errors
from codeplan.protocol.anthropic import models as anthropic_models
from codeplan.protocol.anthropic import outline as anthropic_outline
from codeplan.protocol.anthropic import request as anthropic_request
from codeplan.protocol.anthropic import stream as anthropic_stream
from codeplan.protocol.anthropic import tokens as anthropic_tokens
from codeplan.protocol.gemini import answer as gemini_answer
from codeplan.protocol.gemini import errors as gemini_errors
from codeplan.protocol.gemini import models as gemini_models
from codeplan.protocol.gemini import outline as gemini_outline
from codeplan.protocol.gemini import request as gemini_request
from codeplan.protocol.gemini import stream as gemini_stream
from codeplan.protocol.gemini import tokens as gemini_tokens
from codeplan.protocol.names import ProtocolName
from codeplan.protocol.openai_chat import answer as chat_answer
from codeplan.protocol.openai_chat import errors as chat_errors
from codeplan.protocol.openai_chat import models as chat_models
from codeplan.protocol.openai_chat import outline as chat_outline
from codeplan.protocol.openai_chat import request as chat_request
from codeplan.protocol.openai_chat import stream as chat_stream
from codeplan.protocol.openai_responses import answer as responses_answer
from codeplan.protocol.openai_responses import errors as responses_errors
from codeplan.protocol.openai_responses import models as responses_models
from codeplan.protocol.openai_responses import outline as responses_outline
from codeplan.protocol.openai_responses import request as responses_request
from codeplan.protocol.openai_responses import stream as responses_stream
from codeplan.protocol.outline import Outline, Target
from codeplan.protocol.overlong import Overlong, Words


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
        retry_seconds: int | None = None,
        /,
    ) -> bytes: ...


class ReadOutline(Protocol):
    def __call__(self, body: bytes, target: Target, /) -> Outline: ...


@dataclass(frozen=True, slots=True)
class CallerFormat:
    """How callers of one protocol ask, and are answered. ``list_models(names, created)`` and
    ``show_model(name, created)``: ``created`` in epoch seconds. ``overlong``: how a call is told
    that is longer than its model's context. ``count(tokens)``: the answer to a call that asks how
    many tokens it has, where the protocol has such a call."""

    name: ProtocolName
    outline: ReadOutline
    decode_request: Callable[[bytes], inner.Request]
    encode_answer: Callable[[list[inner.Event], Answering], bytes]
    writer: Callable[[Answering], Writer]
    error: WriteError
    list_models: Callable[[Sequence[str], int], bytes]
    show_model: Callable[[str, int], bytes]
    overlong: Callable[[Overlong], Words]
    count: Callable[[int], bytes] | None = None


ANTHROPIC = CallerFormat(
    "anthropic",
    anthropic_outline.read,
    anthropic_request.decode,
    anthropic_answer.encode,
    anthropic_stream.Writer,
    anthropic_errors.encode,
    anthropic_models.encode_list,
    anthropic_models.encode_one,
    anthropic_errors.overlong,
    anthropic_tokens.encode,
)
OPENAI_CHAT = CallerFormat(
    "openai_chat",
    chat_outline.read,
    chat_request.decode,
    chat_answer.encode,
    chat_stream.Writer,
    chat_errors.encode,
    chat_models.encode_list,
    chat_models.encode_one,
    chat_errors.overlong,
)
OPENAI_RESPONSES = CallerFormat(
    "openai_responses",
    responses_outline.read,
    responses_request.decode,
    responses_answer.encode,
    responses_stream.Writer,
    responses_errors.encode,
    responses_models.encode_list,
    responses_models.encode_one,
    responses_errors.overlong,
)
GEMINI = CallerFormat(
    "gemini",
    gemini_outline.read,
    gemini_request.decode,
    gemini_answer.encode,
    gemini_stream.Writer,
    gemini_errors.encode,
    gemini_models.encode_list,
    gemini_models.encode_one,
    gemini_errors.overlong,
    gemini_tokens.encode,
)
