"""What OpenAI's Chat Completions API says of a request: the types of its SDK, and the rules beside
them that its reference and its errors tell. Other servers of the protocol take more: what they have
beyond it is named here for each dialect."""

import json
import re
from collections.abc import Iterator
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from support.sdk_types import complaints

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MORE = {
    "glm": {"thinking"},
    "vllm": {"chat_template_kwargs", "top_k"},
    "sglang": {"chat_template_kwargs", "top_k"},
}
OPENAI = ("openai", "openai-reasoning")


def refusals(call: dict[str, Any], dialect: str) -> list[str]:
    """Why a server of the dialect would refuse the request; nothing where it would not."""
    typed = {
        name: value
        for name, value in call.items()
        if name != "stream" and name not in _MORE.get(dialect, ())
    }
    if dialect not in OPENAI:
        typed["messages"] = [_plain(message) for message in call["messages"]]
    wrong = complaints(typed, CompletionCreateParamsBase)
    if wrong:
        return wrong
    return [*_conversation(call, dialect), *_tools(call), *_fields(call, dialect)]


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """The message without what other servers know: earlier thinking, and videos."""
    plain = {name: value for name, value in message.items() if name != "reasoning_content"}
    if isinstance(plain.get("content"), list):
        parts = [part for part in plain["content"] if part.get("type") != "video_url"]
        plain["content"] = parts or "(a video)"
    return plain


def _conversation(call: dict[str, Any], dialect: str) -> Iterator[str]:
    messages = call["messages"]
    if not messages:
        yield "messages: none"
    waiting: list[str] = []
    ids: list[str] = []
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if message["role"] == "system" and index:
            yield f"{place}: a system message in mid-conversation"
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield f"{place}: the result of {message['tool_call_id']}, which does not wait"
            waiting = [one for one in waiting if one != message["tool_call_id"]]
            continue
        if waiting:
            yield f"{place}: {waiting} have no result directly behind them"
        calls = message.get("tool_calls", [])
        waiting = [one["id"] for one in calls]
        ids += waiting
        if message["role"] == "assistant" and not calls and message.get("content") is None:
            yield f"{place}: says nothing"
        if message.get("content") == []:
            yield f"{place}: has no parts"
        for one in calls:
            if not isinstance(json.loads(one["function"]["arguments"]), dict):
                yield f"{place}: arguments {one['function']['arguments']}"
    if waiting:
        yield f"messages: {waiting} have no result"
    if len(set(ids)) != len(ids) or not all(ids):
        yield f"messages: ids {ids}"
    if dialect in OPENAI and any(len(one) > 40 for one in ids):
        yield f"messages: ids of more than 40 characters: {ids}"


def _tools(call: dict[str, Any]) -> Iterator[str]:
    names = [tool["function"]["name"] for tool in call.get("tools", [])]
    used = [c["function"]["name"] for m in call["messages"] for c in m.get("tool_calls", [])]
    if not all(_NAME.fullmatch(name) for name in [*names, *used]):
        yield f"tools: names {names} {used}"
    if len(set(names)) != len(names):
        yield f"tools: a name twice: {names}"
    if not call.get("tools", [1]):
        yield "tools: an empty list"
    for tool in call.get("tools", []):
        schema = tool["function"]["parameters"]
        if schema.get("type") != "object" or {"anyOf", "oneOf", "allOf", "enum", "not"} & set(
            schema
        ):
            yield f"tools: parameters {schema}"
    if not names and {"tool_choice", "parallel_tool_calls"} & set(call):
        yield "tool_choice: without tools"
    choice = call.get("tool_choice")
    if isinstance(choice, dict) and choice["function"]["name"] not in names:
        yield f"tool_choice: {choice} is not offered"


def _fields(call: dict[str, Any], dialect: str) -> Iterator[str]:
    if dialect in OPENAI and "max_tokens" in call:
        yield "max_tokens: reasoning models refuse it"
    if dialect == "openai-reasoning" and {"temperature", "top_p", "stop"} & set(call):
        yield "temperature, top_p, stop: reasoning models refuse them"
    if "reasoning_effort" in call and {"temperature", "top_p"} & set(call):
        yield "temperature, top_p: refused while it reasons"
    if not 0 <= call.get("temperature", 0) <= 2 or not 0 <= call.get("top_p", 0) <= 1:
        yield f"temperature {call.get('temperature')}, top_p {call.get('top_p')}"
    if min(call.get("max_tokens", 1), call.get("max_completion_tokens", 1)) < 1:
        yield "max_tokens: below 1"
    stops = call.get("stop", ["x"])
    if not stops or not all(stops) or (dialect in OPENAI and len(stops) > 4):
        yield f"stop: {stops}"
    if len(call.get("prompt_cache_key", "")) > 64:
        yield "prompt_cache_key: too long"
    form = call.get("response_format", {"type": "text"})
    if form["type"] == "json_object" and "json" not in json.dumps(call["messages"]).lower():
        yield "response_format: json_object, and no message speaks of JSON"
    if form["type"] == "json_schema" and not _NAME.fullmatch(form["json_schema"]["name"]):
        yield f"response_format: the name {form['json_schema']['name']}"
