"""OpenAI streams as servers really send them."""

import json
from typing import Any

import pytest

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_chat.reading import Reader, decode
from codeplan.protocol.openai_chat.stream import Writer
from codeplan.protocol.sse import EventSplitter
from codeplan.protocol.usage import Usage


def read(*deltas: dict[str, Any], finish: str | None = None) -> list[inner.Event]:
    reader = Reader()
    chunks = [{"choices": [{"delta": delta}]} for delta in deltas]
    if finish:
        chunks.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    raw = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    return [item for event in EventSplitter().feed(raw) for item in reader.read(event)]


def call(index: int, identity: str | None, name: str = "", arguments: str = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": identity, "function": function}]}


def test_a_server_that_repeats_the_id_in_every_piece() -> None:
    events = read(call(0, "a", "f", '{"x"'), call(0, "a", "", ": 1}"))
    assert events[1:] == [
        inner.ToolCallStarted(0, "a", "f"),
        inner.ToolCallDelta(0, '{"x"'),
        inner.ToolCallDelta(0, ": 1}"),
    ]


def test_a_server_that_numbers_every_call_0() -> None:
    events = read(call(0, "a", "f", "{}"), call(0, "b", "g", "{"), call(0, "b", "", "}"))
    assert events[1:] == [
        inner.ToolCallStarted(0, "a", "f"),
        inner.ToolCallStarted(1, "b", "g"),
        inner.ToolCallDelta(1, "{"),
        inner.ToolCallDelta(1, "}"),
    ]


@pytest.mark.parametrize(
    ("finish", "called", "reason"),
    [
        ("stop", False, "end"),
        ("stop", True, "tool"),
        ("tool_calls", False, "end"),
        ("tool_calls", True, "tool"),
        ("length", True, "length"),
    ],
)
def test_the_calls_decide_why_the_model_stopped(finish: str, called: bool, reason: str) -> None:
    deltas = [call(0, "a", "f", "{}")] if called else [{"content": "x"}]
    assert read(*deltas, finish=finish)[-1] == inner.Finished(reason)  # type: ignore[arg-type]


def test_an_error_inside_the_stream() -> None:
    events = Reader().read(
        EventSplitter().feed(b'data: {"error": {"message": "full", "code": 503}}\n\n')[0]
    )
    assert events == [inner.Failed(503, "full")]


def test_a_whole_answer_that_is_none() -> None:
    assert isinstance(decode(b"<html>")[0], inner.Failed)
    assert isinstance(decode(b"[]")[0], inner.Failed)
    assert decode(b'{"error": {"message": "m", "code": "x"}}') == [inner.Failed(502, "m")]
    assert decode(b'{"object": "error", "message": "m", "code": 404}') == [inner.Failed(404, "m")]


def test_calls_are_numbered_from_0_whatever_numbers_they_come_with() -> None:
    writer = Writer(Answering("id", "m", 1))
    raw = b"".join(
        writer.write(event)
        for event in (
            inner.ToolCallStarted(1, "a", "f"),
            inner.ToolCallDelta(1, "{}"),
            inner.ToolCallStarted(3, "b", "g"),
            inner.Finished("tool"),
            inner.Reported(Usage(input=3, cached=2, output=1)),
            inner.Ended(),
        )
    )
    chunks = [json.loads(e.data) for e in EventSplitter().feed(raw) if e.data != b"[DONE]"]
    indexes = [
        call["index"]
        for chunk in chunks
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    assert indexes == [0, 0, 1]
    assert chunks[-1]["usage"]["prompt_tokens"] == 5
    assert chunks[-1]["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}
