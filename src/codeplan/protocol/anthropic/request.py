"""Anthropic Messages calls, to and from the common form.

What is dropped on the way in, since no other format can say it: cache marks, server-side tools and
MCP servers, context management, and the billing line that Claude Code puts first. On the way out,
the system prompt's and the conversation's ends get a cache mark.
"""

import hashlib
from typing import Any

import msgspec

from codeplan.protocol import choices, fields, inner, tool_names
from codeplan.protocol.anthropic import blocks, messages, schema, thinking
from codeplan.protocol.outline import Malformed
from codeplan.protocol.parameters import accepted

BILLING_LINE = "x-anthropic-billing-header:"
# The protocol demands max_tokens; other formats' callers may leave it out.
DEFAULT_MAX_TOKENS = 8192
# Other formats cache without being asked; here the end of what stays the same must be marked.
_CACHE = {"type": "ephemeral"}
# Characters of metadata.user_id, by the reference of the Messages API.
_MOST_USER = 256
# Anthropic's own tools that callers run; all others of its own run on its servers.
_CALLERS_OWN = ("bash_", "text_editor_", "memory_", "computer_", "browser_")
# Fields whose JSON is the caller's own.
_FREE = frozenset({"input_schema", "schema", "input"})


def without_billing(text: str) -> str:
    """A system text without Claude Code's own line, whose hash is another one in each call."""
    return text.partition("\n")[2].lstrip() if text.startswith(BILLING_LINE) else text


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    call = fields.whole_body(body, _FREE)
    conversation = [
        inner.Message("system", (inner.Text(line),))
        for text in _system(call.get("system"))
        if (line := without_billing(text))
    ]
    conversation += [
        _message(fields.table(item, f"messages[{index}]"), f"messages[{index}]")
        for index, item in enumerate(fields.items(call.get("messages"), "messages"))
    ]
    thought = fields.table(call.get("thinking") or {}, "thinking")
    output = fields.table(call.get("output_config") or {}, "output_config")
    metadata = fields.table(call.get("metadata") or {}, "metadata")
    kind = thought.get("type")
    return inner.Request(
        model=fields.text(call.get("model"), "model"),
        messages=tuple(conversation),
        stream=bool(call.get("stream")),
        tools=_tools(call.get("tools")),
        tool_choice=_tool_choice(call.get("tool_choice"), call.get("tools") or []),
        max_tokens=fields.whole(call.get("max_tokens"), "max_tokens"),
        temperature=fields.number(call.get("temperature"), "temperature"),
        top_p=fields.number(call.get("top_p"), "top_p"),
        top_k=fields.whole(call.get("top_k"), "top_k"),
        stop=fields.texts(call.get("stop_sequences"), "stop_sequences"),
        thinking=None if kind is None else kind != "disabled",
        thinking_budget=fields.whole(thought.get("budget_tokens"), "thinking.budget_tokens"),
        effort=fields.text(output.get("effort") or "", "output_config.effort"),
        signs=True,
        form=_form(output.get("format")),
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
    return inner.Message(role, blocks.parts(message.get("content"), f"{place}.content"))


def _form(form: Any) -> inner.AnswerForm | None:
    place = "output_config.format"
    if form is None:
        return None
    if fields.table(form, place).get("type") != "json_schema":
        raise Malformed(f"{place}.type: expected json_schema")
    return inner.AnswerForm(fields.table(form.get("schema"), f"{place}.schema"))


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    """Those that the caller runs itself."""
    offered = []
    for index, item in enumerate(fields.items(tools or [], "tools")):
        place = f"tools[{index}]"
        tool = fields.table(item, place)
        if tool.get("input_schema") is None:
            _check_hosted(tool, place)
            continue
        name = fields.text(tool.get("name"), f"{place}.name")
        description = fields.text(tool.get("description") or "", f"{place}.description")
        schema = fields.table(tool["input_schema"], f"{place}.input_schema")
        strict = fields.flag(tool.get("strict"), f"{place}.strict")
        offered.append(inner.Tool(name, description, schema, strict))
    return choices.offered(tuple(offered))


def _check_hosted(tool: dict[str, Any], place: str) -> None:
    """Raises Malformed for a tool that the caller runs and Anthropic's models alone know: without
    it an agent would have no hands, and nobody would say so."""
    if tool.get("type") in (None, "custom"):
        raise Malformed(f"{place}.input_schema: expected an object")
    kind = fields.text(tool["type"], f"{place}.type")
    if kind.startswith(_CALLERS_OWN):
        raise Malformed(
            f"{place}: this model's upstream does not know {kind!r} by itself; offer the tool with"
            " an input_schema"
        )


def _tool_choice(choice: Any, tools: Any) -> inner.ToolChoice | None:
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
            if any(tool.get("name") == name and "input_schema" not in tool for tool in tools):
                return inner.ToolChoice("auto", parallel=parallel)  # one that runs at Anthropic
            return inner.ToolChoice("named", name, parallel)
    raise Malformed("tool_choice.type: expected auto, any, tool or none")


def encode(request: inner.Request, model: str, dialect: str = "plain") -> bytes:
    """The call as this protocol writes it, for the upstream's own name of the model.

    ``dialect``: "adaptive" for models that choose themselves how long they think. Raises Malformed.
    """
    lead, rest = _leading_system(request.messages)
    form = schema.compiled(request.form) if request.form else None
    if request.form is not None and form is None:
        lead.append(schema.instruction(request.form))
    call: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": messages.encode(rest, may_begin=dialect != thinking.ADAPTIVE),
        "stream": request.stream,
    }
    if lead:
        call["system"] = [{"type": "text", "text": line} for line in lead]
        call["system"][-1]["cache_control"] = _CACHE
    call["messages"][-1]["content"][-1]["cache_control"] = _CACHE
    if request.tools:
        call["tools"] = [_encode_tool(tool) for tool in request.tools]
    choice = choices.checked(request.tools, request.tool_choice)
    if choice is not None:
        call["tool_choice"] = _encode_choice(choice)
    call |= _sampling(request)
    if form is not None:
        call["output_config"] = {"format": {"type": "json_schema", "schema": form}}
    thinking.add(request, call, dialect)
    if request.user:
        call["metadata"] = {"user_id": _user(request.user)}
    return msgspec.json.encode(call)


def _leading_system(
    conversation: tuple[inner.Message, ...],
) -> tuple[list[str], tuple[inner.Message, ...]]:
    """The texts that stand before anybody speaks, and the rest."""
    lead: list[str] = []
    for index, message in enumerate(conversation):
        texts = [part.text for part in message.parts if isinstance(part, inner.Text)]
        if message.role != "system" or len(texts) < len(message.parts):
            return lead, conversation[index:]
        lead += [text for text in texts if text.strip()]
    return lead, ()


def _encode_tool(tool: inner.Tool) -> dict[str, Any]:
    """``strict`` is left out: only some models have it, for a few tools and plain schemas."""
    description, parameters = accepted(tool)
    name = tool_names.fitted(tool.name)
    return {"name": name, "description": description, "input_schema": parameters}


def _encode_choice(choice: inner.ToolChoice) -> dict[str, Any]:
    if choice.kind == "none":
        return {"type": "none"}
    encoded: dict[str, Any] = {
        "type": {"auto": "auto", "required": "any", "named": "tool"}[choice.kind]
    }
    if choice.kind == "named":
        encoded["name"] = tool_names.fitted(choice.name)
    if not choice.parallel:
        encoded["disable_parallel_tool_use"] = True
    return encoded


def _sampling(request: inner.Request) -> dict[str, Any]:
    """How the answer is drawn, and where it stops. Newer models refuse temperature and top_p
    together, and a stop that is blank is refused by all."""
    said: dict[str, Any] = {}
    if request.temperature is not None:
        # OpenAI's scale goes to 2, this one to 1.
        said["temperature"] = min(request.temperature, 1.0)
    elif request.top_p is not None:
        said["top_p"] = request.top_p
    if request.top_k is not None:
        said["top_k"] = request.top_k
    if stops := [stop for stop in request.stop if stop.strip()]:
        said["stop_sequences"] = stops
    return said


def _user(user: str) -> str:
    """An id that is too long, by a hash."""
    return user if len(user) <= _MOST_USER else hashlib.sha256(user.encode()).hexdigest()
