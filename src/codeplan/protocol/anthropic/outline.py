"""What an Anthropic Messages call says of itself."""

from typing import Any

import msgspec

from codeplan.protocol import fields
from codeplan.protocol.outline import Malformed, Outline, Said, Target, with_role_before


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block]


class _Tool(msgspec.Struct):
    name: str = ""


class _Metadata(msgspec.Struct):
    user_id: str | None = None


class _OutputConfig(msgspec.Struct):
    format: Any = None


class _Call(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = False
    system: str | list[_Block] | None = None
    tools: list[_Tool] | None = None
    metadata: _Metadata | None = None
    output_config: _OutputConfig | None = None
    max_tokens: Any = None


_decoder = msgspec.json.Decoder(_Call)


def read(body: bytes, _target: Target | None = None) -> Outline:
    """Raises Malformed when the body is not a Messages call."""
    call = fields.read_as(_decoder, body)
    if not call.messages:
        raise Malformed("messages: at least one message is expected")
    newest = _newest(call.messages)
    return Outline(
        model=call.model,
        stream=bool(call.stream),
        system=_texts(call.system) if call.system else (),
        tool_names=tuple(tool.name for tool in call.tools or ()),
        said=tuple(
            Said(_texts_after_results(message.content), _has_result(message), before == "user")
            for before, message in with_role_before(call.messages)
            if message.role == "user"
        ),
        ends_with_tool_result=_has_result(newest),
        user_id=(call.metadata.user_id or "") if call.metadata else "",
        structured=call.output_config is not None and call.output_config.format is not None,
        most_tokens=fields.whole_number(call.max_tokens),
    )


def _newest(messages: list[_Message]) -> _Message:
    """The last message that is not a mid-conversation system message."""
    for message in reversed(messages):
        if message.role != "system":
            return message
    return messages[-1]


def _texts_after_results(content: str | list[_Block]) -> tuple[str, ...]:
    """What is said behind the last tool's result, where there is one."""
    if isinstance(content, str):
        return (content,)
    results = [place for place, block in enumerate(content) if block.type == "tool_result"]
    return _texts(content[results[-1] + 1 :] if results else content)


def _texts(content: str | list[_Block]) -> tuple[str, ...]:
    if isinstance(content, str):
        return (content,)
    return tuple(block.text for block in content if block.type == "text")


def _has_result(message: _Message) -> bool:
    if isinstance(message.content, str):
        return False
    return any(block.type == "tool_result" for block in message.content)
