"""There and back: what both formats can say is kept."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.gateway.formats import ANTHROPIC, GEMINI, OPENAI_CHAT, OPENAI_RESPONSES
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.sse import EventSplitter
from codeplan.protocol.usage import Usage
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT
from unit.protocol.test_anthropic_stream import check_order
from unit.protocol.test_responses import check_order as check_responses_order

CHAT = (OPENAI_CHAT, TO_OPENAI_CHAT)
MESSAGES = (ANTHROPIC, TO_ANTHROPIC)
ANSWERING = Answering("req", "m", 1)
# Of blank texts and stops, and of space at the very end, Anthropic's rules leave nothing.
TEXTS = st.text(min_size=1, max_size=20).map(str.strip).filter(bool)
ARGUMENTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)
TOOLS = st.lists(
    st.builds(lambda name, schema: inner.Tool(name, "d", schema), st.sampled_from("abc"),
              st.just({"type": "object", "properties": {}})), max_size=3,
    unique_by=lambda tool: tool.name,
)  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn) -> tuple[inner.Message, ...]:
    """As tools make them: a system line, then turns of the user, the assistant and its tools."""
    messages = [inner.Message("system", (inner.Text(draw(TEXTS)),))]
    for turn in range(draw(st.integers(1, 3))):
        messages.append(inner.Message("user", (inner.Text(draw(TEXTS)),)))
        calls = [
            inner.ToolCall(f"c{turn}{n}", "f", json.dumps(draw(ARGUMENTS), separators=(",", ":")))
            for n in range(draw(st.integers(0, 2)))
        ]
        messages.append(inner.Message("assistant", (inner.Text(draw(TEXTS)), *calls)))
        for call in calls:
            result = inner.ToolResult(call.id, (inner.Text(draw(TEXTS)),))
            messages.append(inner.Message("user", (result,)))
    return tuple(messages)


def said(messages: tuple[inner.Message, ...]) -> list[tuple[str, Any]]:
    """What is said, in order, whatever messages it stands in."""
    flat: list[tuple[str, Any]] = []
    for message in messages:
        for part in message.parts:
            if isinstance(part, inner.ToolCall):
                flat.append(("call", (part.id, part.name, json.loads(part.arguments))))
            else:
                flat.append((message.role, part))
    return flat


@settings(max_examples=300, deadline=None)
@given(conversations(), TOOLS, st.integers(1, 9999), st.lists(TEXTS, max_size=2))
def test_a_call_through_both_formats(
    messages: tuple[inner.Message, ...], tools: list[inner.Tool], limit: int, stop: list[str]
) -> None:
    request = inner.Request(
        model="m",
        messages=messages,
        stream=True,
        tools=tuple(tools),
        max_tokens=limit,
        stop=tuple(stop),
        temperature=0.5,
    )
    through = request
    for caller, upstream in (CHAT, MESSAGES, CHAT):
        through = caller.decode_request(upstream.encode_request(through, "m"))
    assert said(through.messages) == said(request.messages)
    assert through.tools == request.tools
    assert (through.max_tokens, through.stop, through.temperature) == (limit, tuple(stop), 0.5)


@st.composite
def answers(draw: st.DrawFn) -> list[inner.Event]:
    events: list[inner.Event] = [inner.Started("id", "m")]
    events += [inner.ThinkingDelta(draw(TEXTS)) for _ in range(draw(st.integers(0, 2)))]
    events += [inner.TextDelta(draw(TEXTS)) for _ in range(draw(st.integers(0, 3)))]
    number = draw(st.integers(0, 3))
    pieces: list[inner.Event] = []
    for index in range(number):
        arguments = json.dumps(draw(ARGUMENTS))
        middle = draw(st.integers(0, len(arguments)))
        pieces += [
            inner.ToolCallStarted(index, f"c{index}", "f"),
            inner.ToolCallDelta(index, arguments[:middle]),
            inner.ToolCallDelta(index, arguments[middle:]),
        ]
    # Pieces of parallel calls may be mixed, as long as each call's own order holds.
    order = draw(st.permutations([index for index in range(number) for _ in range(3)]))
    queues = {index: pieces[index * 3 : index * 3 + 3] for index in range(number)}
    events += [queues[index].pop(0) for index in order]
    events.append(inner.Finished("tool" if number else "end"))
    events += [inner.Reported(Usage(input=7, cached=2, output=3)), inner.Ended()]
    return events


def meaning(events: list[inner.Event]) -> Any:
    text = "".join(e.text for e in events if isinstance(e, inner.TextDelta))
    thought = "".join(e.text for e in events if isinstance(e, inner.ThinkingDelta))
    calls: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, inner.ToolCallStarted):
            calls[event.index] = [event.id, event.name, ""]
        elif isinstance(event, inner.ToolCallDelta):
            calls[event.index][2] += event.arguments
    progress = inner.Progress()
    for event in events:
        progress.note(event)
    made = sorted((c[0], c[1], json.loads(c[2] or "{}")) for c in calls.values())
    return text, thought, made, progress.finish, progress.usage, progress.ended


@settings(max_examples=300, deadline=None)
@given(answers())
def test_a_stream_through_both_formats(events: list[inner.Event]) -> None:
    through = events
    for caller, upstream in (MESSAGES, CHAT, MESSAGES):
        writer, reader = caller.writer(ANSWERING), upstream.reader()
        raw = b"".join(writer.write(event) for event in through)
        cut = EventSplitter().feed(raw)
        if caller is ANTHROPIC:
            check_order([json.loads(event.data) for event in cut])
        through = [item for event in cut for item in reader.read(event)]
        assert meaning(through) == meaning(events)


@settings(max_examples=300, deadline=None)
@given(answers())
def test_a_chat_stream_keeps_its_order(events: list[inner.Event]) -> None:
    writer = OPENAI_CHAT.writer(ANSWERING)
    raw = b"".join(writer.write(event) for event in events)
    *chunks, done = [event.data for event in EventSplitter().feed(raw)]
    assert done == b"[DONE]"
    values = [json.loads(chunk) for chunk in chunks]
    assert {(value["id"], value["model"]) for value in values} == {("chatcmpl-req", "m")}
    # The role first and once; the finish once, with nothing but the usage behind it.
    assert values[0]["choices"][0]["delta"]["role"] == "assistant"
    roles = [v for v in values if v["choices"] and "role" in v["choices"][0]["delta"]]
    assert len(roles) == 1
    finishes = [
        n for n, v in enumerate(values) if v["choices"] and v["choices"][0]["finish_reason"]
    ]
    assert finishes == [len(values) - 2]
    assert values[-1]["choices"] == []
    assert values[-1]["usage"]["total_tokens"] == 12
    # A call's pieces never come before its name.
    known: set[int] = set()
    for value in values[:-1]:
        for call in value["choices"][0]["delta"].get("tool_calls", []):
            if "id" in call:
                assert call["index"] == len(known)
                known.add(call["index"])
            assert call["index"] in known


@settings(max_examples=300, deadline=None)
@given(answers())
def test_a_responses_stream_keeps_its_order_and_what_was_said(events: list[inner.Event]) -> None:
    writer = OPENAI_RESPONSES.writer(ANSWERING)
    raw = b"".join(writer.write(event) for event in events)
    made = [json.loads(event.data) for event in EventSplitter().feed(raw)]
    check_responses_order(made)
    whole = made[-1]["response"]
    text, thought, calls, _, usage, _ = meaning(events)
    said = [item for item in whole["output"] if item["type"] == "message"]
    assert "".join(item["content"][0]["text"] for item in said) == text
    assert (
        "".join(
            item["summary"][0]["text"] for item in whole["output"] if item["type"] == "reasoning"
        )
        == thought
    )
    assert (
        sorted(
            (item["call_id"], item["name"], json.loads(item["arguments"] or "{}"))
            for item in whole["output"]
            if item["type"] == "function_call"
        )
        == calls
    )
    assert whole["usage"]["input_tokens"] == usage.prompt


@settings(max_examples=300, deadline=None)
@given(answers(), st.booleans(), st.booleans())
def test_gemini_answers_keep_what_was_said_and_bring_thinking_back(
    events: list[inner.Event], streamed: bool, shown: bool
) -> None:
    answering = Answering("req", "m", 1, event_stream=False, shows_thinking=shown)
    if streamed:
        writer = GEMINI.writer(answering)
        pieces = json.loads(b"".join(writer.write(event) for event in events))
    else:
        pieces = [json.loads(GEMINI.encode_answer(events, answering))]
    assert [piece for piece in pieces[:-1] if "usageMetadata" in piece] == []
    assert pieces[-1]["candidates"][0]["finishReason"] == "STOP"
    text, thought, calls, _, usage, _ = meaning(events)
    assert pieces[-1]["usageMetadata"]["totalTokenCount"] == usage.total
    parts = [part for piece in pieces for part in piece["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts if part.get("thought")) == (
        thought if shown else ""
    )
    # Sent back, with or without the thoughts, it is what the model said.
    body = json.dumps({"contents": [{"role": "model", "parts": parts}]}).encode()
    said_again = GEMINI.decode_request(body).messages[0].parts
    kinds: dict[type, list[Any]] = {inner.Text: [], inner.Thinking: [], inner.ToolCall: []}
    for part in said_again:
        kinds[type(part)].append(part)
    assert "".join(part.text for part in kinds[inner.Text]) == text
    if text or calls:
        assert "".join(part.text for part in kinds[inner.Thinking]) == thought
    assert (
        sorted((call.id, call.name, json.loads(call.arguments)) for call in kinds[inner.ToolCall])
        == calls
    )


@settings(max_examples=300, deadline=None)
@given(answers())
def test_a_whole_answer_through_both_formats(events: list[inner.Event]) -> None:
    through = events
    for caller, upstream in (MESSAGES, CHAT):
        through = upstream.decode_answer(caller.encode_answer(through, ANSWERING))
        assert meaning(through) == meaning(events)
