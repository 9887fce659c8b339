"""Messages of a Chat call, to the common form. A part that no upstream of another protocol could
read is refused by its name.

The calls and results of the time before tools, ``function_call`` and the role ``function``, are
read as those of today; such a result belongs to the earliest call of its name that has none.
"""

from collections import deque
from typing import Any

from codeplan.protocol import fields, inner
from codeplan.protocol.outline import Malformed

Shown = inner.Text | inner.Image | inner.Video | inner.Document
NOT_KEPT = "files are not kept here; send the data"


class History:
    """Reads messages in their order."""

    def __init__(self) -> None:
        self._unanswered: dict[str, deque[str]] = {}
        self._made = 0

    def message(self, message: dict[str, Any], place: str) -> inner.Message:
        """Raises Malformed."""
        content = message.get("content")
        match message.get("role"):
            case "system" | "developer":
                return inner.Message("system", parts(content, place))
            case "user":
                return inner.Message("user", parts(content, place))
            case "assistant":
                return inner.Message("assistant", self._assistant(message, place))
            case "tool":
                call_id = fields.text(message.get("tool_call_id"), f"{place}.tool_call_id")
                return inner.Message("user", (inner.ToolResult(call_id, parts(content, place)),))
            case "function":
                name = fields.text(message.get("name"), f"{place}.name")
                waiting = self._unanswered.get(name)
                call_id = waiting.popleft() if waiting else name
                return inner.Message("user", (inner.ToolResult(call_id, parts(content, place)),))
        raise Malformed(f"{place}.role: expected system, developer, user, assistant or tool")

    def _assistant(self, message: dict[str, Any], place: str) -> tuple[inner.Part, ...]:
        said: list[inner.Part] = []
        thought = message.get("reasoning_content") or message.get("reasoning")
        if thought:
            said.append(inner.Thinking(fields.text(thought, f"{place}.reasoning_content")))
        said += parts(message.get("content"), place)
        if message.get("refusal"):
            said.append(inner.Text(fields.text(message["refusal"], f"{place}.refusal")))
        if message.get("audio"):
            raise Malformed(f"{place}.audio: answers are not kept here; send their text")
        for index, item in enumerate(fields.items(message.get("tool_calls") or [], place)):
            where = f"{place}.tool_calls[{index}]"
            said.append(_call(fields.table(item, where), where))
        if message.get("function_call"):
            said.append(self._function_call(message["function_call"], f"{place}.function_call"))
        return tuple(said)

    def _function_call(self, value: Any, place: str) -> inner.ToolCall:
        function = fields.table(value, place)
        self._made += 1
        identity = f"function_call_{self._made}"
        name = fields.text(function.get("name"), f"{place}.name")
        self._unanswered.setdefault(name, deque()).append(identity)
        arguments = fields.text(function.get("arguments") or "", f"{place}.arguments")
        return inner.ToolCall(identity, name, arguments)


def _call(call: dict[str, Any], place: str) -> inner.ToolCall:
    identity = fields.text(call.get("id"), f"{place}.id")
    if call.get("type") == "custom":
        custom = fields.table(call.get("custom"), f"{place}.custom")
        name = fields.text(custom.get("name"), f"{place}.custom.name")
        text = fields.text(custom.get("input") or "", f"{place}.custom.input")
        return inner.ToolCall(identity, name, fields.to_json({"input": text}))
    function = fields.table(call.get("function"), f"{place}.function")
    return inner.ToolCall(
        identity,
        fields.text(function.get("name"), f"{place}.function.name"),
        fields.text(function.get("arguments") or "", f"{place}.function.arguments"),
    )


def parts(content: Any, place: str) -> tuple[Shown, ...]:
    """What a message's content says and shows. Raises Malformed."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (inner.Text(content),) if content else ()
    return tuple(
        _part(fields.table(item, where), where)
        for index, item in enumerate(fields.items(content, f"{place}.content"))
        for where in (f"{place}.content[{index}]",)
    )


def _part(part: dict[str, Any], place: str) -> Shown:
    match part.get("type"):
        case "text" | "refusal":
            return inner.Text(fields.text(part.get(part["type"]), place))
        case "image_url":
            return inner.image_from(_link(part, "image_url", place))
        case "video_url":  # vLLM's and GLM's; not of OpenAI's own protocol
            return inner.video_from(_link(part, "video_url", place))
        case "file":
            file = fields.table(part.get("file"), f"{place}.file")
            if not file.get("file_data"):
                raise Malformed(f"{place}.file: {NOT_KEPT}")
            name = fields.text(file.get("filename") or "", f"{place}.file.filename")
            return inner.document_from(name, fields.text(file["file_data"], f"{place}.file_data"))
        case kind:
            raise Malformed(f"{place}: this model's upstream cannot read {kind!r}")


def _link(part: dict[str, Any], name: str, place: str) -> str:
    link = fields.table(part.get(name), f"{place}.{name}")
    return fields.text(link.get("url"), f"{place}.{name}.url")
