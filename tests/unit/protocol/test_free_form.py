"""Free-form tools of Responses: functions to the upstream, free-form again to the caller."""

import json

import pytest

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import calls, outline, request
from codeplan.protocol.openai_responses.answer import encode
from codeplan.protocol.openai_responses.stream import Writer
from codeplan.protocol.sse import EventSplitter
from unit.protocol.test_responses import check_order

ANSWERING = Answering("r", "m", 1, namespaces=("edit",), free_form=("edit__apply_patch",))
EVENTS: list[inner.Event] = [
    inner.Started("up", "m"),
    inner.ToolCallStarted(0, "c1", "edit__apply_patch"),
    inner.ToolCallDelta(0, '{"input": "*** Begin'),
    inner.ToolCallDelta(0, ' Patch"}'),
    inner.Finished("tool"),
    inner.Ended(),
]


def test_which_tools_are_free_form() -> None:
    patch = {"type": "custom", "name": "apply_patch"}
    tools = [patch, {"type": "namespace", "name": "edit", "tools": [patch]}, {"type": "web_search"}]
    body = json.dumps({"model": "m", "input": "x", "tools": tools}).encode()
    assert outline.read(body).free_form == ("apply_patch", "edit__apply_patch")


def test_the_model_is_told_the_grammar() -> None:
    form = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
    tool = {"type": "custom", "name": "p", "description": "Patches.", "format": form}
    body = json.dumps({"model": "m", "input": "x", "tools": [tool]}).encode()
    told = request.decode(body).tools[0]
    assert told.description.startswith("Patches.\n\nPut the whole text into `input`.")
    assert told.description.endswith("lark grammar:\nstart: x")


def test_its_call_is_free_form_again() -> None:
    writer = Writer(ANSWERING)
    raw = b"".join(writer.write(event) for event in EVENTS)
    events = [json.loads(event.data) for event in EventSplitter().feed(raw)]
    check_order(events)
    names = [event["type"].removeprefix("response.") for event in events]
    assert names[2:-1] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    item = events[-1]["response"]["output"][0]
    whole = json.loads(encode(EVENTS, ANSWERING))["output"][0]
    assert {**item, "id": ""} == {**whole, "id": ""} == {
        "type": "custom_tool_call",
        "id": "",
        "status": "completed",
        "call_id": "c1",
        "name": "apply_patch",
        "namespace": "edit",
        "input": "*** Begin Patch",
    }  # fmt: skip
    body = {"model": "m", "input": [{"role": "user", "content": "x"}, item]}
    part = request.decode(json.dumps(body).encode()).messages[1].parts[0]
    assert part == inner.ToolCall("c1", "edit__apply_patch", '{"input":"*** Begin Patch"}')


@pytest.mark.parametrize("written", ["*** Begin Patch", '"x"', '{"patch": "x"}', '{"input": 1}'])
def test_what_a_model_wrote_elsewhere_is_not_lost(written: str) -> None:
    assert calls.free_text(written) == written
