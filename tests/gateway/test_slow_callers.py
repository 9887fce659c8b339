"""Callers that take their answer slowly, or not at all: nothing that they were sent is free."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from support.replies import SSE, Said, openai_pieces
from support.routes import At, with_routes
from support.service import Service, opencode
from support.upstream import Cut, Pause, Piece, Reply, ScriptedUpstream
from support.waiting import wait_until

# A stall is half of the caller's time.
SETTINGS = "caller_timeout_seconds = 4"
SILENCE_SECONDS = 2.5
PATH = "/api/coding/paas/v4/chat/completions"
# More than all buffers between.
WORDS = "word " * 20_000
PIECES = 80


@dataclass
class Slow:
    """A caller that has sent its call and reads nothing yet."""

    connection: socket.socket
    call_id: str = ""

    def read(self) -> bytes:
        """All that is still to come."""
        data = b""
        while piece := self.connection.recv(2**20):
            data += piece
        return data


@dataclass
class House:
    service: Service
    upstream: ScriptedUpstream

    def call(self, session: str) -> Slow:
        """Ask for a stream by a connection with a small buffer."""
        address = urlsplit(self.service.url)
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((address.hostname or "", address.port or 0))
        body = json.dumps(asked_for("glm-4.6")).encode()
        head = {
            **opencode(session),
            "host": address.netloc,
            "authorization": f"Bearer {self.service.key}",
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        connection.sendall(f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        start = connection.recv(2048).decode("latin-1")
        call_id = start.lower().partition("x-request-id: ")[2].partition("\r\n")[0]
        return Slow(connection, call_id)

    def outlast_a_silence(self) -> None:
        """Wait until another call has met its silent upstream's time-out."""
        with self.service.client() as http:
            headers = {**opencode("silent"), "authorization": f"Bearer {self.service.key}"}
            http.post(PATH, headers=headers, json=asked_for("silent"), timeout=30)

    def ended(self, call_id: str) -> tuple[str, str, int]:
        """The call's state, its outcome and its output tokens, once it is over."""
        query = "SELECT state, outcome, output FROM calls WHERE id = ? AND state <> 'running'"
        wait_until(lambda: bool(self.service.rows(query, call_id)))
        return self.service.rows(query, call_id)[0]


def asked_for(model: str) -> dict[str, object]:
    return {
        "model": model,
        "stream": True,
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "bash"}}],
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    never = Pause()
    first = openai_pieces(Said(text="x"))[:2]
    with (
        ScriptedUpstream(lambda _: Reply(status=500)) as upstream,
        ScriptedUpstream(lambda _: Reply(pieces=[*first, never], content_type=SSE)) as silent,
    ):
        more = f"silence_timeout_seconds = {SILENCE_SECONDS}"
        config = with_routes(
            {"up": At(upstream.base_url, more), "silent": At(silent.base_url, more)},
            {"glm-4.6": ("up",), "silent": ("silent",)},
            SETTINGS,
        )
        with Service(tmp_path_factory.mktemp("slow"), config) as service:
            yield House(service, upstream)
        never.open()


def long_answer(end: list[Piece]) -> Reply:
    first, text, *_ = openai_pieces(Said(text=WORDS))
    return Reply(pieces=[first, *([text] * PIECES), *end], content_type=SSE)


def test_a_caller_that_stalls_and_reads_on_has_the_whole_answer_and_pays(house: House) -> None:
    house.upstream.script = lambda _: long_answer(openai_pieces(Said(text="x", output=7))[2:])
    slow = house.call("stalls")
    house.outlast_a_silence()
    assert b"[DONE]" in slow.read()
    assert house.ended(slow.call_id) == ("settled", "whole", 7)


def test_an_answer_that_ends_in_the_middle_of_a_stall_is_paid_for(house: House) -> None:
    house.upstream.script = lambda _: long_answer([Cut()])
    slow = house.call("cut")
    house.outlast_a_silence()
    read = slow.read()
    state, outcome, tokens = house.ended(slow.call_id)
    assert (state, outcome) == ("settled", "cut by client")
    assert tokens == pytest.approx(read.count(b"word ") * 5 / 4, rel=0.1)


def test_a_caller_that_takes_nothing_is_taken_to_have_left(house: House) -> None:
    house.upstream.script = lambda _: long_answer([Cut()])
    slow = house.call("left")
    state, outcome, tokens = house.ended(slow.call_id)
    assert (state, outcome) == ("settled", "cut by client")
    assert tokens > 0
    slow.connection.close()


def test_an_upstream_that_is_silent_by_itself_still_costs_nothing(house: House) -> None:
    with house.service.client() as http:
        headers = {**opencode("own"), "authorization": f"Bearer {house.service.key}"}
        answered: httpx.Response = http.post(
            PATH, headers=headers, json=asked_for("silent"), timeout=30
        )
    assert house.ended(answered.headers["x-request-id"])[:2] == ("released", "cut by upstream")
