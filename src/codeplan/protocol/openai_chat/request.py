"""OpenAI Chat calls, to and from the common form.

Dropped on the way in, since no other format can say it, or no upstream of ours needs it: penalties,
seeds, biases, log probabilities, verbosity, predictions, tiers, stored metadata, and hosted web
search. What would change what the caller gets back (several answers, sound, the functions of the
time before tools, free-form tools) is refused by its name.
"""

import hashlib
from typing import Any

import msgspec

from codeplan.protocol import choices, effort, fields, inner, tool_names
from codeplan.protocol.openai_chat import messages
from codeplan.protocol.openai_chat.dialects import DIALECTS, Dialect
from codeplan.protocol.openai_chat.history import History
from codeplan.protocol.outline import Malformed
from codeplan.protocol.parameters import NOTHING, accepted

# Fields whose JSON is the caller's own.
_FREE = frozenset({"parameters", "schema"})
_MOST_CACHE_KEY = 64


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    call = fields.whole_body(body, _FREE)
    _check(call)
    history = History()
    conversation = [
        history.message(fields.table(item, f"messages[{index}]"), f"messages[{index}]")
        for index, item in enumerate(fields.items(call.get("messages"), "messages"))
    ]
    thinking = fields.table(call.get("thinking") or {}, "thinking")
    limit = call.get("max_completion_tokens", call.get("max_tokens"))
    tools, choice = _choice(call, _tools(call.get("tools")))
    return inner.Request(
        model=fields.text(call.get("model"), "model"),
        messages=tuple(conversation),
        stream=bool(call.get("stream")),
        tools=tools,
        tool_choice=choice,
        max_tokens=fields.whole(limit, "max_tokens"),
        temperature=fields.number(call.get("temperature"), "temperature"),
        top_p=fields.number(call.get("top_p"), "top_p"),
        stop=fields.texts(call.get("stop"), "stop"),
        thinking={"enabled": True, "disabled": False}.get(str(thinking.get("type"))),
        effort=fields.text(call.get("reasoning_effort") or "", "reasoning_effort"),
        form=_form(call.get("response_format")),
        user=fields.text(call.get("user") or "", "user"),
        cache_key=fields.text(call.get("prompt_cache_key") or "", "prompt_cache_key"),
    )


def _check(call: dict[str, Any]) -> None:
    """Raises Malformed for what the answer could not keep."""
    if (fields.whole(call.get("n"), "n") or 1) > 1:
        raise Malformed("n: one answer a call is given here")
    if "audio" in fields.texts(call.get("modalities"), "modalities"):
        raise Malformed("modalities: answers are text here")
    if call.get("functions"):
        raise Malformed("functions: send them as tools; this model's upstream calls nothing else")


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    offered = []
    for index, item in enumerate(fields.items(tools or [], "tools")):
        place = f"tools[{index}]"
        tool = fields.table(item, place)
        if tool.get("function") is None:
            raise Malformed(
                f"{place}: this model's upstream cannot be offered a tool of the type"
                f" {tool.get('type')!r}"
            )
        function = fields.table(tool["function"], f"{place}.function")
        name = fields.text(function.get("name"), f"{place}.function.name")
        description = fields.text(function.get("description") or "", f"{place}.description")
        schema = fields.table(function.get("parameters") or NOTHING, f"{place}.parameters")
        strict = fields.flag(function.get("strict"), f"{place}.function.strict")
        offered.append(inner.Tool(name, description, schema, strict))
    return choices.offered(tuple(offered))


def _choice(
    call: dict[str, Any], tools: tuple[inner.Tool, ...]
) -> tuple[tuple[inner.Tool, ...], inner.ToolChoice | None]:
    """The tools that may be called, and the choice among them."""
    parallel = call.get("parallel_tool_calls") is not False
    match call.get("tool_choice"):
        case None:
            return tools, None if parallel else inner.ToolChoice("auto", parallel=False)
        case "auto" | "none" | "required" as kind:
            return tools, inner.ToolChoice(kind, parallel=parallel)
        case {"function": {"name": str(name)}}:
            return tools, inner.ToolChoice("named", name, parallel)
        case {"allowed_tools": {"mode": str(mode), "tools": list(allowed)}}:
            names = frozenset(_name(entry) for entry in allowed)
            return choices.narrowed(tools, names, mode, parallel)
    raise Malformed("tool_choice: expected auto, none, required or a function's name")


def _name(entry: Any) -> str:
    match entry:
        case {"function": {"name": str(name)}}:
            return name
    raise Malformed("tool_choice.allowed_tools.tools: expected functions with their names")


def _form(form: Any) -> inner.AnswerForm | None:
    match fields.table(form or {"type": "text"}, "response_format"):
        case {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return inner.AnswerForm()
        case {"type": "json_schema", "json_schema": dict(given)}:
            place = "response_format.json_schema"
            return inner.AnswerForm(
                fields.table(given.get("schema") or NOTHING, f"{place}.schema"),
                fields.text(given.get("name") or "answer", f"{place}.name"),
                fields.flag(given.get("strict"), f"{place}.strict"),
            )
    raise Malformed("response_format: expected text, json_object, or json_schema with its schema")


def encode(request: inner.Request, model: str, dialect: str = "plain") -> bytes:
    """The call as this protocol writes it, for the upstream's own name of the model.

    ``dialect``: a name of DIALECTS. Raises Malformed.
    """
    speaks = DIALECTS[dialect]
    call: dict[str, Any] = {
        "model": model,
        "messages": messages.encode(request.messages, speaks),
        "stream": request.stream,
    }
    if request.stream:
        call["stream_options"] = {"include_usage": True}
    if request.max_tokens is not None:
        call[speaks.limit] = request.max_tokens
    call |= _thinking(request, speaks)
    if speaks.draws and "reasoning_effort" not in call:
        call |= _drawing(request)
    if stops := _stops(request, speaks):
        call["stop"] = stops
    if request.tools:
        call["tools"] = [_encode_tool(tool) for tool in request.tools]
    choice = choices.checked(request.tools, request.tool_choice)
    if choice is not None:
        call["tool_choice"] = _encode_choice(choice)
        if not choice.parallel:
            call["parallel_tool_calls"] = False
    if request.form is not None:
        call["response_format"] = _encode_form(request.form)
        if request.form.schema is None:
            _ask_for_json(call["messages"])
    if request.top_k is not None and speaks.takes_top_k:
        call["top_k"] = request.top_k
    if request.cache_key and speaks.caches:
        call["prompt_cache_key"] = _cache_key(request.cache_key)
    return msgspec.json.encode(call)


def _thinking(request: inner.Request, speaks: Dialect) -> dict[str, Any]:
    asked = effort.thinks(request)
    if speaks.switch == "glm" and asked is not None:
        return {"thinking": {"type": "enabled" if asked else "disabled"}}
    if speaks.switch == "template" and asked is not None:
        return {"chat_template_kwargs": {"enable_thinking": asked}}
    if speaks.switch == "effort" and (word := effort.word(request)):
        return {"reasoning_effort": word}
    return {}


def _drawing(request: inner.Request) -> dict[str, float]:
    """How the answer is drawn. OpenAI's models do that as they will while they reason."""
    said = {"temperature": request.temperature, "top_p": request.top_p}
    return {name: value for name, value in said.items() if value is not None}


def _stops(request: inner.Request, speaks: Dialect) -> list[str]:
    """Raises Malformed where the answer would run on beyond a stop that the server cannot take."""
    stops = [stop for stop in request.stop if stop]
    if speaks.most_stops is not None and len(stops) > speaks.most_stops:
        raise Malformed(f"stop: this model's upstream takes {speaks.most_stops} at most")
    return stops


def _encode_tool(tool: inner.Tool) -> dict[str, Any]:
    description, parameters = accepted(tool)
    function: dict[str, Any] = {
        "name": tool_names.fitted(tool.name),
        "description": description,
        "parameters": parameters,
    }
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _encode_choice(choice: inner.ToolChoice) -> Any:
    if choice.kind == "named":
        return {"type": "function", "function": {"name": tool_names.fitted(choice.name)}}
    return choice.kind


def _encode_form(form: inner.AnswerForm) -> dict[str, Any]:
    if form.schema is None:
        return {"type": "json_object"}
    made: dict[str, Any] = {"name": tool_names.fitted(form.name), "schema": form.schema}
    if form.strict is not None:
        made["strict"] = form.strict
    return {"type": "json_schema", "json_schema": made}


def _ask_for_json(encoded: list[dict[str, Any]]) -> None:
    """Say it in words too: OpenAI refuses ``json_object`` where no message speaks of JSON."""
    if "json" in fields.to_json(encoded).lower():
        return
    if encoded and encoded[0]["role"] == "system":
        encoded[0]["content"] += f"\n\n{inner.ANY_OBJECT}"
    else:
        encoded.insert(0, {"role": "system", "content": inner.ANY_OBJECT})


def _cache_key(key: str) -> str:
    """A key that is too long, by a hash."""
    return key if len(key) <= _MOST_CACHE_KEY else hashlib.sha256(key.encode()).hexdigest()
