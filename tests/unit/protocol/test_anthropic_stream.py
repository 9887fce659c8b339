"""The order that an Anthropic stream's events must have, whatever comes in."""

import json
from collections.abc import Sequence
from typing import Any

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.anthropic.reading import Reader
from codeplan.protocol.anthropic.stream import Writer
from codeplan.protocol.sse import EventSplitter
from codeplan.protocol.usage import Usage


def written(events: Sequence[inner.Event]) -> list[dict[str, Any]]:
    writer = Writer(Answering("req_1", "glm-4.6", 1))
    raw = b"".join(writer.write(event) for event in events)
    return [json.loads(event.data) for event in EventSplitter().feed(raw)]


def check_order(events: list[dict[str, Any]]) -> None:
    """One message_start; blocks one after the other with deltas of their kind; the end."""
    kinds = {"text": {"text_delta"}, "tool_use": {"input_json_delta"},
             "thinking": {"thinking_delta", "signature_delta"}}  # fmt: skip
    assert events[0]["type"] == "message_start"
    assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"]
    open_block: str | None = None
    number = 0
    for event in events[1:-2]:
        match event["type"]:
            case "content_block_start":
                assert open_block is None
                assert event["index"] == number
                open_block = event["content_block"]["type"]
            case "content_block_delta":
                assert open_block is not None
                assert event["index"] == number
                assert event["delta"]["type"] in kinds[open_block]
            case "content_block_stop":
                assert open_block is not None
                assert event["index"] == number
                open_block = None
                number += 1
            case other:
                raise AssertionError(other)
    assert open_block is None


def tool_inputs(events: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    calls: list[tuple[str, str]] = []
    for event in events:
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use":
            calls.append((event["content_block"]["name"], ""))
        elif event["type"] == "content_block_delta" and "partial_json" in event["delta"]:
            name, so_far = calls[-1]
            calls[-1] = (name, so_far + event["delta"]["partial_json"])
    return [(name, json.loads(arguments)) for name, arguments in calls]


def test_thinking_text_and_tools_in_turn() -> None:
    events = written(
        [
            inner.Started("msg", "m"),
            inner.ThinkingDelta("hm"),
            inner.ThinkingSigned("sig"),
            inner.TextDelta("a"),
            inner.TextDelta("b"),
            inner.ToolCallStarted(0, "c1", "read"),
            inner.ToolCallDelta(0, '{"p":'),
            inner.ToolCallDelta(0, '"x"}'),
            inner.Finished("tool"),
            inner.Reported(Usage(input=5, cached=2, output=3)),
            inner.Ended(),
        ]
    )
    check_order(events)
    assert tool_inputs(events) == [("read", {"p": "x"})]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-2]["usage"] == {
        "input_tokens": 5,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 2,
        "output_tokens": 3,
    }


def test_parallel_calls_whose_pieces_are_mixed() -> None:
    events = written(
        [
            inner.Started("msg", "m"),
            inner.ToolCallStarted(0, "c1", "one"),
            inner.ToolCallDelta(0, '{"a"'),
            inner.ToolCallStarted(1, "c2", "two"),
            inner.ToolCallDelta(1, '{"b"'),
            inner.ToolCallDelta(0, ": 1}"),
            inner.ToolCallStarted(2, "c3", "three"),
            inner.ToolCallDelta(1, ": 2}"),
            inner.ToolCallDelta(2, "{}"),
            inner.Finished("tool"),
            inner.Ended(),
        ]
    )
    check_order(events)
    assert tool_inputs(events) == [("one", {"a": 1}), ("two", {"b": 2}), ("three", {})]


def test_text_behind_a_call_opens_a_new_block() -> None:
    events = written(
        [
            inner.ToolCallStarted(0, "c1", "one"),
            inner.ToolCallDelta(0, "{}"),
            inner.TextDelta("after"),
            inner.Finished("end"),
            inner.Ended(),
        ]
    )
    check_order(events)


def test_an_empty_answer_has_the_order_too() -> None:
    check_order(written([inner.Ended()]))


def test_what_is_written_is_read_back() -> None:
    events: list[inner.Event] = [
        inner.Started("msg_1", "m", Usage(input=7)),
        inner.ThinkingDelta("hm"),
        inner.ThinkingSigned("sig"),
        inner.TextDelta("a"),
        inner.ToolCallStarted(0, "c1", "read"),
        inner.ToolCallDelta(0, '{"a":1}'),
        inner.ToolCallEnded(0),
        inner.Finished("tool"),
        inner.Reported(Usage(input=7, output=3)),
        inner.Ended(),
    ]
    writer, reader = Writer(Answering("req_1", "m", 1)), Reader()
    raw = b"".join(writer.write(event) for event in events)
    back = [item for event in EventSplitter().feed(raw) for item in reader.read(event)]
    assert back == events
