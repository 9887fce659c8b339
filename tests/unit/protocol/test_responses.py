"""OpenAI Responses: what is read of a call, and the order that a stream's events must have."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import outline, request
from codeplan.protocol.openai_responses.answer import encode
from codeplan.protocol.openai_responses.stream import Writer
from codeplan.protocol.outline import Malformed
from codeplan.protocol.sse import EventSplitter
from codeplan.protocol.usage import Usage

ANSWERING = Answering("req_1", "glm-4.6", 1, namespaces=("agents",))


def written(events: Sequence[inner.Event]) -> list[dict[str, Any]]:
    writer = Writer(ANSWERING)
    raw = b"".join(writer.write(event) for event in events)
    cut = EventSplitter().feed(raw)
    values = [json.loads(event.data) for event in cut]
    assert [event.name.decode() for event in cut] == [value["type"] for value in values]
    return values


def check_order(events: list[dict[str, Any]]) -> None:
    """Numbers in order; each item added once, filled, and done once; one end."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1]["type"] in ("response.completed", "response.incomplete", "response.failed")
    added: dict[int, dict[str, Any]] = {}
    done: dict[int, dict[str, Any]] = {}
    for event in events[2:-1]:
        place = event["output_index"]
        if event["type"] == "response.output_item.added":
            assert place == len(added)
            added[place] = event["item"]
            continue
        assert place in added
        assert place not in done
        if event["type"] == "response.output_item.done":
            assert event["item"]["id"] == added[place]["id"]
            assert event["item"]["type"] == added[place]["type"]
            done[place] = event["item"]
        else:
            assert event["item_id"] == added[place]["id"]
    if events[-1]["type"] != "response.failed":
        assert set(done) == set(added)
        assert events[-1]["response"]["output"] == [done[place] for place in sorted(done)]


WHOLE: list[inner.Event] = [
    inner.Started("up", "m"),
    inner.ThinkingDelta("hm "),
    inner.ThinkingDelta("so"),
    inner.ThinkingSigned("sig"),
    inner.TextDelta("Hello "),
    inner.TextDelta("there"),
    inner.ToolCallStarted(0, "c1", "agents__spawn"),
    inner.ToolCallDelta(0, '{"a"'),
    inner.ToolCallStarted(1, "c2", "read"),
    inner.ToolCallDelta(1, "{}"),
    inner.ToolCallDelta(0, ": 1}"),
    inner.Finished("tool"),
    inner.Reported(Usage(input=5, cached=2, output=3, reasoning=1)),
    inner.Ended(),
]


def test_thinking_text_and_parallel_calls() -> None:
    events = written(WHOLE)
    check_order(events)
    whole = events[-1]["response"]
    assert [item["type"] for item in whole["output"]] == [
        "reasoning", "message", "function_call", "function_call",
    ]  # fmt: skip
    spawn, read = whole["output"][2:]
    assert (spawn["namespace"], spawn["name"], spawn["arguments"]) == (
        "agents",
        "spawn",
        '{"a": 1}',
    )
    assert (read["name"], read["arguments"], "namespace" in read) == ("read", "{}", False)
    assert whole["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 10,
    }


def test_a_whole_answer_says_the_same_as_a_stream() -> None:
    whole = json.loads(encode(WHOLE, ANSWERING))
    streamed = written(WHOLE)[-1]["response"]

    def said(response: dict[str, Any]) -> Any:
        items = [{k: v for k, v in item.items() if k != "id"} for item in response["output"]]
        return response["status"], response["usage"], items

    assert said(whole) == said(streamed)


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([inner.Ended()], "response.completed"),
        ([inner.TextDelta("x"), inner.Finished("length"), inner.Ended()], "response.incomplete"),
        ([inner.TextDelta("x"), inner.Failed(502, "cut")], "response.failed"),
    ],
)
def test_every_stream_has_an_end(events: list[inner.Event], end: str) -> None:
    made = written(events)
    check_order(made)
    assert made[-1]["type"] == end


def test_thinking_comes_back_with_its_signature() -> None:
    items = written(WHOLE)[-1]["response"]["output"]
    body = {"model": "m", "input": [{"role": "user", "content": "x"}, *items]}
    decoded = request.decode(json.dumps(body).encode())
    assert decoded.messages[1].parts == (
        inner.Thinking("hm so", "sig"),
        inner.Text("Hello there"),
        inner.ToolCall("c1", "agents__spawn", '{"a": 1}'),
        inner.ToolCall("c2", "read", "{}"),
    )


def test_reasoning_of_another_server_is_dropped() -> None:
    item = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}
    body = {"model": "m", "input": [{"role": "user", "content": "x"}, item]}
    assert len(request.decode(json.dumps(body).encode()).messages) == 1


def test_tools_of_every_kind() -> None:
    tools = [
        {"type": "function", "name": "read", "description": "d", "parameters": {"type": "object"}},
        {"type": "namespace", "name": "agents", "tools": [{"type": "function", "name": "spawn"}]},
        {"type": "custom", "name": "apply_patch", "description": "free"},
        {"type": "web_search"},
    ]
    body = json.dumps({"model": "m", "input": "x", "tools": tools}).encode()
    assert [tool.name for tool in request.decode(body).tools] == [
        "read", "agents__spawn", "apply_patch",
    ]  # fmt: skip
    assert outline.read(body).namespaces == ("agents",)


TEXT = {"type": "input_text", "text": "r"}


def test_input_of_every_kind() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,QQ=="}
    items = [
        {"role": "developer", "content": [{"type": "input_text", "text": "Lead."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "See"}, image]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [TEXT]},
        {"type": "web_search_call", "id": "ws", "action": {"type": "search", "query": "x"}},
    ]  # fmt: skip
    decoded = request.decode(json.dumps({"model": "m", "input": items}).encode())
    assert [message.role for message in decoded.messages] == [
        "system", "user", "assistant", "user", "assistant",
    ]  # fmt: skip
    assert decoded.messages[1].parts[1] == inner.Image(media_type="image/png", data="QQ==")
    assert decoded.messages[3].parts == (inner.ToolResult("c", (inner.Text("r"),)),)
    assert decoded.messages[4].parts == (
        inner.Text('\n\n[web_search_call: {"action":{"query":"x"}}]\n\n'),
    )


@pytest.mark.parametrize(
    "call",
    [
        {"previous_response_id": "resp_1"},
        {"input": []},
        {"input": [{"role": "robot", "content": "x"}]},
        {"input": [{"type": "function_call", "name": "f"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
        {"tool_choice": "sometimes"},
        {"tool_choice": {"type": "function"}},
    ],
)
def test_what_cannot_be_carried_is_named(call: dict[str, Any]) -> None:
    body = json.dumps({"model": "m", "input": "x", **call}).encode()
    with pytest.raises(Malformed):
        outline.read(body)
        request.decode(body)
