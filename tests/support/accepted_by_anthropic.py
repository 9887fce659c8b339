"""What Anthropic's Messages API says of a request: the types of its SDK, and the rules beside them
that its documentation and its errors tell."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from anthropic.types.message_create_params import MessageCreateParamsBase

from support.sdk_types import complaints

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ID = re.compile(r"[A-Za-z0-9_-]+")
# Keywords that structured outputs compile (the page "Structured outputs").
_SCHEMA = frozenset({
    "type", "enum", "const", "title", "description", "items", "properties", "required", "format",
    "additionalProperties", "anyOf", "allOf", "$ref", "$defs", "definitions", "minItems",
})  # fmt: skip


# The SDK's types of today have left these out, with the models that took them; others still do.
_DRAWING = frozenset({"temperature", "top_p", "top_k"})


def refusals(call: dict[str, Any], dialect: str) -> list[str]:
    """Why a server of the dialect would refuse the request; nothing where it would not."""
    older = _DRAWING if dialect != "adaptive" else frozenset()
    typed = {name: value for name, value in call.items() if name not in {"stream", *older}}
    wrong = complaints(typed, MessageCreateParamsBase)
    if wrong:
        return wrong
    if not call["messages"]:
        return ["messages: none"]
    return [
        *_conversation(call["messages"]),
        *_tools(call),
        *_numbers(call),
        *_thinking(call),
        *_adaptive(call, dialect),
        *_texts(call),
        *_form(call),
    ]


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _conversation(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Turns, and results directly behind their calls."""
    roles = [message["role"] for message in messages]
    if roles[0] != "user":
        yield "messages: the user speaks first"
    if any(before == role for before, role in pairwise(roles)):
        yield "messages: the roles take turns"
    ids: list[str] = []
    for index, message in enumerate(messages):
        blocks = _blocks(message)
        kinds = [block["type"] for block in blocks]
        place = f"messages[{index}]"
        if not blocks:
            yield f"{place}: is empty"
        own = {"user": {"image", "document", "tool_result"}, "assistant": {"tool_use", "thinking"}}
        other = own["assistant" if message["role"] == "user" else "user"]
        if other & set(kinds):
            yield f"{place}: {other & set(kinds)} is not for {message['role']}"
        if kinds and kinds[-1] == "thinking":
            yield f"{place}: ends with thinking"
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        ids += calls
        results: list[str] = []
        if index + 1 < len(messages):
            for block in _blocks(messages[index + 1]):
                if block["type"] != "tool_result":
                    break
                results.append(block["tool_use_id"])
        if sorted(calls) != sorted(results):
            yield f"{place}: calls {calls}, but behind them are the results of {results}"
    answered = [
        b["tool_use_id"] for m in messages for b in _blocks(m) if b["type"] == "tool_result"
    ]
    if sorted(answered) != sorted(ids):
        yield f"messages: results of {answered} for the calls {ids}"
    if len(set(ids)) != len(ids) or not all(_ID.fullmatch(one) for one in ids):
        yield f"messages: ids {ids}"
    last = _blocks(messages[-1])[-1]
    if roles[-1] == "assistant" and str(last.get("text", "")).endswith((" ", "\n", "\t", "\r")):
        yield "messages: the last text ends with white space"


def _tools(call: dict[str, Any]) -> Iterator[str]:
    tools = call.get("tools", [])
    names = [tool["name"] for tool in tools]
    used = [b["name"] for m in call["messages"] for b in _blocks(m) if b["type"] == "tool_use"]
    if not all(_NAME.fullmatch(name) for name in [*names, *used]):
        yield f"tools: names {names} {used}"
    if len(set(names)) != len(names):
        yield f"tools: a name twice: {names}"
    for tool in tools:
        schema = tool["input_schema"]
        if schema.get("type") != "object" or {"anyOf", "oneOf", "allOf"} & set(schema):
            yield f"tools: {tool['name']}: input_schema {schema}"
    choice = call.get("tool_choice")
    if choice is not None and not tools:
        yield "tool_choice: without tools"
    if choice is not None and choice["type"] == "tool" and choice["name"] not in names:
        yield f"tool_choice: {choice['name']} is not offered"


def _numbers(call: dict[str, Any]) -> Iterator[str]:
    if call["max_tokens"] < 1:
        yield "max_tokens: below 1"
    for name in ("temperature", "top_p"):
        if not 0 <= call.get(name, 0) <= 1:
            yield f"{name}: {call[name]}"
    if "temperature" in call and "top_p" in call:
        yield "temperature and top_p: both"
    if call.get("top_k", 0) < 0:
        yield f"top_k: {call['top_k']}"


def _thinking(call: dict[str, Any]) -> Iterator[str]:
    thinking = call.get("thinking", {"type": "disabled"})
    if thinking["type"] == "disabled":
        return
    if thinking["type"] == "enabled" and not 1024 <= thinking["budget_tokens"] < call["max_tokens"]:
        yield f"thinking: {thinking} within {call['max_tokens']}"
    if _DRAWING & set(call):
        yield "thinking: with sampling"
    if call.get("tool_choice", {}).get("type") in ("any", "tool"):
        yield "thinking: with a forced tool"
    if call["messages"][-1]["role"] == "assistant":
        yield "thinking: with a prefilled answer"
    for message in reversed(call["messages"]):
        kinds = [block["type"] for block in _blocks(message)]
        if message["role"] == "user" and "tool_result" not in kinds:
            return
        if "tool_use" in kinds and kinds[0] != "thinking":
            yield "thinking: the turn did not begin with it"


def _adaptive(call: dict[str, Any], dialect: str) -> Iterator[str]:
    if dialect != "adaptive":
        return
    if call.get("thinking", {}).get("type") == "enabled":
        yield "thinking: takes no budget"
    if call["messages"][-1]["role"] == "assistant":
        yield "messages: an answer may not be begun"


def _texts(call: dict[str, Any]) -> Iterator[str]:
    blocks = [block for message in call["messages"] for block in _blocks(message)]
    for results in [block.get("content") for block in blocks]:
        blocks += results if isinstance(results, list) else []
    system = call.get("system", [])
    blocks += [{"type": "text", "text": system}] if isinstance(system, str) else system
    if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
        yield "a blank text"
    if any(block["type"] == "thinking" and not block["signature"] for block in blocks):
        yield "thinking without a signature"
    if not all(stop.strip() for stop in call.get("stop_sequences", [])):
        yield "stop_sequences: a blank one"
    if sum("cache_control" in block for block in blocks) > 4:
        yield "more than 4 cache marks"
    if len(call.get("metadata", {}).get("user_id") or "") > 256:
        yield "metadata.user_id: too long"
    for block in blocks:
        url = (
            block.get("source", {}).get("url", "https://")
            if block["type"] != "text"
            else "https://"
        )
        if not url.startswith(("https://", "http://")):
            yield f"a link that is none: {url}"


def _form(call: dict[str, Any]) -> Iterator[str]:
    form = (call.get("output_config") or {}).get("format")
    if form is not None:
        yield from _compiled(form["schema"], form["schema"], "output_config.format.schema", ())


def _compiled(schema: Any, root: Any, place: str, followed: tuple[str, ...]) -> Iterator[str]:
    """Why the schema cannot be compiled."""
    if not isinstance(schema, dict):
        yield f"{place}: {schema!r} is no schema"
        return
    if set(schema) - _SCHEMA:
        yield f"{place}: {set(schema) - _SCHEMA} is not compiled"
    types = schema.get("type", [])
    if "object" in types and schema.get("additionalProperties") is not False:
        yield f"{place}: additionalProperties must be false"
    if schema.get("minItems", 0) not in (0, 1):
        yield f"{place}: minItems"
    reference = schema.get("$ref")
    if reference is not None:
        if reference in followed or not reference.startswith("#/"):
            yield f"{place}: refers to {reference} from {followed}"
            return
        target = root
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step, {}) if isinstance(target, dict) else {}
        yield from _compiled(target, root, f"{place}->{reference}", (*followed, reference))
    for name in ("anyOf", "allOf"):
        for one in schema.get(name, []):
            yield from _compiled(one, root, f"{place}.{name}", followed)
    for one in schema.get("properties", {}).values():
        yield from _compiled(one, root, f"{place}.properties", followed)
    if "items" in schema:
        yield from _compiled(schema["items"], root, f"{place}.items", followed)
