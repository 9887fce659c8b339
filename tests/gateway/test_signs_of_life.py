"""Silent upstreams: their callers' streams are opened and kept alive, and what comes of it."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.replies import SSE, Said, anthropic_pieces, openai_pieces
from support.routes import At, with_routes
from support.service import Service, opencode
from support.upstream import Asked, Cut, Pause, Piece, Reply, ScriptedUpstream

SETTINGS = "sign_of_life_seconds = 0.2\nrest_seconds = 0.01\nlongest_rest_seconds = 0.01"
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/api/anthropic/v1/messages", {"max_tokens": 9}),
    "chat": ("/api/coding/paas/v4/chat/completions", {}),
    "responses": ("/api/v1/responses", {}),
    "gemini": ("/api/gemini/v1beta/models/openai:streamGenerateContent?alt=sse", {}),
    "gemini array": ("/api/gemini/v1beta/models/openai:streamGenerateContent", {}),
}
SIGN = re.compile(rb'(?::|event:) ping\n|"candidates": \[\]|\r\n\r\n|^\r\n')


def pieces(protocol: str) -> list[Piece]:
    said = Said(text="Hello there")
    return anthropic_pieces(said) if protocol == "anthropic" else openai_pieces(said)


class House:
    """Models ``openai`` and ``anthropic``, called after what their upstreams speak, each with two
    routes."""

    def __init__(self, service: Service, first: ScriptedUpstream, second: ScriptedUpstream) -> None:
        self.service, self.first, self.second = service, first, second
        self.http = service.client()

    def call(self, protocol: str, model: str) -> httpx.Request:
        path, more = CALLS[protocol]
        body: dict[str, Any] = {"model": model, "stream": True, **more}
        if protocol == "responses":
            body["input"] = "x"
        elif protocol.startswith("gemini"):
            path = path.replace("openai", model)
            body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
        else:
            body["messages"] = [{"role": "user", "content": "x"}]
        headers = {**opencode("ses"), "authorization": f"Bearer {self.service.key}"}
        return self.http.build_request("POST", path, json=body, headers=headers)

    def read(self, protocol: str, model: str, *gates: Pause) -> tuple[int, bytes]:
        """The status, and all that came; one more gate is opened after each sign of life."""
        left = list(gates)
        answered = self.http.send(self.call(protocol, model), stream=True)
        data, signs = b"", 0
        for piece in answered.iter_raw():
            data += piece
            if SIGN.search(piece):
                signs += 1
                # The second one of a silence shows that the first was not the only one.
                if signs % 2 == 0 and left:
                    left.pop(0).open()
        answered.close()
        assert not left
        return answered.status_code, data

    def outcome(self) -> tuple[Any, ...]:
        query = "SELECT state, outcome FROM calls ORDER BY started_at DESC LIMIT 1"
        return self.service.rows(query)[0]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    def unset(asked: Asked) -> Reply:
        return Reply(status=500)

    with ScriptedUpstream(unset) as first, ScriptedUpstream(unset) as second:
        upstreams, models = {}, {}
        for protocol in ("openai", "anthropic"):
            names = (f"{protocol}-1", f"{protocol}-2")
            for name, one in zip(names, (first, second), strict=True):
                upstreams[name] = At(one.base_url, protocol=protocol)
            models[protocol] = names
        config = with_routes(upstreams, models, SETTINGS)
        config = config.replace("concurrency = 50", 'admit = "any"\nconcurrency = 50')
        with Service(tmp_path_factory.mktemp("signs"), config) as service:
            yield House(service, first, second)


@pytest.mark.parametrize("model", ["openai", "anthropic"])
@pytest.mark.parametrize("protocol", CALLS)
def test_a_long_silence_before_content_and_in_mid_answer(
    protocol: str, model: str, house: House
) -> None:
    begins, before, within = Pause(), Pause(), Pause()
    told = pieces(model)
    middle = next(number for number, one in enumerate(told) if b"Hello" in bytes(one))  # type: ignore[arg-type]  # no pauses yet
    house.first.script = lambda _: Reply(
        waits=begins,
        pieces=[*told[:1], before, *told[1 : middle + 1], within, *told[middle + 1 :]],
        content_type=SSE,
    )
    status, data = house.read(protocol, model, begins, before, within)
    assert status == 200
    assert "Hello there" in text_of(protocol, data)
    assert house.outcome() == ("settled", "whole")


@pytest.mark.parametrize("protocol", CALLS)
def test_failing_over_goes_on_behind_a_sign_of_life(protocol: str, house: House) -> None:
    gate = Pause()
    house.first.script = lambda _: Reply(pieces=[*pieces("")[:1], gate, Cut()], content_type=SSE)
    house.second.script = lambda _: Reply(pieces=pieces(""), content_type=SSE)
    status, data = house.read(protocol, "openai", gate)
    assert status == 200
    assert "Hello there" in text_of(protocol, data)
    assert house.outcome() == ("settled", "whole")


ERRORS = {
    "anthropic": "error",
    "chat": "error",
    "responses": "response.failed",
    "gemini": "error",
    "gemini array": "error",
}
# What OpenCode takes for a reason to ask again; Claude Code and Codex go by the error's type.
AGAIN = re.compile(r"429|50\d|try again (?:in|later)|overloaded|server.error|unavailable", re.I)


@pytest.mark.parametrize("protocol", CALLS)
def test_an_error_behind_a_sign_of_life_is_the_streams_and_free(
    protocol: str, house: House
) -> None:
    used = house.service.window()["used"]
    gate = Pause()
    house.first.script = lambda _: Reply(pieces=[*pieces("")[:1], gate, Cut()], content_type=SSE)
    house.second.script = lambda _: Reply(status=500, body=b'{"error": {"message": "broken"}}')
    status, data = house.read(protocol, "openai", gate)
    assert status == 200
    last = events_of(protocol, data)[-1]
    assert ERRORS[protocol] in (last.get("type"), *last)
    assert "No model answered after a long wait" in json.dumps(last)
    if protocol == "chat":
        assert not AGAIN.search(json.dumps(last))
    assert b"[DONE]" not in data
    assert house.outcome() == ("released", "failed")
    assert house.service.window()["used"] == used


def test_who_asks_once_more_after_that_is_stopped(house: House) -> None:
    gate = Pause()
    house.first.script = lambda _: Reply(pieces=[gate, Cut()], content_type=SSE)
    house.second.script = lambda _: Reply(status=500, body=b"{}")
    assert house.read("chat", "openai", gate)[0] == 200
    again = house.http.send(house.call("chat", "openai"))
    assert again.status_code == 403  # what OpenCode stops at
    assert again.headers["x-should-retry"] == "false"
    assert "retry-after" not in again.headers
    assert "No model answered after a long wait" in again.json()["error"]["message"]


def test_who_asks_the_same_without_streaming_is_told_at_once(house: House) -> None:
    """Once: nothing keeps such a call alive through a proxy."""
    gate = Pause()
    house.first.script = lambda _: Reply(pieces=[gate, Cut()], content_type=SSE)
    house.second.script = lambda _: Reply(status=500, body=b"{}")
    assert house.read("chat", "openai", gate)[0] == 200
    house.second.calls.clear()
    call = house.call("chat", "openai")
    body = json.loads(call.content) | {"stream": False}
    headers = {name: call.headers[name] for name in call.headers if name != "content-length"}
    told = house.http.post(call.url, headers=headers, json=body)
    assert told.headers["x-should-retry"] == "false"
    assert "No model answered after a long wait" in told.json()["error"]["message"]
    assert not house.second.calls
    house.http.post(call.url, headers=headers, json=body)
    assert house.second.calls


def test_a_call_that_is_wrong_behind_a_sign_of_life_is_told_so(house: House) -> None:
    gate = Pause()
    failed = {"error": {"message": "tools: bad", "type": "invalid_request_error"}}
    event = b"data: " + json.dumps(failed).encode() + b"\n\n"
    house.first.script = lambda _: Reply(pieces=[gate, event], content_type=SSE)
    house.second.calls.clear()
    status, data = house.read("anthropic", "openai", gate)
    assert status == 200
    last = events_of("anthropic", data)[-1]
    assert (last["type"], last["error"]["message"]) == ("error", "tools: bad")
    assert not house.second.calls


def test_a_caller_that_leaves_behind_a_sign_of_life_pays_nothing(house: House) -> None:
    used = house.service.window()["used"]
    gate = Pause()
    house.first.script = lambda _: Reply(pieces=[gate, *pieces("")], content_type=SSE)
    answered = house.http.send(house.call("chat", "openai"), stream=True)
    assert b"ping" in next(answered.iter_raw())
    identity = answered.headers["x-request-id"]
    answered.close()
    query = "SELECT state, outcome FROM calls WHERE id = ? AND state <> 'running'"
    until = time.monotonic() + 20
    while not house.service.rows(query, identity):
        assert time.monotonic() < until
        time.sleep(0.01)
    gate.open()
    assert house.service.rows(query, identity) == [("released", "cut by client")]
    assert house.service.window()["used"] == used


def test_no_sign_of_life_where_an_answer_comes_in_time(house: House) -> None:
    house.first.script = lambda _: Reply(pieces=pieces(""), content_type=SSE)
    _, data = house.read("anthropic", "openai")
    assert b"ping" not in data


def events_of(protocol: str, data: bytes) -> list[Any]:
    if protocol == "gemini array":
        return list(json.loads(data))
    lines = data.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def text_of(protocol: str, data: bytes) -> str:
    """All text of a stream."""
    return "".join(_texts(event) for event in events_of(protocol, data))


def _texts(event: Any) -> str:
    """Of one event, by whichever name its protocol gives it."""
    if event.get("type") == "content_block_delta":
        return str(event["delta"].get("text", ""))
    if event.get("type") == "response.output_text.delta":
        return str(event["delta"])
    parts = [part for one in event.get("candidates", ()) for part in one["content"]["parts"]]
    deltas = [choice["delta"].get("content") or "" for choice in event.get("choices", ())]
    return "".join([*deltas, *(part.get("text", "") for part in parts)])
