"""Anthropic Messages calls, to and from the common form.

What is dropped on the way in, since no other format can say it: cache marks, redacted thinking,
server-side tools, context management, and the billing line that Claude Code puts first. On the way
out, the system prompt's and the conversation's ends get a cache mark.
"""

from typing import Any

import msgspec

from codeplan.protocol import fields, inner
from codeplan.protocol.anthropic import thinking
from codeplan.protocol.outline import Malformed

BILLING_LINE = "x-anthropic-billing-header:"
# The protocol demands max_tokens; other formats' callers may leave it out.
DEFAULT_MAX_TOKENS = 8192
# Other formats cache without being asked; here the end of what stays the same must be marked.
_CACHE = {"type": "ephemeral"}


def without_billing(text: str) -> str:
    """A system text without Claude Code's own line, whose hash is another one in each call."""
    return text.partition("\n")[2].lstrip() if text.startswith(BILLING_LINE) else text


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    call = fields.whole_body(body)
    messages = [
        inner.Message("system", (inner.Text(line),))
        for text in _system(call.get("system"))
        if (line := without_billing(text))
    ]
    for index, item in enumerate(fields.items(call.get("messages"), "messages")):
        messages.append(_message(fields.table(item, f"messages[{index}]"), f"messages[{index}]"))
    thought = fields.table(call.get("thinking") or {}, "thinking")
    output = fields.table(call.get("output_config") or {}, "output_config")
    form = fields.table(output.get("format") or {}, "output_config.format")
    metadata = fields.table(call.get("metadata") or {}, "metadata")
    kind = thought.get("type")
    return inner.Request(
        model=fields.text(call.get("model"), "model"),
        messages=tuple(messages),
        stream=bool(call.get("stream")),
        tools=_tools(call.get("tools")),
        tool_choice=_tool_choice(call.get("tool_choice")),
        max_tokens=fields.whole(call.get("max_tokens"), "max_tokens"),
        temperature=fields.number(call.get("temperature"), "temperature"),
        top_p=fields.number(call.get("top_p"), "top_p"),
        top_k=fields.whole(call.get("top_k"), "top_k"),
        stop=fields.texts(call.get("stop_sequences"), "stop_sequences"),
        thinking=None if kind is None else kind != "disabled",
        thinking_budget=fields.whole(thought.get("budget_tokens"), "thinking.budget_tokens"),
        effort=fields.text(output.get("effort") or "", "output_config.effort"),
        signs=True,
        json_schema=form.get("schema") if form.get("type") == "json_schema" else None,
        user=fields.text(metadata.get("user_id") or "", "metadata.user_id"),
    )


def _system(system: Any) -> tuple[str, ...]:
    if isinstance(system, list):
        blocks = [fields.table(block, "system") for block in system]
        return tuple(fields.text(block.get("text", ""), "system") for block in blocks)
    return fields.texts(system, "system")


def _message(message: dict[str, Any], place: str) -> inner.Message:
    role = message.get("role")
    if role not in ("user", "assistant", "system"):
        raise Malformed(f"{place}.role: expected user, assistant or system")
    return inner.Message(role, _parts(message.get("content"), f"{place}.content"))


def _parts(content: Any, place: str) -> tuple[inner.Part, ...]:
    if isinstance(content, str):
        return (inner.Text(content),) if content else ()
    parts = []
    for index, item in enumerate(fields.items(content, place)):
        part = _part(fields.table(item, f"{place}[{index}]"), f"{place}[{index}]")
        if part is not None:
            parts.append(part)
    return tuple(parts)


def _part(block: dict[str, Any], place: str) -> inner.Part | None:
    match block.get("type"):
        case "text":
            return inner.Text(fields.text(block.get("text"), f"{place}.text"))
        case "image":
            return _image(fields.table(block.get("source"), f"{place}.source"), place)
        case "thinking":
            signature = block.get("signature") or ""
            return inner.Thinking(fields.text(block.get("thinking"), place), str(signature))
        case "tool_use":
            return inner.ToolCall(
                fields.text(block.get("id"), f"{place}.id"),
                fields.text(block.get("name"), f"{place}.name"),
                msgspec.json.encode(block.get("input") or {}).decode(),
            )
        case "tool_result":
            return _tool_result(block, place)
        case "document":
            return _document(block, place)
        case _:
            return None


def _image(source: dict[str, Any], place: str) -> inner.Image:
    if source.get("type") == "base64":
        return inner.Image(
            media_type=fields.text(source.get("media_type"), f"{place}.source.media_type"),
            data=fields.text(source.get("data"), f"{place}.source.data"),
        )
    return inner.Image(url=fields.text(source.get("url"), f"{place}.source.url"))


def _document(block: dict[str, Any], place: str) -> inner.Document | inner.Text:
    source = fields.table(block.get("source"), f"{place}.source")
    name = fields.text(block.get("title") or "", f"{place}.title")
    match source.get("type"):
        case "text":
            return inner.Text(fields.text(source.get("data"), f"{place}.source.data"))
        case "base64":
            kind = fields.text(source.get("media_type"), f"{place}.source.media_type")
            data = fields.text(source.get("data"), f"{place}.source.data")
            return inner.Document(name, kind, data)
        case "url":
            return inner.Document(name, url=fields.text(source.get("url"), f"{place}.source.url"))
    raise Malformed(f"{place}.source.type: expected base64, text or url")


def _tool_result(block: dict[str, Any], place: str) -> inner.ToolResult:
    parts = _parts(block.get("content") or "", f"{place}.content")
    return inner.ToolResult(
        fields.text(block.get("tool_use_id"), f"{place}.tool_use_id"),
        tuple(p for p in parts if isinstance(p, inner.Text | inner.Image | inner.Document)),
        bool(block.get("is_error")),
    )


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    found = []
    for index, item in enumerate(fields.items(tools or [], "tools")):
        tool = fields.table(item, f"tools[{index}]")
        if "input_schema" in tool:
            name = fields.text(tool.get("name"), f"tools[{index}].name")
            description = fields.text(tool.get("description") or "", f"tools[{index}].description")
            found.append(inner.Tool(name, description, tool["input_schema"]))
    return tuple(found)


def _tool_choice(choice: Any) -> inner.ToolChoice | None:
    if choice is None:
        return None
    choice = fields.table(choice, "tool_choice")
    parallel = not choice.get("disable_parallel_tool_use")
    match choice.get("type"):
        case "auto":
            return inner.ToolChoice("auto", parallel=parallel)
        case "none":
            return inner.ToolChoice("none")
        case "any":
            return inner.ToolChoice("required", parallel=parallel)
        case "tool":
            name = fields.text(choice.get("name"), "tool_choice.name")
            return inner.ToolChoice("named", name, parallel)
    raise Malformed("tool_choice.type: expected auto, any, tool or none")


def encode(request: inner.Request, model: str, _dialect: str = "") -> bytes:
    """The call as this protocol writes it, for the upstream's own name of the model."""
    lead, rest = _leading_system(request.messages)
    call: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": _encode_messages(rest),
        "stream": request.stream,
    }
    if lead:
        call["system"] = [{"type": "text", "text": line} for line in lead]
        call["system"][-1]["cache_control"] = _CACHE
    if call["messages"] and call["messages"][-1]["content"][-1]["type"] != "thinking":
        call["messages"][-1]["content"][-1]["cache_control"] = _CACHE
    if request.tools:
        call["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
            for tool in request.tools
        ]
    if request.tool_choice is not None:
        call["tool_choice"] = _encode_choice(request.tool_choice)
    if request.temperature is not None:
        # OpenAI's scale goes to 2, this one to 1.
        call["temperature"] = min(request.temperature, 1.0)
    if request.top_p is not None:
        call["top_p"] = request.top_p
    if request.top_k is not None:
        call["top_k"] = request.top_k
    if request.stop:
        call["stop_sequences"] = list(request.stop)
    thinking.add(request, call)
    if request.json_schema is not None:
        call["output_config"] = {"format": {"type": "json_schema", "schema": request.json_schema}}
    if request.user:
        call["metadata"] = {"user_id": request.user}
    return msgspec.json.encode(call)


def _leading_system(
    messages: tuple[inner.Message, ...],
) -> tuple[list[str], tuple[inner.Message, ...]]:
    lead: list[str] = []
    for index, message in enumerate(messages):
        if message.role != "system":
            return lead, messages[index:]
        lead += [part.text for part in message.parts if isinstance(part, inner.Text)]
    return lead, ()


def _encode_messages(messages: tuple[inner.Message, ...]) -> list[dict[str, Any]]:
    """Messages with each role's runs joined, since tool results and texts share one message.

    A system message in mid-conversation is the user's, marked as a reminder.
    """
    encoded: list[dict[str, Any]] = []
    for message in messages:
        parts = message.parts
        if message.role == "system":
            parts = tuple(inner.reminder(part) for part in parts if isinstance(part, inner.Text))
        blocks = [block for part in parts if (block := _encode_part(part)) is not None]
        if not blocks:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if encoded and encoded[-1]["role"] == role:
            encoded[-1]["content"] += blocks
        else:
            encoded.append({"role": role, "content": blocks})
    return encoded


def _encode_part(part: inner.Part) -> dict[str, Any] | None:
    match part:
        case inner.Text(text):
            return {"type": "text", "text": text} if text else None
        case inner.Image(media_type, data, url):
            source = (
                {"type": "base64", "media_type": media_type, "data": data}
                if data
                else {"type": "url", "url": url}
            )
            return {"type": "image", "source": source}
        case inner.Video():
            raise Malformed("messages: this model's upstream cannot read 'video_url'")
        case inner.Document(name, media_type, data, url):
            document = (
                {"type": "base64", "media_type": media_type, "data": data}
                if data
                else {"type": "url", "url": url}
            )
            return {"type": "document", "source": document, **({"title": name} if name else {})}
        case inner.Thinking(text, signature):
            # The upstream refuses thinking that it did not sign.
            return (
                {"type": "thinking", "thinking": text, "signature": signature}
                if signature
                else None
            )
        case inner.ToolCall(call_id, name, arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": _object(arguments)}
        case inner.ToolResult(call_id, parts, is_error):
            block: dict[str, Any] = {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": [made for item in parts if (made := _encode_part(item)) is not None],
            }
            if is_error:
                block["is_error"] = True
            return block


def _object(arguments: str) -> Any:
    """The arguments' JSON; a model's broken JSON is kept as text, so that nothing is lost."""
    try:
        value = msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": value}


def _encode_choice(choice: inner.ToolChoice) -> dict[str, Any]:
    if choice.kind == "none":
        return {"type": "none"}
    encoded: dict[str, Any] = {
        "type": {"auto": "auto", "required": "any", "named": "tool"}[choice.kind]
    }
    if choice.kind == "named":
        encoded["name"] = choice.name
    if not choice.parallel:
        encoded["disable_parallel_tool_use"] = True
    return encoded
