"""What a Responses call says of itself."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from codeplan.protocol import fields
from codeplan.protocol.openai_responses.names import SEPARATOR
from codeplan.protocol.outline import Malformed, Outline, Said, Target, with_role_before


class _Part(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Item(msgspec.Struct):
    type: str = "message"
    role: str = ""
    content: str | list[_Part] | None = None


class _Tool(msgspec.Struct):
    type: str = ""
    name: str = ""
    tools: "list[_Tool]" = []


class _Call(msgspec.Struct):
    model: str
    input: str | list[_Item]
    stream: bool | None = False
    instructions: str | None = None
    tools: list[_Tool] | None = None
    text: dict[str, Any] | None = None
    user: str | None = None
    prompt_cache_key: str | None = None
    max_output_tokens: Any = None


_decoder = msgspec.json.Decoder(_Call)
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")


def read(body: bytes, _target: Target | None = None) -> Outline:
    """Raises Malformed when the body is not a Responses call."""
    call = fields.read_as(_decoder, body)
    if not call.input:
        raise Malformed("input: at least one item is expected")
    items = call.input
    if isinstance(items, str):
        items = [_Item(role="user", content=items)]
    return Outline(
        model=call.model,
        stream=bool(call.stream),
        system=(
            *((call.instructions,) if call.instructions else ()),
            *(
                text
                for item in items
                if item.role in ("system", "developer")
                for text in _texts(item)
            ),
        ),
        tool_names=tuple(_names(call.tools or ())),
        said=tuple(
            Said(_texts(item), joins=before == "user")
            for before, item in with_role_before(items)
            if item.role == "user"
        ),
        ends_with_tool_result=items[-1].type in _RESULTS,
        user_id=call.user or "",
        cache_key=call.prompt_cache_key or "",
        structured=bool(call.text and call.text.get("format")),
        namespaces=tuple(tool.name for tool in call.tools or () if tool.type == "namespace"),
        free_form=tuple(_free_form(call.tools or ())),
        most_tokens=fields.whole_number(call.max_output_tokens),
    )


def _names(tools: Iterable[_Tool]) -> Iterator[str]:
    """The tools' own names; a namespace's stand behind it."""
    for tool in tools:
        yield tool.name or tool.type
        yield from _names(tool.tools)


def _free_form(tools: Iterable[_Tool], prefix: str = "") -> Iterator[str]:
    for tool in tools:
        if tool.type == "custom":
            yield prefix + tool.name
        elif tool.type == "namespace":
            yield from _free_form(tool.tools, f"{tool.name}{SEPARATOR}")


def _texts(item: _Item) -> tuple[str, ...]:
    if isinstance(item.content, str):
        return (item.content,)
    return tuple(part.text for part in item.content or () if part.type.endswith("text"))
