"""Gemini: what is read of a call and its address, and what answers and streams look like."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.gemini import outline, request
from codeplan.protocol.gemini.answer import encode
from codeplan.protocol.gemini.errors import encode as encode_error
from codeplan.protocol.gemini.schema import json_schema
from codeplan.protocol.gemini.stream import Writer
from codeplan.protocol.outline import Malformed, Said, Target
from codeplan.protocol.sse import EventSplitter
from codeplan.protocol.usage import Usage

ANSWERING = Answering("req_1", "glm-4.6", 1)
HELLO = {"role": "user", "parts": [{"text": "Hello"}]}
FUNCTION = {"name": "read", "description": "d", "parameters": {"type": "OBJECT"}}


def decoded(**call: Any) -> inner.Request:
    return request.decode(json.dumps({"contents": [HELLO], **call}).encode())


def written(events: Sequence[inner.Event], answering: Answering = ANSWERING) -> list[Any]:
    writer = Writer(answering)
    raw = b"".join(writer.write(event) for event in events)
    if not answering.event_stream:
        whole: list[Any] = json.loads(raw)
        return whole
    return [json.loads(event.data) for event in EventSplitter().feed(raw)]


def parts_of(pieces: list[Any]) -> list[dict[str, Any]]:
    """All parts of a stream but the empty text that ends it."""
    parts = [part for piece in pieces for part in piece["candidates"][0]["content"]["parts"]]
    assert parts.pop() == {"text": ""}
    return parts


WHOLE: list[inner.Event] = [
    inner.Started("up", "m"),
    inner.ThinkingDelta("hm "),
    inner.ThinkingDelta("so"),
    inner.ThinkingSigned("sig"),
    inner.TextDelta("Hello "),
    inner.TextDelta("there"),
    inner.ToolCallStarted(0, "c1", "read"),
    inner.ToolCallDelta(0, '{"a"'),
    inner.ToolCallStarted(1, "c2", "write"),
    inner.ToolCallDelta(1, "{}"),
    inner.ToolCallDelta(0, ": 1}"),
    inner.Finished("tool"),
    inner.Reported(Usage(input=5, cached=2, output=3, reasoning=1)),
    inner.Ended(),
]


def test_the_address_says_the_model_and_whether_to_stream() -> None:
    body = json.dumps({"contents": [HELLO], "generationConfig": {"maxOutputTokens": 7}}).encode()
    streamed = outline.read(body, Target("glm-4.6", "streamGenerateContent", {"alt": "sse"}))
    assert (streamed.model, streamed.stream, streamed.event_stream) == ("glm-4.6", True, True)
    assert streamed.most_tokens == 7
    whole = outline.read(body, Target("glm-4.6", "generateContent"))
    assert (whole.stream, whole.event_stream) == (False, False)


@pytest.mark.parametrize("spelling", ["camel", "snake"])
def test_both_spellings_of_proto_json_are_read(spelling: str) -> None:
    call: dict[str, Any] = {
        "systemInstruction": {"parts": [{"text": "Lead."}]},
        "contents": [
            {"parts": [{"inlineData": {"mimeType": "image/png", "data": "QQ=="}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "read", "args": {"a": 1}}}]},
            {"parts": [{"functionResponse": {"name": "read", "response": {"output": "x"}}}]},
        ],
        "tools": [{"functionDeclarations": [FUNCTION]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["read"]}},
        "generationConfig": {
            "topP": 0.5, "topK": 64.0, "maxOutputTokens": 9, "stopSequences": ["END"],
            "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2048},
            "responseMimeType": "application/json", "responseSchema": {"type": "STRING"},
        },
    }  # fmt: skip
    written_so = json.dumps(call)
    if spelling == "snake":
        for name in (
            "systemInstruction", "inlineData", "mimeType", "functionCall", "functionResponse",
            "functionDeclarations", "toolConfig", "functionCallingConfig", "allowedFunctionNames",
            "generationConfig", "topP", "topK", "maxOutputTokens", "stopSequences",
            "thinkingConfig", "includeThoughts", "thinkingBudget", "responseMimeType",
            "responseSchema", "functionCallingConfig",
        ):  # fmt: skip
            snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
            written_so = written_so.replace(f'"{name}"', f'"{snake}"')
    read = request.decode(written_so.encode())
    assert [message.role for message in read.messages] == ["system", "user", "assistant", "user"]
    assert read.messages[1].parts == (inner.Image("image/png", "QQ=="),)
    assert read.messages[2].parts == (inner.ToolCall("call_1", "read", '{"a":1}'),)
    assert read.messages[3].parts == (inner.ToolResult("call_1", (inner.Text("x"),)),)
    assert read.tools == (inner.Tool("read", "d", {"type": "object"}),)
    assert read.tool_choice == inner.ToolChoice("named", "read")
    assert (read.top_p, read.top_k, read.max_tokens, read.stop) == (0.5, 64, 9, ("END",))
    assert (read.thinking, read.thinking_budget) == (True, 2048)
    assert read.form == inner.AnswerForm({"type": "string"})
    said = outline.read(written_so.encode())
    assert (said.system, said.tool_names) == (("Lead.",), ("read",))
    assert (said.ends_with_tool_result, said.structured, said.shows_thinking) == (True, True, True)
    assert said.most_tokens == 9


def test_a_response_without_an_id_takes_no_other_call_of_an_id_used_before() -> None:
    def called(name: str, **more: Any) -> dict[str, Any]:
        return {"functionCall": {"name": name, "args": {}, **more}}

    def response(name: str, text: str, **more: Any) -> dict[str, Any]:
        return {"functionResponse": {"name": name, "response": {"output": text}, **more}}

    read = decoded(
        contents=[
            {"role": "model", "parts": [called("f", id="c1"), called("f", id="c1")]},
            {"parts": [response("f", "1", id="c1"), response("f", "2", id="c1")]},
            {"role": "model", "parts": [called("f"), called("g", id="c1")]},
            {"parts": [response("f", "3"), response("g", "4", id="c1")]},
        ]
    )
    order = ("c1", "c1", "call_1", "c1")
    results = [part for message in read.messages for part in message.parts]
    assert [
        (part.call_id, part.parts[0]) for part in results if isinstance(part, inner.ToolResult)
    ] == [(one, inner.Text(text)) for one, text in zip(order, "1234", strict=True)]


def test_responses_without_ids_belong_to_calls_by_name_and_order() -> None:
    call = {"functionCall": {"name": "read", "args": {}}}
    other = {"functionCall": {"name": "write", "args": {}}}

    def response(name: str, text: str) -> dict[str, Any]:
        return {"functionResponse": {"name": name, "response": {"result": text}}}

    read = decoded(
        contents=[
            {"role": "model", "parts": [call, other, call]},
            {"role": "user", "parts": [response("read", "1"), response("write", "2")]},
            {"role": "function", "parts": [response("read", "3")]},
        ]
    )
    results = [part for message in read.messages[1:] for part in message.parts]
    assert results == [
        inner.ToolResult("call_1", (inner.Text("1"),)),
        inner.ToolResult("call_2", (inner.Text("2"),)),
        inner.ToolResult("call_3", (inner.Text("3"),)),
    ]


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"output": "x"}, "x", False),
        ({"result": "x"}, "x", False),
        ({"error": "no"}, "no", True),
        ({"error": {"code": 1}}, '{"error":{"code":1}}', True),
        ({"lines": 3}, '{"lines":3}', False),
    ],
)
def test_what_a_function_answered(response: Any, text: str, is_error: bool) -> None:
    read = decoded(
        contents=[
            {"role": "model", "parts": [{"functionCall": {"id": "a", "name": "f"}}]},
            {"parts": [{"functionResponse": {"id": "a", "name": "f", "response": response}}]},
        ]
    )
    assert read.messages[1].parts == (inner.ToolResult("a", (inner.Text(text),), is_error),)


def test_texts_behind_a_response_are_said() -> None:
    parts = [{"functionResponse": {"name": "f", "response": {}}}, {"text": "And now?"}]
    body = json.dumps({"contents": [HELLO, {"role": "user", "parts": parts}]}).encode()
    behind = Said(("And now?",), tool_result=True, joins=True)
    assert outline.read(body).said == (Said(("Hello",)), behind)


def test_files_of_every_kind() -> None:
    text = base64.b64encode("Köln".encode()).decode()
    read = decoded(
        contents=[{"parts": [
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBER",
                            "displayName": "a.pdf"}},
            {"inlineData": {"mimeType": "video/mp4", "data": "QQ=="}},
            {"inlineData": {"mimeType": "text/markdown", "data": text}},
            {"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.png"}},
        ]}]
    )  # fmt: skip
    assert read.messages[0].parts == (
        inner.Document("a.pdf", "application/pdf", "JVBER"),
        inner.Video("video/mp4", "QQ=="),
        inner.Text("Köln"),
        inner.Image("image/png", url="https://example.org/a.png"),
    )


@pytest.mark.parametrize(
    ("config", "thinking", "budget", "effort"),
    [
        ({}, None, None, ""),
        ({"includeThoughts": True}, True, None, ""),
        ({"includeThoughts": False}, None, None, ""),
        ({"thinkingBudget": 0}, False, None, ""),
        ({"thinkingBudget": -1}, True, None, ""),
        ({"thinkingBudget": 512}, True, 512, ""),
        ({"thinkingLevel": "LOW"}, True, None, "low"),
    ],
)
def test_how_far_to_think(
    config: dict[str, Any], thinking: bool | None, budget: int | None, effort: str
) -> None:
    read = decoded(generationConfig={"thinkingConfig": config})
    assert (read.thinking, read.thinking_budget, read.effort) == (thinking, budget, effort)


def test_a_choice_of_several_functions_leaves_the_others_out() -> None:
    tools = [{"functionDeclarations": [{"name": name} for name in "abc"]}]
    config = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["a", "c"]}}
    read = decoded(tools=tools, toolConfig=config)
    assert [tool.name for tool in read.tools] == ["a", "c"]
    assert read.tool_choice == inner.ToolChoice("required")


def test_googles_own_tools_are_dropped_beside_functions_and_refused_alone() -> None:
    both = [{"googleSearch": {}}, {"functionDeclarations": [FUNCTION]}]
    assert [tool.name for tool in decoded(tools=both).tools] == ["read"]
    with pytest.raises(Malformed, match=r"tools\[0\].googleSearch: .*MCP"):
        decoded(tools=[{"google_search": {}}])


def test_a_count_may_wrap_the_whole_call() -> None:
    wrapped = {"generateContentRequest": {"model": "models/m", "contents": [HELLO]}}
    body = json.dumps(wrapped).encode()
    assert outline.read(body, Target("m", "countTokens")).said == (Said(("Hello",)),)
    assert request.decode(body).messages[0].parts == (inner.Text("Hello"),)


@pytest.mark.parametrize(
    "call",
    [
        {"contents": []},
        {"contents": "Hello"},
        {"contents": [{"role": "robot", "parts": [{"text": "x"}]}]},
        {"contents": [{"parts": [{"functionResponse": {"name": "f", "response": {}}}]}]},
        {"contents": [{"parts": [{"executableCode": {"code": "1"}}]}]},
        {"contents": [{"parts": [{"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}]}]},
        {"contents": [{"parts": [{"fileData": {"fileUri": "gs://bucket/a.png"}}]}]},
        {"cachedContent": "cachedContents/1"},
        {"generationConfig": {"candidateCount": 2}},
        {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}},
        {"generationConfig": {"responseMimeType": "text/x.enum"}},
        {"toolConfig": {"functionCallingConfig": {"mode": "SOMETIMES"}}},
        {"tools": [{"codeExecution": {}}]},
    ],
)
def test_what_cannot_be_carried_is_named(call: dict[str, Any]) -> None:
    body = json.dumps({"contents": [HELLO], **call}).encode()
    with pytest.raises(Malformed):
        outline.read(body)
        request.decode(body)


def test_a_stream_has_whole_calls_and_ends_with_its_usage() -> None:
    pieces = written(WHOLE)
    thought, so, hello, there, read, write = parts_of(pieces)
    assert [thought, so] == [{"text": "hm ", "thought": True}, {"text": "so", "thought": True}]
    assert (hello["text"], there) == ("Hello ", {"text": "there"})
    assert read == {"functionCall": {"id": "c1", "name": "read", "args": {"a": 1}}}
    assert write == {"functionCall": {"id": "c2", "name": "write", "args": {}}}
    assert ["finishReason" in piece["candidates"][0] for piece in pieces[-2:]] == [False, True]
    assert pieces[-1]["candidates"][0]["finishReason"] == "STOP"
    assert pieces[-1]["usageMetadata"] == {
        "promptTokenCount": 7,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 1,
        "cachedContentTokenCount": 2,
        "totalTokenCount": 10,
    }
    assert {piece["responseId"] for piece in pieces} == {"req_1"}


def test_without_server_sent_events_a_stream_is_one_array() -> None:
    array = Answering("req_1", "glm-4.6", 1, event_stream=False)
    assert written(WHOLE, array) == written(WHOLE)
    failed = written([inner.TextDelta("x"), inner.Failed(503, "busy")], array)
    assert failed[-1] == {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
    assert len(written([inner.Ended()], array)) == 1


def test_a_whole_answer_says_the_same_as_a_stream() -> None:
    whole = json.loads(encode(WHOLE, ANSWERING))
    streamed = written(WHOLE)
    texts = "".join(part.get("text", "") for part in parts_of(streamed))
    parts = whole["candidates"][0]["content"]["parts"]
    assert "".join(part.get("text", "") for part in parts) == texts
    assert parts[-2:] == parts_of(streamed)[-2:]
    assert whole["usageMetadata"] == streamed[-1]["usageMetadata"]
    assert whole["candidates"][0]["finishReason"] == "STOP"


def test_thoughts_are_shown_to_those_who_ask_alone() -> None:
    hidden = Answering("req_1", "m", 1, shows_thinking=False)
    for parts in (
        parts_of(written(WHOLE, hidden)),
        json.loads(encode(WHOLE, hidden))["candidates"][0]["content"]["parts"],
    ):
        assert not any("thought" in part for part in parts)
        assert "thoughtSignature" in parts[0]


@pytest.mark.parametrize("keeps_thoughts", [True, False])
@pytest.mark.parametrize("url_safe", [True, False])
def test_thinking_comes_back_with_its_signature(keeps_thoughts: bool, url_safe: bool) -> None:
    """Some clients drop thoughts; Python's SDK writes a signature's base64 with other letters."""
    parts = parts_of(written(WHOLE))
    kept = [part for part in parts if keeps_thoughts or not part.get("thought")]
    if url_safe:
        for part in kept:
            if "thoughtSignature" in part:
                raw = base64.b64decode(part["thoughtSignature"])
                part["thoughtSignature"] = base64.urlsafe_b64encode(raw).decode()
    read = decoded(contents=[HELLO, {"role": "model", "parts": kept}])
    assert read.messages[1].parts == (
        inner.Thinking("hm so", "sig"),
        inner.Text("Hello "),
        inner.Text("there"),
        inner.ToolCall("c1", "read", '{"a":1}'),
        inner.ToolCall("c2", "write", "{}"),
    )


def test_another_servers_signature_is_dropped() -> None:
    part = {
        "functionCall": {"name": "f", "args": {}},
        "thoughtSignature": "skip_thought_signature_validator",
    }
    read = decoded(contents=[HELLO, {"role": "model", "parts": [part]}])
    assert read.messages[1].parts == (inner.ToolCall("call_1", "f", "{}"),)


@pytest.mark.parametrize(
    ("reason", "word"),
    [("end", "STOP"), ("length", "MAX_TOKENS"), ("stop_sequence", "STOP"), ("refusal", "SAFETY")],
)
def test_finish_reasons(reason: inner.StopReason, word: str) -> None:
    pieces = written([inner.TextDelta("x"), inner.Finished(reason), inner.Ended()])
    assert pieces[-1]["candidates"][0]["finishReason"] == word


def test_pings_are_left_out() -> None:
    assert written([inner.Pinged(), inner.TextDelta("x")]) == written([inner.TextDelta("x")])


def test_a_model_that_writes_no_json_loses_nothing() -> None:
    events = [inner.ToolCallStarted(0, "c", "f"), inner.ToolCallDelta(0, "{oops"), inner.Ended()]
    piece, end = written(events)
    assert end["candidates"][0]["finishReason"] == "STOP"
    call = piece["candidates"][0]["content"]["parts"][0]["functionCall"]
    assert call["args"] == {"arguments": "{oops"}


def test_a_retry_is_told_only_where_a_moment_helps() -> None:
    busy = json.loads(encode_error(429, "1305", "busy", "req_1", retry_seconds=5))
    assert busy["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert [detail["@type"].rpartition(".")[2] for detail in busy["error"]["details"]] == [
        "ErrorInfo",
        "RetryInfo",
    ]
    assert busy["error"]["details"][0]["reason"] == "1305"
    assert busy["error"]["details"][1]["retryDelay"] == "5s"
    over = json.loads(encode_error(403, "1308", "used up", "req_1"))
    assert (over["error"]["code"], over["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert len(over["error"]["details"]) == 1
    assert over["request_id"] == "req_1"


def test_googles_schemas_become_json_schemas() -> None:
    schema = {
        "type": "OBJECT",
        "propertyOrdering": ["kind"],
        "required": ["kind"],
        "properties": {
            "kind": {"type": "STRING", "format": "enum", "enum": ["a", "b"], "nullable": True},
            "type": {"type": "ARRAY", "minItems": "1", "items": {"type": "INTEGER"}},
            "either": {"any_of": [{"type": "NUMBER"}, {"type": "BOOLEAN"}], "nullable": True},
        },
    }
    assert json_schema(schema) == {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"type": ["string", "null"], "enum": ["a", "b", None]},
            "type": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
            "either": {
                "anyOf": [
                    {"anyOf": [{"type": "number"}, {"type": "boolean"}]},
                    {"type": "null"},
                ]
            },
        },
    }


def test_json_schemas_stay_as_they_are() -> None:
    schema = {
        "type": "object",
        "properties": {"nullable": {"type": ["string", "null"], "description": "OBJECT"}},
        "additionalProperties": False,
        "$defs": {"x": {"const": 1}},
    }
    assert json_schema(schema) == schema
