"""What an OpenAI Chat call says of itself."""

from typing import Any

import msgspec

from codeplan.protocol import fields
from codeplan.protocol.outline import Malformed, Outline, Said, Target, with_role_before


class _Part(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    function: _Function | None = None
    custom: _Function | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = False


class _Call(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = False
    tools: list[_Tool] | None = None
    stream_options: _StreamOptions | None = None
    user: str | None = None
    prompt_cache_key: str | None = None
    response_format: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    n: Any = None
    best_of: Any = None


_decoder = msgspec.json.Decoder(_Call)
# As the OpenAI API bounds n.
_MOST_ANSWERS = 128


def read(body: bytes, _target: Target | None = None) -> Outline:
    """Raises Malformed when the body is not a Chat call."""
    call = fields.read_as(_decoder, body)
    if not call.messages:
        raise Malformed("messages: at least one message is expected")
    return Outline(
        model=call.model,
        stream=bool(call.stream),
        system=tuple(
            text
            for message in call.messages
            if message.role in ("system", "developer")
            for text in _texts(message.content)
        ),
        tool_names=tuple(
            named.name for tool in call.tools or () if (named := tool.function or tool.custom)
        ),
        said=tuple(
            Said(_texts(message.content), joins=before == "user")
            for before, message in with_role_before(call.messages)
            if message.role == "user"
        ),
        ends_with_tool_result=call.messages[-1].role == "tool",
        user_id=call.user or "",
        cache_key=call.prompt_cache_key or "",
        asks_usage=call.stream_options is not None and bool(call.stream_options.include_usage),
        structured=call.response_format is not None,
        most_tokens=fields.whole_number(call.max_completion_tokens or call.max_tokens),
        answers=max(_answers(call.n, "n"), _answers(call.best_of, "best_of")),
    )


def _answers(value: Any, place: str) -> int:
    asked = fields.whole(value, place) or 1
    if not 1 <= asked <= _MOST_ANSWERS:
        raise Malformed(f"{place}: a number from 1 to {_MOST_ANSWERS} is expected")
    return asked


def _texts(content: str | list[_Part] | None) -> tuple[str, ...]:
    if isinstance(content, str):
        return (content,)
    return tuple(part.text for part in content or () if part.type == "text")
