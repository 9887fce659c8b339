"""What an upstream's error becomes for its caller: it keeps its meaning."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.replies import SSE, Said, answer, openai_pieces
from support.routes import At, with_routes
from support.service import Service, opencode
from support.upstream import Asked, Reply, ScriptedUpstream

TOO_LONG = (
    "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens"
    " (139000 in the messages, 1000 in the completion)."
)
_REST = "rest_seconds = 0.01\nlongest_rest_seconds = 0.01"
PATHS = {
    "anthropic": "/api/anthropic/v1/messages",
    "chat": "/api/coding/paas/v4/chat/completions",
    "responses": "/api/v1/responses",
    "gemini": "/api/gemini/v1beta/models/m:generateContent",
}
WORDS = {
    "anthropic": "prompt is too long: 139000 tokens > 131072 maximum",
    "chat": "maximum context length is 131072 tokens",
    "responses": "exceeds the context window",
    "gemini": "input token count (139000) exceeds the maximum number of tokens allowed (131072)",
}


class House:
    """A model of two routes, of which the first does what a test says."""

    def __init__(self, service: Service, first: ScriptedUpstream, second: ScriptedUpstream) -> None:
        self.service, self.first, self.second = service, first, second
        self.http = service.client()

    def ask(self, protocol: str, reply: Reply, stream: bool = False, **headers: str) -> Any:
        self.first.script = lambda _: reply
        self.second.calls.clear()
        said = "x" * 400
        body: dict[str, Any] = {"model": "m", "stream": stream, "max_tokens": 9}
        if protocol == "responses":
            body = {"model": "m", "stream": stream, "input": said}
        elif protocol == "gemini":
            body = {"contents": [{"role": "user", "parts": [{"text": said}]}]}
        else:
            body["messages"] = [{"role": "user", "content": said}]
        known = {**opencode("ses"), "authorization": f"Bearer {self.service.key}", **headers}
        return self.http.post(PATHS[protocol], json=body, headers=known)


def error(status: int, body: Any, **headers: str) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode(), headers=headers)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    def yes(asked: Asked) -> Reply:
        return answer(asked, Said(text="Yes."))

    with ScriptedUpstream(yes) as first, ScriptedUpstream(yes) as second:
        upstreams = {"first": At(first.base_url), "second": At(second.base_url)}
        config = with_routes(upstreams, {"m": ["first", "second"]}, _REST)
        config = config.replace("concurrency = 50", 'admit = "any"\nconcurrency = 50')
        with Service(tmp_path_factory.mktemp("errors"), config) as service:
            yield House(service, first, second)


@pytest.mark.parametrize("protocol", PATHS)
@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_call_that_is_too_long_is_told_in_its_clients_words(
    house: House, protocol: str, status: int
) -> None:
    refused = house.ask(protocol, error(status, {"error": {"message": TOO_LONG}}))
    assert refused.status_code == 400
    assert WORDS[protocol] in refused.json()["error"]["message"]
    if protocol in ("chat", "responses"):
        assert refused.json()["error"]["code"] == "context_length_exceeded"
    # Another upstream would say the same.
    assert not house.second.calls


def test_figures_that_were_not_told_are_made_up_of_what_is_known(house: House) -> None:
    refused = house.ask(
        "anthropic", error(400, {"error": {"message": "Prompt exceeds max length"}})
    )
    message = refused.json()["error"]["message"]
    assert message.startswith("prompt is too long: ")
    tokens, most = (int(word) for word in message.split() if word.isdigit())
    assert tokens > most


def test_an_answer_that_alone_is_too_long_may_be_asked_for_shorter(house: House) -> None:
    text = "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease"
    refused = house.ask("anthropic", error(400, {"error": {"message": text}}))
    assert "exceed context limit: 190000 + 20000 > 200000" in refused.json()["error"]["message"]


def test_codex_is_told_inside_of_a_stream(house: House) -> None:
    codex = {"user-agent": "codex_exec/0.169.0", "originator": "codex_exec", "session-id": "s"}
    reply = error(400, {"error": {"message": TOO_LONG}})
    told = house.ask("responses", reply, stream=True, **codex)
    assert told.status_code == 200
    events = [json.loads(line[6:]) for line in told.text.splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_of_the_call_as_the_first_event_is_asked_once(house: House, stream: bool) -> None:
    failed = {"error": {"message": "tools: bad", "type": "invalid_request_error", "code": None}}
    event = b"data: " + json.dumps(failed).encode() + b"\n\n"
    begin = openai_pieces(Said(text="x"))[0]
    reply = (
        Reply(pieces=[begin, event], content_type=SSE)
        if stream
        else Reply(body=json.dumps(failed).encode())
    )
    refused = house.ask("anthropic", reply, stream=stream)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "tools: bad"
    assert refused.json()["error"]["type"] == "invalid_request_error"
    assert not house.second.calls


def test_what_an_upstream_says_beside_its_message_goes_on(house: House) -> None:
    said = {"message": "no", "type": "image_parse_error", "code": "bad_image", "param": "messages"}
    refused: httpx.Response = house.ask("chat", error(422, {"error": said}))
    assert refused.status_code == 422
    assert refused.json()["error"] == said


@pytest.mark.parametrize("protocol", ["chat", "anthropic"])
def test_the_reason_in_a_detail_is_told(house: House, protocol: str) -> None:
    detail = {"detail": [{"loc": ["body", "tools"], "msg": "field required"}]}
    refused = house.ask(protocol, error(422, detail))
    assert refused.status_code == 422
    assert "body.tools: field required" in refused.json()["error"]["message"]


def limited(seconds: int) -> Reply:
    return error(429, {"error": {"message": "slow"}}, **{"retry-after": str(seconds)})


@pytest.fixture
def second_limited(house: House) -> Iterator[None]:
    before, house.second.script = house.second.script, lambda _: limited(7200)
    yield
    house.second.script = before


@pytest.mark.usefixtures("second_limited")
def test_an_upstreams_own_wait_is_passed_on(house: House) -> None:
    for protocol in ("anthropic", "chat", "responses"):
        refused = house.ask(protocol, limited(37))
        assert refused.status_code == 429
        assert 30 <= int(refused.headers["retry-after"]) <= 37


def test_a_wait_of_hours_is_told_as_a_used_up_window_is(tmp_path: Path) -> None:
    with ScriptedUpstream(lambda _: limited(7200)) as upstream:
        config = with_routes({"only": At(upstream.base_url)}, {"m": ["only"]})
        with Service(tmp_path, config) as service:
            refused = House(service, upstream, upstream).ask("chat", limited(7200))
            # OpenCode is told so, and stops there; a number it would wait for in silence.
            assert refused.status_code == 403
            assert "retry-after" not in refused.headers
            assert "will be back at" in refused.json()["error"]["message"]
