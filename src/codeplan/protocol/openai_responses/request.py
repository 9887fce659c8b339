"""Responses calls, to the common form.

Tools inside a ``namespace`` become functions named ``namespace__name``, and calls of them are given
back with their namespace. A ``custom`` (free-form) tool becomes a function with one text argument,
and calls of it are given back as free-form ones.
Dropped, since no upstream of ours can say it: hosted tools (web_search and the like), reasoning
that another server encrypted, ``include``, ``store`` and ``client_metadata``.
"""

from typing import Any

from codeplan.protocol import fields, inner
from codeplan.protocol.openai_responses import reasoning
from codeplan.protocol.openai_responses.names import SEPARATOR
from codeplan.protocol.outline import Malformed

# Tools that OpenAI runs itself, and its list of allowed ones: no upstream of ours has them.
HOSTED = frozenset({
    "allowed_tools", "apply_patch", "code_interpreter", "computer_use_preview", "file_search",
    "image_generation", "local_shell", "mcp", "shell", "tool_search", "web_search",
    "web_search_preview",
})  # fmt: skip
FREE_FORM = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
}


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    call = fields.whole_body(body)
    if call.get("previous_response_id"):
        raise Malformed("previous_response_id: answers are not kept here; send the whole input")
    messages = []
    if call.get("instructions"):
        lead = fields.text(call["instructions"], "instructions")
        messages.append(inner.Message("system", (inner.Text(lead),)))
    given = call.get("input")
    if isinstance(given, str):
        messages.append(inner.Message("user", (inner.Text(given),)))
    else:
        messages += _items(fields.items(given, "input"))
    thought = fields.table(call.get("reasoning") or {}, "reasoning")
    form = fields.table((call.get("text") or {}).get("format") or {}, "text.format")
    return inner.Request(
        model=fields.text(call.get("model"), "model"),
        messages=tuple(messages),
        stream=bool(call.get("stream")),
        tools=_tools(call.get("tools")),
        tool_choice=_tool_choice(call.get("tool_choice"), call.get("parallel_tool_calls")),
        max_tokens=fields.whole(call.get("max_output_tokens"), "max_output_tokens"),
        temperature=fields.number(call.get("temperature"), "temperature"),
        top_p=fields.number(call.get("top_p"), "top_p"),
        effort=fields.text(thought.get("effort") or "", "reasoning.effort"),
        signs=True,
        json_schema=form.get("schema") if form.get("type") == "json_schema" else None,
        user=fields.text(call.get("user") or "", "user"),
        cache_key=fields.text(call.get("prompt_cache_key") or "", "prompt_cache_key"),
    )


def _items(items: list[Any]) -> list[inner.Message]:
    """Each item as a message; what the assistant did in a row is one message."""
    messages: list[inner.Message] = []
    for index, entry in enumerate(items):
        message = _item(fields.table(entry, f"input[{index}]"), f"input[{index}]")
        if message is None:
            continue
        joins = message.role == "assistant" and messages and messages[-1].role == "assistant"
        if joins:
            messages[-1] = inner.Message("assistant", messages[-1].parts + message.parts)
        else:
            messages.append(message)
    return messages


def _item(item: dict[str, Any], place: str) -> inner.Message | None:
    match item.get("type", "message"):
        case "message":
            return _message(item, place)
        case "function_call":
            return inner.Message("assistant", (_call(item, "arguments", place),))
        case "custom_tool_call":
            text = fields.text(item.get("input") or "", f"{place}.input")
            arguments = {**item, "arguments": fields.to_json({"input": text})}
            return inner.Message("assistant", (_call(arguments, "arguments", place),))
        case "function_call_output" | "custom_tool_call_output":
            call_id = fields.text(item.get("call_id"), f"{place}.call_id")
            parts = _parts(item.get("output"), f"{place}.output")
            return inner.Message("user", (inner.ToolResult(call_id, parts),))
        case "reasoning":
            thinking = reasoning.read(item)
            return inner.Message("assistant", (thinking,)) if thinking else None
    return None


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


def _parts(content: Any, place: str) -> tuple[inner.Text | inner.Image | inner.Document, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (inner.Text(content),) if content else ()
    parts: list[inner.Text | inner.Image | inner.Document] = []
    for index, entry in enumerate(fields.items(content, place)):
        where = f"{place}[{index}]"
        part = fields.table(entry, where)
        match part.get("type"):
            case "input_text" | "output_text" | "text":
                parts.append(inner.Text(fields.text(part.get("text"), f"{where}.text")))
            case "refusal":
                parts.append(inner.Text(fields.text(part.get("refusal"), f"{where}.refusal")))
            case "input_image":
                url = fields.text(part.get("image_url"), f"{where}.image_url")
                parts.append(inner.image_from(url))
            case "input_file" if part.get("file_data") or part.get("file_url"):
                name = fields.text(part.get("filename") or "", f"{where}.filename")
                link = part.get("file_data") or part.get("file_url")
                parts.append(inner.document_from(name, fields.text(link, f"{where}.file_data")))
            case kind:
                raise Malformed(f"{where}: this model's upstream cannot read {kind!r}")
    return tuple(parts)


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    found: list[inner.Tool] = []
    for index, entry in enumerate(fields.items(tools or [], "tools")):
        place = f"tools[{index}]"
        tool = fields.table(entry, place)
        if tool.get("type") == "namespace":
            prefix = fields.text(tool.get("name"), f"{place}.name") + SEPARATOR
            inside = fields.items(tool.get("tools") or [], f"{place}.tools")
            found += [
                made
                for one in inside
                if (made := _tool(fields.table(one, place), place, prefix)) is not None
            ]
        elif (made := _tool(tool, place, "")) is not None:
            found.append(made)
    return tuple(found)


def _tool(tool: dict[str, Any], place: str, prefix: str) -> inner.Tool | None:
    if tool.get("type") not in ("function", "custom"):
        return None
    schema = tool.get("parameters") or {"type": "object", "properties": {}}
    description = fields.text(tool.get("description") or "", f"{place}.description")
    if tool["type"] == "custom":
        description, schema = f"{description}\n\n{_free_form(tool)}".strip(), FREE_FORM
    name = prefix + fields.text(tool.get("name"), f"{place}.name")
    return inner.Tool(name, description, schema)


def _free_form(tool: dict[str, Any]) -> str:
    """What the model must know of a free-form tool that it sees as a function."""
    match tool.get("format"):
        case {"type": "grammar", "syntax": str(syntax), "definition": str(grammar)}:
            return f"Put the whole text into `input`. It follows this {syntax} grammar:\n{grammar}"
    return "Put the whole text into `input`."


def _tool_choice(choice: Any, parallel: Any) -> inner.ToolChoice | None:
    together = parallel is not False
    match choice:
        case None:
            return None if together else inner.ToolChoice("auto", parallel=False)
        case "auto" | "none" | "required":
            return inner.ToolChoice(choice, parallel=together)
        case {"type": "function" | "custom", "name": str(name)}:
            return inner.ToolChoice("named", name, together)
        case {"type": str(kind)} if kind in HOSTED:
            return inner.ToolChoice("auto", parallel=together)
    raise Malformed("tool_choice: expected auto, none, required or a tool's type and name")
