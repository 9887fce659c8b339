"""OpenAI Chat calls, to and from the common form.

How it is said here what only another format can say: a mid-conversation system message becomes a
user's text in ``<system-reminder>`` (many chat templates allow a system message at the start
only); images in a tool's result follow it in a user message; a failed result says so in its text.
"""

from typing import Any

import msgspec

from codeplan.protocol import effort, fields, inner
from codeplan.protocol.outline import Malformed

Shown = inner.Text | inner.Image | inner.Video | inner.Document


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    call = fields.whole_body(body)
    messages = [
        _message(fields.table(item, f"messages[{index}]"), f"messages[{index}]")
        for index, item in enumerate(fields.items(call.get("messages"), "messages"))
    ]
    thinking = fields.table(call.get("thinking") or {}, "thinking")
    limit = call.get("max_completion_tokens", call.get("max_tokens"))
    return inner.Request(
        model=fields.text(call.get("model"), "model"),
        messages=tuple(messages),
        stream=bool(call.get("stream")),
        tools=_tools(call.get("tools")),
        tool_choice=_tool_choice(call.get("tool_choice"), call.get("parallel_tool_calls")),
        max_tokens=fields.whole(limit, "max_tokens"),
        temperature=fields.number(call.get("temperature"), "temperature"),
        top_p=fields.number(call.get("top_p"), "top_p"),
        stop=fields.texts(call.get("stop"), "stop"),
        thinking={"enabled": True, "disabled": False}.get(str(thinking.get("type"))),
        effort=fields.text(call.get("reasoning_effort") or "", "reasoning_effort"),
        json_schema=_schema(call.get("response_format")),
        user=fields.text(call.get("user") or "", "user"),
        cache_key=fields.text(call.get("prompt_cache_key") or "", "prompt_cache_key"),
    )


def _message(message: dict[str, Any], place: str) -> inner.Message:
    content = message.get("content")
    match message.get("role"):
        case "system" | "developer":
            return inner.Message("system", _parts(content, place))
        case "user":
            return inner.Message("user", _parts(content, place))
        case "assistant":
            return inner.Message("assistant", _assistant(message, place))
        case "tool":
            call_id = fields.text(message.get("tool_call_id"), f"{place}.tool_call_id")
            return inner.Message("user", (inner.ToolResult(call_id, _parts(content, place)),))
    raise Malformed(f"{place}.role: expected system, developer, user, assistant or tool")


def _assistant(message: dict[str, Any], place: str) -> tuple[inner.Part, ...]:
    parts: list[inner.Part] = []
    if message.get("reasoning_content"):
        parts.append(inner.Thinking(fields.text(message["reasoning_content"], place)))
    parts += _parts(message.get("content"), place)
    for index, item in enumerate(fields.items(message.get("tool_calls") or [], place)):
        where = f"{place}.tool_calls[{index}]"
        call = fields.table(item, where)
        function = fields.table(call.get("function"), f"{where}.function")
        parts.append(
            inner.ToolCall(
                fields.text(call.get("id"), f"{where}.id"),
                fields.text(function.get("name"), f"{where}.function.name"),
                fields.text(function.get("arguments") or "", f"{where}.function.arguments"),
            )
        )
    return tuple(parts)


def _parts(content: Any, place: str) -> tuple[Shown, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (inner.Text(content),) if content else ()
    parts: list[Shown] = []
    for index, item in enumerate(fields.items(content, f"{place}.content")):
        where = f"{place}.content[{index}]"
        part = fields.table(item, where)
        match part.get("type"):
            case "text" | "refusal":
                parts.append(inner.Text(fields.text(part.get(part["type"]), where)))
            case "image_url":
                link = fields.table(part.get("image_url"), f"{where}.image_url")
                url = fields.text(link.get("url"), f"{where}.image_url.url")
                parts.append(inner.image_from(url))
            case "video_url":  # vLLM's and GLM's; not of OpenAI's own protocol
                link = fields.table(part.get("video_url"), f"{where}.video_url")
                url = fields.text(link.get("url"), f"{where}.video_url.url")
                parts.append(inner.video_from(url))
            case "file":
                file = fields.table(part.get("file"), f"{where}.file")
                name = fields.text(file.get("filename") or "", f"{where}.file.filename")
                data = fields.text(file.get("file_data"), f"{where}.file.file_data")
                parts.append(inner.document_from(name, data))
            case kind:
                raise Malformed(f"{where}: this model's upstream cannot read {kind!r}")
    return tuple(parts)


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    found = []
    for index, item in enumerate(fields.items(tools or [], "tools")):
        function = fields.table(item, f"tools[{index}]").get("function")
        if function is None:
            continue
        function = fields.table(function, f"tools[{index}].function")
        name = fields.text(function.get("name"), f"tools[{index}].function.name")
        description = fields.text(function.get("description") or "", f"tools[{index}].description")
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        found.append(inner.Tool(name, description, schema))
    return tuple(found)


def _tool_choice(choice: Any, parallel: Any) -> inner.ToolChoice | None:
    together = parallel is not False
    match choice:
        case None:
            return None if together else inner.ToolChoice("auto", parallel=False)
        case "auto" | "none" | "required":
            return inner.ToolChoice(choice, parallel=together)
        case {"function": {"name": str(name)}}:
            return inner.ToolChoice("named", name, together)
    raise Malformed("tool_choice: expected auto, none, required or a function's name")


def _schema(form: Any) -> Any:
    match form:
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return schema
        case {"type": "json_object"}:
            return {"type": "object"}
    return None


def encode(request: inner.Request, model: str, dialect: str = "plain") -> bytes:
    """The call as this protocol writes it, for the upstream's own name of the model.

    ``dialect``: how the server is told whether to think (plain, openai, glm, vllm or sglang).
    """
    call: dict[str, Any] = {
        "model": model,
        "messages": _encode_messages(request.messages),
        "stream": request.stream,
    }
    if request.stream:
        call["stream_options"] = {"include_usage": True}
    if request.max_tokens is not None:
        call["max_tokens"] = request.max_tokens
    if request.temperature is not None:
        call["temperature"] = request.temperature
    if request.top_p is not None:
        call["top_p"] = request.top_p
    if request.stop:
        call["stop"] = list(request.stop)
    if request.tools:
        call["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.schema,
                },
            }
            for tool in request.tools
        ]
    if request.tool_choice is not None and request.tools:
        call["tool_choice"] = _encode_choice(request.tool_choice)
        if not request.tool_choice.parallel:
            call["parallel_tool_calls"] = False
    if request.json_schema is not None:
        schema = {"name": "answer", "schema": request.json_schema}
        call["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.top_k is not None and dialect in ("vllm", "sglang"):
        call["top_k"] = request.top_k
    call |= _thinking(request, dialect)
    if request.cache_key and dialect == "openai":
        call["prompt_cache_key"] = request.cache_key
    return msgspec.json.encode(call)


def _thinking(request: inner.Request, dialect: str) -> dict[str, Any]:
    asked = effort.thinks(request)
    if dialect == "glm" and asked is not None:
        return {"thinking": {"type": "enabled" if asked else "disabled"}}
    if dialect in ("vllm", "sglang") and asked is not None:
        return {"chat_template_kwargs": {"enable_thinking": asked}}
    if dialect == "openai" and (word := effort.word(request)):
        return {"reasoning_effort": word}
    return {}


def _encode_choice(choice: inner.ToolChoice) -> Any:
    if choice.kind == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.kind


def _encode_messages(messages: tuple[inner.Message, ...]) -> list[dict[str, Any]]:
    encoded: list[dict[str, Any]] = []
    lead: list[str] = []
    for message in messages:
        if message.role == "system" and not encoded:
            lead += _plain(message.parts)
        elif message.role == "system":
            text = inner.reminder(inner.Text("\n\n".join(_plain(message.parts))))
            encoded.append({"role": "user", "content": text.text})
        elif message.role == "user":
            encoded += _encode_user(message.parts)
        else:
            encoded.append(_encode_assistant(message.parts))
        if encoded and lead:
            encoded.insert(0, {"role": "system", "content": "\n\n".join(lead)})
            lead = []
    if lead:
        encoded.append({"role": "system", "content": "\n\n".join(lead)})
    return encoded


def _plain(parts: tuple[inner.Part, ...]) -> list[str]:
    return [part.text for part in parts if isinstance(part, inner.Text)]


def _encode_user(parts: tuple[inner.Part, ...]) -> list[dict[str, Any]]:
    """Tool results first, each a message of its own; then what the user says and shows."""
    encoded: list[dict[str, Any]] = []
    shown: list[Shown] = []
    for part in parts:
        if isinstance(part, inner.ToolResult):
            text = "\n".join(_plain(part.parts))
            content = f"Error: {text}" if part.is_error else text
            encoded.append({"role": "tool", "tool_call_id": part.call_id, "content": content})
            shown += [item for item in part.parts if not isinstance(item, inner.Text)]
        elif isinstance(part, inner.Text | inner.Image | inner.Video | inner.Document):
            shown.append(part)
    if shown:
        encoded.append({"role": "user", "content": _encode_shown(shown)})
    return encoded


def _encode_shown(parts: list[Shown]) -> Any:
    if len(parts) == 1 and isinstance(parts[0], inner.Text):
        return parts[0].text
    return [_encode_part(part) for part in parts]


def _encode_part(part: Shown) -> dict[str, Any]:
    if isinstance(part, inner.Text):
        return {"type": "text", "text": part.text}
    link = f"data:{part.media_type};base64,{part.data}" if part.data else part.url
    if isinstance(part, inner.Image):
        return {"type": "image_url", "image_url": {"url": link}}
    if isinstance(part, inner.Video):
        return {"type": "video_url", "video_url": {"url": link}}
    return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": link}}


def _encode_assistant(parts: tuple[inner.Part, ...]) -> dict[str, Any]:
    text = "".join(_plain(parts))
    thought = "".join(part.text for part in parts if isinstance(part, inner.Thinking))
    calls = [
        {
            "id": part.id,
            "type": "function",
            "function": {"name": part.name, "arguments": part.arguments},
        }
        for part in parts
        if isinstance(part, inner.ToolCall)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    elif not text:
        message["content"] = ""
    return message
