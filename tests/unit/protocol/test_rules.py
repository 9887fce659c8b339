"""The rules by which encoded requests are checked: each of them can fail."""

import json
from typing import Any

import pytest

from codeplan.protocol import inner
from codeplan.routing.formats import TO_ANTHROPIC
from support.every_request import refusals

TOOL = {"name": "f", "description": "", "input_schema": {"type": "object"}}
FUNCTION = {"name": "f", "description": "", "parameters": {"type": "object"}}
USE = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "c", "content": "x"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PNG = {"type": "base64", "media_type": "image/png", "data": "QQ=="}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks) or "x"}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks) or "x"}


def form(schema: dict[str, Any]) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


LOOP = {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}}
TO_IT: list[dict[str, Any]] = [
    {"messages": []},
    {"messages": [assistant(), user()]},
    {"messages": [user(), user()]},
    {"messages": [user(text(" "))]},
    {"messages": [user(), assistant({"type": "image", "source": PNG})]},
    {"messages": [user({"type": "image", "source": PNG | {"media_type": "image/heic"}})]},
    {"messages": [user({"type": "image", "source": {"type": "url", "url": "data:,x"}})]},
    {"messages": [user(), assistant(text("so "))]},
    {"messages": [user(), assistant({"type": "thinking", "thinking": "x", "signature": "s"})]},
    {"messages": [user(), assistant(USE)]},
    {"messages": [user(), assistant(USE), user(text("x"), RESULT)]},
    {"messages": [user(RESULT)]},
    {"messages": [user(), assistant(USE, USE), user(RESULT, RESULT)]},
    {"messages": [user(), assistant(USE | {"id": "a.b"}), user(RESULT | {"tool_use_id": "a.b"})]},
    {"max_tokens": 0},
    {"max_tokens": 5.5},
    {"frequency_penalty": 1},
    {"temperature": 1.5},
    {"temperature": 0.5, "top_p": 0.5},
    {"stop_sequences": ["\n"]},
    {"tools": [TOOL | {"name": "a.b"}]},
    {"tools": [TOOL | {"name": "x" * 65}]},
    {"tools": [TOOL, TOOL]},
    {"tools": [TOOL | {"input_schema": {}}]},
    {"tools": [TOOL | {"input_schema": {"type": "object", "anyOf": []}}]},
    {"tool_choice": {"type": "auto"}},
    {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "g"}},
    {"thinking": {"type": "enabled", "budget_tokens": 9}},
    {"thinking": {"type": "enabled", "budget_tokens": 2000}, "temperature": 1.0},
    {"thinking": {"type": "adaptive"}, "messages": [user(), assistant()]},
    {"metadata": {"user_id": "u" * 257}},
    form({"type": "object"}),
    form({"type": "object", "additionalProperties": False, "properties": {"a": {"minimum": 1}}}),
    form({"type": "array", "minItems": 2}),
    form(LOOP),
]  # fmt: skip
TO_OPENAI: list[dict[str, Any]] = [
    {"messages": []},
    {"messages": [user(), {"role": "system", "content": "x"}]},
    {"messages": [user(), {"role": "assistant", "content": None}]},
    {"messages": [user(), {"role": "assistant", "tool_calls": [CALL]}]},
    {"messages": [user(), {"role": "assistant", "tool_calls": [CALL]}, user()]},
    {"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]},
    {"messages": [user(), {"role": "assistant", "content": "x", "reasoning_content": "x"}]},
    {"messages": [{"role": "user", "content": []}]},
    {"max_tokens": 5},
    {"max_completion_tokens": 0},
    {"top_k": 5},
    {"temperature": 3},
    {"reasoning_effort": "low", "temperature": 1},
    {"stop": ["a", "b", "c", "d", "e"]},
    {"stop": [""]},
    {"prompt_cache_key": "k" * 65},
    {"tools": []},
    {"tools": [{"type": "function", "function": FUNCTION | {"name": "a b"}}]},
    {"tools": [{"type": "function", "function": FUNCTION | {"parameters": {}}}]},
    {"tools": [{"type": "function", "function": FUNCTION}] * 2},
    {"tool_choice": "auto"},
    {"parallel_tool_calls": False},
    {"response_format": {"type": "json_object"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}},
]


@pytest.mark.parametrize("change", TO_IT, ids=str)
def test_what_anthropic_refuses(change: dict[str, Any]) -> None:
    plain = {"model": "m", "max_tokens": 1500, "messages": [user()]}
    assert refusals(json.dumps(plain).encode(), "anthropic") == []
    assert refusals(json.dumps(plain | change).encode(), "anthropic")


@pytest.mark.parametrize("change", TO_OPENAI, ids=str)
def test_what_openai_refuses(change: dict[str, Any]) -> None:
    plain = {"model": "m", "messages": [user()]}
    assert refusals(json.dumps(plain).encode(), "openai_chat", "openai") == []
    assert refusals(json.dumps(plain | change).encode(), "openai_chat", "openai")


def test_a_request_that_would_be_refused_does_not_leave_a_test() -> None:
    wrong = inner.Request("m", (inner.Message("user", (inner.Text("x"),)),), temperature=-1.0)
    with pytest.raises(AssertionError, match="temperature"):
        TO_ANTHROPIC.encode_request(wrong, "m", "plain")
