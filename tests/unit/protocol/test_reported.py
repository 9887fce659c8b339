"""Calls of which users of other gateways reported that an upstream refused them, or that something
of them was lost: what each becomes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from codeplan.gateway.formats import ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, CallerFormat
from codeplan.protocol import conversation
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat

HI = {"role": "user", "content": "hi"}
F = {"type": "object", "properties": {}}
FUNCTION = {"type": "function", "name": "f", "parameters": F}
TOOL = {"name": "f", "description": "d", "input_schema": F}
ITEM = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
PERSON = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
          "additionalProperties": False}  # fmt: skip
LARGE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
    "$defs": {"N": {"anyOf": [{"const": 1}, {"type": "null"}]}},
    "properties": {"n": {"$ref": "#/$defs/N"}, "e": {"enum": ["a", None, 1.0]},
                   "big": {"type": "integer", "maximum": 123456789012345678901234567890}},
    "additionalProperties": False,
}  # fmt: skip


def chat_calls(*calls: tuple[str, str], results: bool = True) -> list[dict[str, Any]]:
    """A Chat conversation with calls, each an id and arguments, and their results."""
    called = [
        {"id": one, "type": "function", "function": {"name": "f", "arguments": arguments}}
        for one, arguments in calls
    ]
    answered = [{"role": "tool", "tool_call_id": one, "content": "ok"} for one, _ in calls]
    return [HI, {"role": "assistant", "content": None, "tool_calls": called}, *answered * results]


def answered(*content: Any) -> list[dict[str, Any]]:
    """An Anthropic conversation with a call and its result."""
    use = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": list(content)}
    return [HI, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]


Check = Callable[[dict[str, Any]], bool]
CHAT, RESPONSES, MESSAGES = OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC
REPORTED: dict[str, tuple[CallerFormat, UpstreamFormat, dict[str, Any], Check]] = {
    "a limit to a model that reasons": (
        MESSAGES, TO_OPENAI_CHAT, {"max_tokens": 4096},
        lambda b: b["max_completion_tokens"] == 4096 and "max_tokens" not in b),
    "the same from Responses": (
        RESPONSES, TO_OPENAI_CHAT, {"max_output_tokens": 4096},
        lambda b: b["max_completion_tokens"] == 4096 and "max_tokens" not in b),
    "JSON mode": (
        RESPONSES, TO_OPENAI_CHAT, {"text": {"format": {"type": "json_object"}}},
        lambda b: b["response_format"] == {"type": "json_object"}),
    "strict of a schema": (
        RESPONSES, TO_OPENAI_CHAT,
        {"text": {"format": {
            "type": "json_schema", "name": "person", "strict": True, "schema": PERSON}}},
        lambda b: b["response_format"]["json_schema"] == {
            "name": "person", "strict": True, "schema": PERSON}),
    "strict of a tool": (
        RESPONSES, TO_OPENAI_CHAT, {"tools": [FUNCTION | {"strict": True}]},
        lambda b: b["tools"][0]["function"]["strict"] is True),
    "JSON mode to Anthropic": (
        CHAT, TO_ANTHROPIC, {"response_format": {"type": "json_object"}},
        lambda b: "output_config" not in b and "JSON object" in b["system"][0]["text"]),
    "blank stops": (
        CHAT, TO_ANTHROPIC, {"stop": ["\n", "", " ", "END"]},
        lambda b: b["stop_sequences"] == ["END"]),
    "temperature and top_p": (
        CHAT, TO_ANTHROPIC, {"temperature": 0.7, "top_p": 0.9}, lambda b: "top_p" not in b),
    "an id of other letters": (
        CHAT, TO_ANTHROPIC, {"messages": chat_calls(("functions.f:0", "{}"))},
        lambda b: b["messages"][1]["content"][0]["id"].startswith("functions_f_0_")
        and b["messages"][1]["content"][0]["id"] == b["messages"][2]["content"][0]["tool_use_id"]),
    "a long name": (
        MESSAGES, TO_OPENAI_CHAT,
        {"tools": [TOOL | {"name": "m" * 75}], "tool_choice": {"type": "tool", "name": "m" * 75}},
        lambda b: b["tools"][0]["function"]["name"] == b["tool_choice"]["function"]["name"]),
    "one call at a time, of no tools": (
        CHAT, TO_ANTHROPIC, {"parallel_tool_calls": False}, lambda b: "tool_choice" not in b),
    "a choice of no tools": (
        CHAT, TO_ANTHROPIC, {"tool_choice": "auto", "tools": []}, lambda b: "tool_choice" not in b),
    "a message between a call and its output": (
        RESPONSES, TO_OPENAI_CHAT,
        {"input": [HI, ITEM, {"role": "user", "content": "hurry"}, OUTPUT]},
        lambda b: [m["role"] for m in b["messages"]] == ["user", "assistant", "tool", "user"]),
    "a call whose result never came": (
        RESPONSES, TO_ANTHROPIC, {"input": [HI, ITEM, {"role": "user", "content": "stop"}]},
        lambda b: b["messages"][2]["content"][0]["content"][0]["text"] == conversation.INTERRUPTED),
    "calls of one id": (
        CHAT, TO_ANTHROPIC, {"messages": chat_calls(("c", "{}"), ("c", "{}"))},
        lambda b: [c["id"] for c in b["messages"][1]["content"]] == ["c", "c_2"]),
    "a search result": (
        MESSAGES, TO_OPENAI_CHAT,
        {"messages": answered({"type": "search_result", "source": "https://example.org",
                               "title": "T", "content": [{"type": "text", "text": "FOUND"}]})},
        lambda b: b["messages"][2]["content"] == "T\nhttps://example.org\n\nFOUND"),
    "a tool reference": (
        MESSAGES, TO_OPENAI_CHAT,
        {"messages": answered({"type": "tool_reference", "tool_name": "g"})},
        lambda b: b["messages"][2]["content"] == "The tool g can be called now."),
    "what a server-side tool did": (
        MESSAGES, TO_OPENAI_CHAT,
        {"messages": [HI, {"role": "assistant", "content": [
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [
                {"type": "web_search_result", "url": "https://example.org", "title": "It is 42",
                 "encrypted_content": "e"}]}]}, HI]},
        lambda b: all(word in b["messages"][1]["content"] for word in (
            "web_search", '"query":"x"', "It is 42", "https://example.org"))
        and "encrypted" not in b["messages"][1]["content"]),
    "a document of blocks": (
        MESSAGES, TO_OPENAI_CHAT,
        {"messages": [{"role": "user", "content": [{
            "type": "document", "title": "T", "context": "C", "citations": {"enabled": True},
            "source": {"type": "content", "content": [{"type": "text", "text": "PAGE"}]}}]}]},
        lambda b: b["messages"][0]["content"] == "T\nC\n\nPAGE"),
    "a document of plain text": (
        CHAT, TO_ANTHROPIC,
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {
            "filename": "a.txt", "file_data": "data:text/plain;base64,UEFHRQ=="}}]}]},
        lambda b: b["messages"][0]["content"][0]["text"] == "a.txt\n\nPAGE"),
    "a limit beside null": (
        CHAT, TO_ANTHROPIC, {"max_completion_tokens": None, "max_tokens": 50},
        lambda b: b["max_tokens"] == 50),
    "space behind what the answer begins with": (
        CHAT, TO_ANTHROPIC, {"messages": [HI, {"role": "assistant", "content": "It is: "}]},
        lambda b: b["messages"][1]["content"][0]["text"] == "It is:"),
    "arguments that are null": (
        CHAT, TO_ANTHROPIC, {"messages": chat_calls(("c1", "null"), ("c2", '{"a":'))},
        lambda b: [c["input"] for c in b["messages"][1]["content"]] == [
            {}, {"arguments": '{"a":'}]),
    "arguments that are broken, to a template that reads them": (
        RESPONSES, TO_OPENAI_CHAT, {"input": [HI, ITEM | {"arguments": '{"a":'}, OUTPUT]},
        lambda b: json.loads(b["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {
            "arguments": '{"a":'}),
    "allowed tools": (
        RESPONSES, TO_ANTHROPIC,
        {"tools": [FUNCTION, FUNCTION | {"name": "g"}], "tool_choice": {
            "type": "allowed_tools", "mode": "required",
            "tools": [{"type": "function", "name": "f"}]}},
        lambda b: [t["name"] for t in b["tools"]] == ["f"] and b["tool_choice"] == {"type": "any"}),
    "a schema with all that there is": (
        MESSAGES, TO_OPENAI_CHAT, {"tools": [TOOL | {"input_schema": LARGE}]},
        lambda b: b["tools"][0]["function"]["parameters"] == LARGE),
    "nulls at the top": (
        CHAT, TO_ANTHROPIC,
        dict.fromkeys(("stop", "tools", "tool_choice", "temperature", "top_p", "max_tokens", "user",
                       "response_format", "parallel_tool_calls", "reasoning_effort")),
        lambda b: set(b) == {"model", "max_tokens", "messages", "stream"}),
    "nulls in the caller's own JSON": (
        MESSAGES, TO_OPENAI_CHAT,
        {"messages": [HI, {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": None}}]}],
         "tools": [TOOL | {"input_schema": F | {"default": None}}]},
        lambda b: b["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"a":null}'
        and "default" in b["tools"][0]["function"]["parameters"]),
}  # fmt: skip
PLAIN = {
    "anthropic": {"model": "m", "max_tokens": 100, "messages": [HI]},
    "openai_chat": {"model": "m", "messages": [HI]},
    "openai_responses": {"model": "m", "input": "hi"},
}


@pytest.mark.parametrize("what", REPORTED)
def test_what_was_reported(what: str) -> None:
    caller, upstream, change, check = REPORTED[what]
    request = caller.decode_request(json.dumps(PLAIN[caller.name] | change).encode())
    encoded = upstream.encode_request(request, "up", "openai")
    assert check(json.loads(encoded)), encoded.decode()
