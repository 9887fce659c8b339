"""What happens to a stream: passed byte for byte, cut, failed over, left in the middle."""

import json
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from gateway.conftest import House
from support.replies import SSE, Said, answer, anthropic_pieces, openai_pieces
from support.service import Service, catalogue, in_threads, opencode
from support.upstream import Cut, Pause, Piece, Reply, ScriptedUpstream
from support.waiting import wait_until


def stream(pieces: list[Piece]) -> Reply:
    return Reply(pieces=pieces, content_type=SSE)


def joined(pieces: list[Piece]) -> bytes:
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def test_the_same_protocol_passes_byte_for_byte(house: House) -> None:
    odd = [b'data:  {"choices": [ {"delta":{"content":"\\u4f60"}, "odd" : 1e0} ] }\r\n\r\n']
    pieces: list[Piece] = [b": a comment\n\n", *odd, *openai_pieces(Said(text="Hello"))]
    house.script = lambda _: stream(pieces)
    body = (
        b'{ "messages":[{"role":"user","content":"h\\u00e9 \\"model\\": \\"x\\""}],\n'
        b'  "stream" : true,"stream_options":{"include_usage":true}, "model" : "GLM-4.6" ,'
        b' "odd": {"model": 1.0}, "seed":1E2 }'
    )
    with house.service.client() as http:
        answered = http.post(
            "/api/coding/paas/v4/chat/completions", headers=house.new_session(), content=body
        )
    assert answered.content == joined(pieces)
    assert house.upstream.calls[-1].raw == body.replace(b'"GLM-4.6"', b'"up/GLM-4.6"')


def test_usage_that_the_caller_did_not_ask_for_is_read_and_not_passed_on(house: House) -> None:
    pieces = openai_pieces(Said(text="Hello", input=11, cached=3, output=4))
    house.script = lambda _: stream(pieces)
    answered = house.ask(stream=True)
    assert b'"usage"' not in answered.content
    assert answered.content == joined([*pieces[:-2], pieces[-1]])
    assert house.upstream.calls[-1].body["stream_options"] == {"include_usage": True}
    call = answered.headers["x-request-id"]
    assert house.service.rows("SELECT input, cached, output FROM calls WHERE id = ?", call) == [
        (11, 3, 4)
    ]


def test_nothing_leaves_before_content_and_an_error_inside_a_200_is_a_failure(house: House) -> None:
    used = house.service.window()["used"]
    first = openai_pieces(Said(text="x"))[0]
    error = b'data: {"error": {"message": "no capacity", "code": 503}}\n\n'
    house.script = lambda _: stream([first, error])
    answered = house.ask(stream=True)
    assert answered.status_code == 429
    assert answered.json()["error"]["code"] == "1305"
    window = house.service.window()
    assert (window["used"], window["reserved"]) == (used, 0)


def test_a_cut_after_content_is_free_and_told_in_the_stream(house: House) -> None:
    used = house.service.window()["used"]
    pieces = openai_pieces(Said(text="Hello there"))
    house.script = lambda _: stream([*pieces[:2], Cut()])
    answered = house.ask(stream=True)
    assert answered.status_code == 200
    *_, last = answered.text.strip().split("\n\n")
    assert "error" in json.loads(last.removeprefix("data: "))
    assert "[DONE]" not in answered.text
    call = answered.headers["x-request-id"]
    assert house.service.rows("SELECT state, outcome FROM calls WHERE id = ?", call) == [
        ("released", "cut by upstream")
    ]
    window = house.service.window()
    assert (window["used"], window["reserved"]) == (used, 0)


def test_a_retry_after_a_cut_costs_one_prompt_in_all(house: House) -> None:
    used = house.service.window()["used"]
    headers = house.new_session()
    pieces = openai_pieces(Said(text="Hello there"))
    house.script = lambda _: stream([*pieces[:2], Cut()])
    house.ask(headers, stream=True)
    house.script = lambda _: stream(pieces)
    house.ask(headers, stream=True)
    assert house.service.window()["used"] == used + 1


def test_an_empty_answer_is_free(house: House) -> None:
    used = house.service.window()["used"]
    house.script = lambda asked: answer(asked, Said())
    assert house.ask(stream=True).status_code == 200
    assert house.ask(stream=False).status_code == 200
    assert house.service.window()["used"] == used


def test_a_client_that_leaves_before_content_is_not_charged(house: House) -> None:
    used = house.service.window()["used"]
    pause = Pause()
    pieces = openai_pieces(Said(text="Hello"))
    house.script = lambda _: stream([pieces[0], pause, *pieces[1:]])
    with (
        pytest.raises(httpx.ReadTimeout),
        house.service.client() as http,
    ):
        http.post(
            "/api/coding/paas/v4/chat/completions",
            headers=house.new_session(),
            json={
                "model": "glm-4.6",
                "messages": [{"role": "user", "content": "x"}],
                "stream": True,
            },
            timeout=0.5,
        )
    pause.open()
    wait_until(lambda: house.service.window()["reserved"] == 0)
    assert house.service.window()["used"] == used


def test_a_client_that_leaves_after_content_pays_what_the_upstream_reports(house: House) -> None:
    used = house.service.window()["used"]
    pause = Pause()
    pieces = openai_pieces(Said(text="Hello", input=9, cached=1, output=5))
    house.script = lambda _: stream([*pieces[:2], pause, *pieces[2:]])
    body = {
        "model": "glm-4.6",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    with (
        house.service.client() as http,
        http.stream(
            "POST", "/api/coding/paas/v4/chat/completions", headers=house.new_session(), json=body
        ) as answered,
    ):
        next(answered.iter_raw())
        call = answered.headers["x-request-id"]
    pause.open()
    wait_until(
        lambda: bool(
            house.service.rows("SELECT 1 FROM calls WHERE id = ? AND state <> 'running'", call)
        )
    )
    assert house.service.rows(
        "SELECT state, outcome, input, cached, output FROM calls WHERE id = ?", call
    ) == [("settled", "cut by client", 9, 1, 5)]
    assert house.service.window()["used"] == used + 1


def test_events_are_translated_as_they_come(tmp_path: Path) -> None:
    pause = Pause()
    pieces = anthropic_pieces(Said(text="Hello there"))
    with (
        ScriptedUpstream(lambda _: stream([*pieces[:3], pause, *pieces[3:]])) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, "anthropic")) as service,
        service.client() as http,
    ):
        body = {
            "model": "glm-4.6",
            "messages": [{"role": "user", "content": "x"}],
            "stream": True,
        }
        headers = {**opencode("ses_1"), "authorization": f"Bearer {service.key}"}
        with http.stream(
            "POST", "/api/coding/paas/v4/chat/completions", headers=headers, json=body
        ) as answered:
            lines = answered.iter_lines()
            seen = next(line for line in lines if "Hello " in line)
            # The rest has not even been sent yet.
            assert '"content":"Hello ' in seen
            pause.open()
            assert any(line == "data: [DONE]" for line in lines)


def test_another_route_is_tried_before_content(tmp_path: Path) -> None:
    def fails(_: object) -> Reply:
        return stream([openai_pieces(Said(text="x"))[0], Cut()])

    two = """
[[upstreams]]
name = "second"
protocol = "openai"
base_url = "{url}"

[[models]]
id = "glm-4.6"
routes = [{{ upstream = "up", model = "first" }}, {{ upstream = "second", model = "second" }}]
"""
    with (
        ScriptedUpstream(fails) as first,
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as second,
    ):
        text = catalogue(first.base_url)
        head, _, rest = text.partition('[[models]]\nid = "glm-4.6"')
        _, _, rest = rest.partition("[[models]]")
        config = head + two.format(url=second.base_url) + "\n[[models]]" + rest
        with Service(tmp_path, config) as service, service.client() as http:
            for streamed in (True, False):
                answered = http.post(
                    "/api/coding/paas/v4/chat/completions",
                    headers={**opencode("ses_1"), "authorization": f"Bearer {service.key}"},
                    json={
                        "model": "glm-4.6",
                        "messages": [{"role": "user", "content": "x"}],
                        "stream": streamed,
                    },
                )
                assert answered.status_code == 200
            assert service.window()["used"] == 1
            assert len(first.calls) == 2
            assert [call.body["model"] for call in second.calls] == ["second", "second"]


def test_calls_beyond_a_plans_concurrency_wait_their_turn(tmp_path: Path) -> None:
    gate = threading.Semaphore(2)
    over = []

    def script(asked: object) -> Reply:
        if not gate.acquire(blocking=False):
            over.append(asked)
        gate.release()
        return answer(asked, Said(text="Yes."))  # type: ignore[arg-type]

    with (
        ScriptedUpstream(script) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, concurrency=2)) as service,
    ):
        statuses: list[int] = []

        def call(number: int) -> None:
            with service.client() as http:
                answered = http.post(
                    "/api/coding/paas/v4/chat/completions",
                    headers={
                        **opencode(f"ses_{number}"),
                        "authorization": f"Bearer {service.key}",
                    },
                    json={"model": "glm-4.6", "messages": [{"role": "user", "content": "x"}]},
                )
                statuses.append(answered.status_code)

        in_threads([lambda number=number: call(number) for number in range(12)])
        assert statuses == [200] * 12
        assert not over
        assert service.window()["used"] == 12


def test_an_idle_connection_is_closed_and_one_with_a_stream_is_not(tmp_path: Path) -> None:
    pause = Pause()
    pieces = openai_pieces(Said(text="Hello"))
    with (
        ScriptedUpstream(lambda _: stream([*pieces[:2], pause, *pieces[2:]])) as upstream,
        Service(
            tmp_path, "[service]\nkeep_alive_seconds = 1\n" + catalogue(upstream.base_url)
        ) as service,
        socket.create_connection(("127.0.0.1", int(service.url.rsplit(":", 1)[1]))) as asked,
    ):
        asked.settimeout(20)
        body = (
            b'{"model": "glm-4.6", "stream": true, "messages": [{"role": "user", "content": "x"}]}'
        )
        head = (
            f"POST /api/coding/paas/v4/chat/completions HTTP/1.1\r\nhost: x\r\n"
            f"user-agent: opencode/1\r\nx-session-id: s\r\n"
            f"authorization: Bearer {service.key}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        seen = b""
        for _ in range(2):  # the connection is kept, and its timer with it
            asked.sendall(head.encode() + body)
            while b"Hel" not in seen:
                seen += asked.recv(65536)
            started = time.monotonic()
            while time.monotonic() - started < 1.5 and not pause.opened:
                time.sleep(0.1)  # longer than an idle connection may be
            pause.open()
            while not seen.endswith(b"0\r\n\r\n"):
                data = asked.recv(65536)
                assert data, seen
                seen += data
            assert b"[DONE]" in seen
            seen = b""
        started = time.monotonic()
        assert asked.recv(1) == b""
        assert 0.5 < time.monotonic() - started < 10
