"""What is said how in the other format."""

import json
from types import ModuleType
from typing import Any

import pytest

from codeplan.protocol.anthropic import request as anthropic
from codeplan.protocol.openai_chat import request as openai
from codeplan.protocol.openai_responses import request as responses
from codeplan.protocol.outline import Malformed


def to_openai(**call: Any) -> dict[str, Any]:
    body = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "x"}], **call}
    encoded = openai.encode(anthropic.decode(json.dumps(body).encode()), "up")
    return dict(json.loads(encoded))


def to_anthropic(**call: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **call}
    encoded = anthropic.encode(openai.decode(json.dumps(body).encode()), "up")
    return dict(json.loads(encoded))


def test_a_system_message_in_mid_conversation_stays_where_it_is() -> None:
    sent = to_openai(
        system=[{"type": "text", "text": "Lead."}],
        messages=[
            {"role": "user", "content": "One."},
            {"role": "system", "content": "# Environment"},
            {"role": "assistant", "content": "Two."},
        ],
    )
    assert sent["messages"] == [
        {"role": "system", "content": "Lead."},
        {"role": "user", "content": "One."},
        {"role": "user", "content": "<system-reminder>\n# Environment\n</system-reminder>"},
        {"role": "assistant", "content": "Two."},
    ]


def test_claude_codes_billing_line_is_not_for_the_model() -> None:
    lines = ["x-anthropic-billing-header: cc_version=2.1;", "You are Claude Code."]
    sent = to_openai(system=[{"type": "text", "text": line} for line in lines])
    assert sent["messages"][0]["content"] == "You are Claude Code."


def test_an_image_in_a_tools_result_follows_it() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ"}}
    result = {
        "type": "tool_result",
        "tool_use_id": "c",
        "content": [{"type": "text", "text": "see"}, image],
    }
    call = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    messages = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert to_openai(messages=messages)["messages"][1:] == [
        {"role": "tool", "tool_call_id": "c", "content": "see"},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ"}}],
        },
    ]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_tool_choice_there_and_back(choice: dict[str, Any], said: Any) -> None:
    tools = [{"name": "f", "description": "d", "input_schema": {"type": "object"}}]
    sent = to_openai(tools=tools, tool_choice=choice)
    assert sent["tool_choice"] == said
    back = to_anthropic(tools=sent["tools"], tool_choice=said)
    assert back["tool_choice"] == choice
    assert back["tools"] == tools


def test_one_call_at_a_time() -> None:
    tools = [{"name": "f", "description": "", "input_schema": {"type": "object"}}]
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    sent = to_openai(tools=tools, tool_choice=choice)
    assert sent["parallel_tool_calls"] is False
    back = to_anthropic(tools=sent["tools"], parallel_tool_calls=False)
    assert back["tool_choice"] == choice


def test_a_models_broken_arguments_are_kept() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{broken"}}
    sent = to_anthropic(messages=[{"role": "assistant", "content": None, "tool_calls": [call]}])
    assert sent["messages"][1]["content"][0]["input"] == {"arguments": "{broken"}


def test_anthropic_always_gets_a_limit() -> None:
    assert to_anthropic()["max_tokens"] == anthropic.DEFAULT_MAX_TOKENS
    assert to_anthropic(max_completion_tokens=7)["max_tokens"] == 7


def test_a_schema_for_the_answer() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    form = {"format": {"type": "json_schema", "schema": schema}}
    sent = to_openai(output_config=form)
    assert sent["response_format"]["json_schema"]["schema"] == schema
    (back,) = to_anthropic(response_format=sent["response_format"])["output_config"].values()
    assert back == {"type": "json_schema", "schema": {**schema, "additionalProperties": False}}


@pytest.mark.parametrize(
    "call",
    [
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
        {"messages": [{"role": "user", "content": [{"type": "document"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": "x"}]}]},
        {"max_tokens": "many"},
        {"temperature": "hot"},
        {"stop_sequences": 5},
        {"tools": [5]},
        {"tool_choice": {"type": "perhaps"}},
    ],
)
def test_what_the_protocol_does_not_allow_is_named(call: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        to_openai(**call)


@pytest.mark.parametrize("form", [anthropic, openai, responses])
def test_a_field_that_nobody_knows_may_not_be_nested_without_end(form: ModuleType) -> None:
    with pytest.raises(Malformed):
        form.decode(b'{"model": "m", "unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}


def test_a_pdf_there_and_back() -> None:
    document = {"type": "document", "source": PDF, "title": "a.pdf"}
    sent = to_openai(messages=[{"role": "user", "content": [document]}])
    file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    assert sent["messages"][0]["content"] == [{"type": "file", "file": file}]
    back = to_anthropic(messages=sent["messages"])
    block = back["messages"][0]["content"][0]
    assert (block["type"], block["source"], block["title"]) == ("document", PDF, "a.pdf")


def test_anthropic_is_told_where_its_cache_may_end() -> None:
    sent = to_anthropic(
        messages=[
            {"role": "system", "content": "Lead."},
            {"role": "user", "content": "One."},
            {"role": "assistant", "content": "Two."},
            {"role": "system", "content": "By the way."},
            {"role": "user", "content": "Three."},
        ]
    )
    mark = {"type": "ephemeral"}
    assert sent["system"] == [{"type": "text", "text": "Lead.", "cache_control": mark}]
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    reminder, last = sent["messages"][2]["content"]
    assert reminder["text"] == "<system-reminder>\nBy the way.\n</system-reminder>"
    assert last == {"type": "text", "text": "Three.", "cache_control": mark}
    assert "cache_control" not in sent["messages"][0]["content"][0]


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        ("glm", {"thinking": {"type": "enabled"}}),
        ("vllm", {"chat_template_kwargs": {"enable_thinking": True}}),
        ("sglang", {"chat_template_kwargs": {"enable_thinking": True}}),
        ("openai", {"reasoning_effort": "high", "prompt_cache_key": "k"}),
    ],
)
def test_each_dialect_is_told_to_think_in_its_own_way(dialect: str, said: dict[str, Any]) -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "thinking": {"type": "enabled"},
        "reasoning_effort": "high",
        "prompt_cache_key": "k",
    }
    request = openai.decode(json.dumps(body).encode())
    sent = json.loads(openai.encode(request, "up", dialect))
    known = {"model", "messages", "stream"}
    assert {name: value for name, value in sent.items() if name not in known} == said
