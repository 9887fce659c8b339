"""Odd answers through the service: who is charged, for how much, and what the receipt says."""

import json
from typing import Any

import pytest

from gateway.conftest import House
from gateway.test_receipts import explain
from support.replies import SSE, Said, anthropic_pieces, openai_pieces
from support.service import Service, catalogue
from support.streams.odd_chat import chunk
from support.upstream import Cut, Piece, Reply, ScriptedUpstream

USAGE = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
DONE = b"data: [DONE]\n\n"
MESSAGES = "/api/anthropic/v1/messages"
FUNCTION = {"name": "Bash", "arguments": '{"c":1}'}


def events(*values: dict[str, Any]) -> list[Piece]:
    return [f"data: {json.dumps(value)}\n\n".encode() for value in values]


def streamed(*pieces: Piece) -> Reply:
    return Reply(pieces=pieces, content_type=SSE)


def whole(message: dict[str, Any], **more: Any) -> Reply:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return Reply(body=json.dumps({"id": "c", "choices": [choice], **more}).encode())


def tokens_of(house: House, identity: str) -> tuple[Any, ...]:
    (row,) = house.service.rows(
        "SELECT state, input, cached, output FROM calls WHERE id = ?", identity
    )
    return row


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("said", [
    {"function_call": FUNCTION}, {"refusal": "No."}, {"audio": {"data": "UklGRg=="}},
    {"of_next_year": {"x": 1}},
], ids=lambda said: next(iter(said)))  # fmt: skip
def test_what_is_delivered_is_charged(house: House, stream: bool, said: dict[str, Any]) -> None:
    used = house.service.window()["used"]
    pieces = [*events(chunk(said), chunk({}, "stop", usage=USAGE)), DONE]
    house.script = lambda _: streamed(*pieces) if stream else whole(said, usage=USAGE)
    answered = house.ask(stream=stream)
    assert answered.status_code == 200
    if stream:
        assert answered.content == b"".join(piece for piece in pieces if isinstance(piece, bytes))
    assert house.service.window()["used"] == used + 1
    assert tokens_of(house, answered.headers["x-request-id"]) == ("settled", 20, 0, 5)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ["", MESSAGES])
def test_usage_that_no_upstream_told_is_estimated_and_marked(
    house: House, stream: bool, path: str
) -> None:
    words = "word " * 80
    house.script = lambda _: (
        streamed(*events(chunk({"content": words}), chunk({}, "stop")), DONE)
        if stream
        else whole({"content": words})
    )
    answered = house.ask(stream=stream, path=path, max_tokens=500)
    identity = answered.headers["x-request-id"]
    state, prompt, cached, output = tokens_of(house, identity)
    assert (state, cached, output) == ("settled", 0, 100)
    assert prompt == len(house.upstream.calls[-1].raw) // 4
    receipt = explain(house.service, identity, "--verify")
    assert receipt["verified"] is True
    assert receipt["calls"][0]["tokens_estimated"] is True
    if path:
        # A caller of another protocol is told the same.
        assert f'"input_tokens":{prompt},' in answered.text
        assert '"output_tokens":100' in answered.text


def test_usage_that_was_told_is_not_marked(house: House) -> None:
    identity = house.ask().headers["x-request-id"]
    assert explain(house.service, identity)["calls"][0]["tokens_estimated"] is False


@pytest.mark.parametrize("path", ["", MESSAGES])
def test_an_answer_that_breaks_off_behind_its_finish_is_whole(house: House, path: str) -> None:
    used = house.service.window()["used"]
    pieces = openai_pieces(Said(text="Hello"))
    assert pieces[-1] == DONE
    house.script = lambda _: streamed(*pieces[:-1], Cut())
    answered = house.ask(stream=True, path=path, max_tokens=500)
    assert b'"error"' not in answered.content
    if path:
        assert answered.text.rstrip().endswith('data: {"type":"message_stop"}')
    assert house.service.window()["used"] == used + 1
    assert tokens_of(house, answered.headers["x-request-id"])[0] == "settled"


@pytest.mark.parametrize("path", ["", MESSAGES])
def test_a_whole_answer_to_a_streaming_call_is_streamed(house: House, path: str) -> None:
    house.script = lambda _: whole({"content": "Hello"}, usage=USAGE)
    answered = house.ask(stream=True, path=path, max_tokens=500)
    assert answered.headers["content-type"].startswith(SSE)
    last = '{"type":"message_stop"}' if path else "[DONE]"
    assert answered.text.rstrip().endswith(f"data: {last}")
    assert "Hello" in answered.text
    assert tokens_of(house, answered.headers["x-request-id"]) == ("settled", 20, 0, 5)


def test_a_stream_where_a_whole_answer_was_asked_for_is_whole(house: House) -> None:
    house.script = lambda _: streamed(*openai_pieces(Said(text="Hello")))
    answered = house.ask(stream=False)
    assert answered.json()["choices"][0]["message"]["content"] == "Hello"
    assert answered.json()["model"] == "glm-4.6"
    assert tokens_of(house, answered.headers["x-request-id"])[0] == "settled"


def test_a_translated_answer_shows_our_model_and_our_id(house: House) -> None:
    for stream in (True, False):
        answered = house.ask(stream=stream, path=MESSAGES, max_tokens=500)
        identity = answered.headers["x-request-id"].removeprefix("req_")
        assert f'"id":"msg_{identity}"' in answered.text
        assert '"model":"glm-4.6"' in answered.text
        assert "up/" not in answered.text
        assert "chatcmpl" not in answered.text


def test_openais_mark_behind_an_anthropic_answer_is_no_failure(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pieces = anthropic_pieces(Said(text="Hello"))
    raw = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    with (
        ScriptedUpstream(lambda _: streamed(raw + DONE)) as upstream,
        Service(
            tmp_path_factory.mktemp("mark"),
            catalogue(upstream.base_url, "anthropic", clients="any"),
        ) as service,
        service.client() as http,
    ):
        call = {"model": "glm-4.6", "max_tokens": 9, "stream": True,
                "messages": [{"role": "user", "content": "x"}]}  # fmt: skip
        headers = {"authorization": f"Bearer {service.key}"}
        answered = http.post(MESSAGES, headers=headers, json=call)
        assert answered.content == raw
        translated = http.post(
            "/api/coding/paas/v4/chat/completions", headers=headers, json={**call, "max_tokens": 8}
        )
        assert translated.text.count("[DONE]") == 1
        assert "error" not in translated.text
        assert service.rows("SELECT state FROM calls") == [("settled",), ("settled",)]
