"""What only its own maker's servers understand: told to the upstream in words, or refused in the
caller's own form, and then nothing is charged and no upstream asked."""

import json
from typing import Any

import pytest

from gateway.conftest import House
from support.replies import Said, answer

ANTHROPIC = "/api/anthropic/v1/messages"
RESPONSES = "/api/v1/responses"
CODING = "/api/coding/paas/v4/chat/completions"
GEMINI = "/api/gemini/v1beta/models/glm-4.6:generateContent"
LONG = "mcp__" + "a" * 70


def post(house: House, path: str, **body: Any) -> Any:
    headers = {**house.new_session(), "content-type": "application/json"}
    with house.service.client() as http:
        return http.post(path, headers=headers, content=json.dumps(body).encode())


def items(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "hi"}, *more, {"role": "user", "content": "and now?"}]


def says(path: str, answer: dict[str, Any]) -> str:
    """The message of an error in the form of the address's protocol."""
    error = answer["error"]
    if path == ANTHROPIC:
        assert (answer["type"], error["type"]) == ("error", "invalid_request_error")
    elif path == GEMINI:
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    else:
        assert error["type"] == "invalid_request_error"
    return str(error["message"])


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (RESPONSES, {"input": items({"type": "item_reference", "id": "msg_1"})}, "store set to false"),
    (RESPONSES, {"input": items({"id": "msg_1"})}, "store set to false"),
    (RESPONSES, {"input": items({"type": "compaction", "encrypted_content": "x"})}, "new session"),
    (RESPONSES, {"input": "x", "conversation": "conv_1"}, "send the whole input"),
    (RESPONSES, {"input": "x", "background": True}, "wait for this one"),
    (ANTHROPIC, {"max_tokens": 9, "messages": items(
        {"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]})},
     "messages[1].content[0]: this model's upstream cannot read 'container_upload'"),
    (ANTHROPIC, {"max_tokens": 9, "messages": items({"role": "user", "content": [
        {"type": "document", "source": {"type": "file", "file_id": "f"}}]})}, "are not kept here"),
    (ANTHROPIC, {"max_tokens": 9, "messages": items(), "tools": [
        {"type": "bash_20250124", "name": "bash"}]}, "offer the tool with an input_schema"),
    (RESPONSES, {"input": "x", "tools": [{"type": "local_shell"}]}, "offer the tool as a function"),
    (GEMINI, {"contents": [{"parts": [{"executableCode": {"code": "1"}}]}]}, "executableCode"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "told"), REFUSED, ids=[told for _, _, told in REFUSED])
def test_what_cannot_be_carried_is_refused_by_its_name(
    house: House, path: str, body: dict[str, Any], told: str
) -> None:
    before = house.service.window()["used"]
    refused = post(house, path, model="glm-4.6", **body)
    assert refused.status_code == 400
    assert told in says(path, refused.json())
    assert house.upstream.calls == []
    assert house.service.window()["used"] == before


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_tool_of_a_long_name_is_called_by_its_own_name(house: House, streamed: bool) -> None:
    def call_what_is_offered(asked: Any) -> Any:
        (tool,) = asked.body["tools"]
        return answer(asked, Said(calls=(("c1", tool["function"]["name"], {"a": 1}),)))

    house.script = call_what_is_offered
    tool = {"name": LONG, "description": "d", "input_schema": {"type": "object"}}
    answered = post(
        house, ANTHROPIC, model="glm-4.6", max_tokens=99, stream=streamed, tools=[tool],
        messages=[{"role": "user", "content": "hi"}],
    )  # fmt: skip
    assert answered.status_code == 200
    assert f'"name":"{LONG}"' in answered.text.replace('": "', '":"')
    shortened = house.upstream.calls[0].body["tools"][0]["function"]["name"]
    assert len(shortened) == 64
    assert shortened not in answered.text


def test_half_an_emoji_is_carried_as_a_mark(house: House) -> None:
    headers = {**house.new_session(), "content-type": "application/json"}
    body = b'{"model":"glm-4.6","messages":[{"role":"user","content":"A\\ud83dB \\ud83d\\ude42"}]}'
    with house.service.client() as http:
        assert http.post(CODING, headers=headers, content=body).status_code == 200
    assert house.upstream.calls[0].body["messages"][0]["content"] == "A\ufffdB 🙂"


NULLS: list[tuple[str, dict[str, Any]]] = [
    (CODING, {"messages": [{"role": "user", "name": None, "content": [
        {"type": "text", "text": "hi", "image_url": None},
        {"type": "image_url", "text": None, "image_url": {"url": "https://example.org/a.png"}}]}],
        "stream_options": None, "tools": [{"type": "function", "custom": None, "function": {
            "name": "f", "description": None, "parameters": None, "strict": None}}]}),
    (RESPONSES, {"input": [{"type": None, "role": "user", "content": [
        {"type": "input_text", "text": "hi", "file_id": None}]}], "reasoning": None, "text": None,
        "tools": [{"type": "web_search", "name": None},
                  {"type": "function", "name": "f", "parameters": {}, "tools": None}]}),
    (ANTHROPIC, {"max_tokens": 9, "system": None, "thinking": None, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi", "citations": None}]}],
        "tools": [{"name": "f", "description": None, "type": None, "input_schema": {
            "type": "object"}}]}),
    (GEMINI, {"contents": [{"role": None, "parts": [{"text": "hi", "inlineData": None}]}],
              "tools": None, "systemInstruction": None, "generationConfig": {"topK": None}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), NULLS, ids=[path for path, _ in NULLS])
def test_a_null_is_an_absent_field(house: House, path: str, body: dict[str, Any]) -> None:
    answered = post(house, path, model="glm-4.6", **body)
    assert answered.status_code == 200, answered.text
    assert "hi" in json.dumps(house.upstream.calls[0].body["messages"])
