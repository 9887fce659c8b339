"""Items of a Responses call's input, to the common form.

What OpenAI's own tools did (a search, an interpreter's run, a shell's) is told as text. Reasoning
that another server encrypted is dropped, which no upstream of ours could read, and a text's
annotations. An item that stands for
what a server kept, or that none of this fits, is refused by its name.
"""

from typing import Any

from codeplan.protocol import fields, hosted, inner
from codeplan.protocol.openai_responses import reasoning
from codeplan.protocol.openai_responses.names import SEPARATOR
from codeplan.protocol.outline import Malformed

Shown = inner.Text | inner.Image | inner.Document
# What a server's own tools did, and what a program answered to such a call.
_DONE_ELSEWHERE = frozenset({
    "apply_patch_call", "code_interpreter_call", "computer_call", "file_search_call",
    "local_shell_call", "mcp_approval_request", "mcp_call", "mcp_list_tools", "program",
    "program_output", "shell_call", "tool_search_call", "tool_search_output", "web_search_call",
})  # fmt: skip
_ANSWERED = frozenset({
    "apply_patch_call_output", "computer_call_output", "local_shell_call_output",
    "mcp_approval_response", "shell_call_output",
})  # fmt: skip


def messages(items: list[Any]) -> list[inner.Message]:
    """Each item as a message; what the assistant did in a row is one message. Raises Malformed."""
    made: list[inner.Message] = []
    for index, entry in enumerate(items):
        message = _item(fields.table(entry, f"input[{index}]"), f"input[{index}]")
        if message is None:
            continue
        if message.role == "assistant" and made and made[-1].role == "assistant":
            made[-1] = inner.Message("assistant", made[-1].parts + message.parts)
        else:
            made.append(message)
    return made


def _item(item: dict[str, Any], place: str) -> inner.Message | None:
    bare = "item_reference" if "id" in item and "role" not in item else "message"
    match item.get("type", bare):
        case "message":
            return _message(item, place)
        case "function_call":
            return inner.Message("assistant", (_call(item, "arguments", place),))
        case "custom_tool_call":
            text = fields.text(item.get("input") or "", f"{place}.input")
            arguments = {**item, "arguments": fields.to_json({"input": text})}
            return inner.Message("assistant", (_call(arguments, "arguments", place),))
        case "function_call_output" | "custom_tool_call_output":
            call_id = fields.text(item.get("call_id") or "", f"{place}.call_id")
            parts = _parts(item.get("output"), f"{place}.output")
            return inner.Message("user", (inner.ToolResult(call_id, parts),))
        case "reasoning":
            thinking = reasoning.read(item)
            return inner.Message("assistant", (thinking,)) if thinking else None
        case "image_generation_call":
            data = fields.text(item.get("result") or "", f"{place}.result")
            return inner.Message("assistant", (inner.Image("image/png", data),) if data else ())
        case str(kind) if kind in _DONE_ELSEWHERE:
            return inner.Message("assistant", (hosted.told(item),))
        case str(kind) if kind in _ANSWERED:
            return inner.Message("user", (hosted.told(item), *_screenshot(item)))
        case "item_reference":
            raise Malformed(
                f"{place}: answers are not kept here, so an item_reference leads nowhere; send the"
                " whole items, as clients do with store set to false"
            )
        case "compaction":
            raise Malformed(
                f"{place}: only the server that wrote this compaction can read it; begin a new"
                " session"
            )
        case kind:
            raise Malformed(f"{place}: this model's upstream cannot read {kind!r}")


def _screenshot(item: dict[str, Any]) -> tuple[inner.Part, ...]:
    match item.get("output"):
        case {"image_url": str(link)}:
            return (inner.image_from(link),)
    return ()


def _message(item: dict[str, Any], place: str) -> inner.Message:
    roles = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
    role = roles.get(str(item.get("role")))
    if role is None:
        raise Malformed(f"{place}.role: expected system, developer, user or assistant")
    parts = _parts(item.get("content"), f"{place}.content")
    return inner.Message(role, parts)  # type: ignore[arg-type]  # one of the three, by the table


def _call(item: dict[str, Any], field: str, place: str) -> inner.ToolCall:
    name = fields.text(item.get("name"), f"{place}.name")
    if item.get("namespace"):
        name = f"{fields.text(item['namespace'], f'{place}.namespace')}{SEPARATOR}{name}"
    return inner.ToolCall(
        fields.text(item.get("call_id"), f"{place}.call_id"),
        name,
        fields.text(item.get(field) or "", f"{place}.{field}"),
    )


def _parts(content: Any, place: str) -> tuple[Shown, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (inner.Text(content),) if content else ()
    parts: list[Shown] = []
    for index, entry in enumerate(fields.items(content, place)):
        where = f"{place}[{index}]"
        part = fields.table(entry, where)
        match part.get("type"):
            case "input_text" | "output_text" | "text":
                parts.append(inner.Text(fields.text(part.get("text"), f"{where}.text")))
            case "refusal":
                parts.append(inner.Text(fields.text(part.get("refusal"), f"{where}.refusal")))
            case "input_image" | "computer_screenshot" if part.get("image_url"):
                url = fields.text(part["image_url"], f"{where}.image_url")
                parts.append(inner.image_from(url))
            case "input_file" if part.get("file_data") or part.get("file_url"):
                name = fields.text(part.get("filename") or "", f"{where}.filename")
                link = part.get("file_data") or part.get("file_url")
                parts.append(inner.document_from(name, fields.text(link, f"{where}.file_data")))
            case "input_image" | "computer_screenshot" | "input_file":
                raise Malformed(f"{where}: {inner.FILES_NOT_KEPT}")
            case kind:
                raise Malformed(f"{where}: this model's upstream cannot read {kind!r}")
    return tuple(parts)
