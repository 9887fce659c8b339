"""Kill -9 while streams run, twenty times: what arrived whole is charged, what had no content is
not, and nothing is held."""

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from support.replies import SSE, Said, openai_pieces
from support.service import Service, catalogue, opencode
from support.upstream import Asked, Pause, Piece, Reply, ScriptedUpstream

ROUNDS = 20
CALLERS = 16


@dataclass
class Seen:
    """What one caller got of one call."""

    session: str
    content: bool = False
    whole: bool = False


@dataclass
class Crowd:
    """Callers that ask one call after the other until the service is gone."""

    service: Service
    stop: threading.Event = field(default_factory=threading.Event)
    seen: list[Seen] = field(default_factory=list)

    def run(self, caller: int, round_number: int) -> None:
        count = 0
        with self.service.client() as http:
            while not self.stop.is_set():
                count += 1
                session = f"ses_{round_number}_{caller}_{count}"
                seen = Seen(session)
                self.seen.append(seen)
                try:
                    self._one(http, seen)
                except httpx.HTTPError:
                    return

    def _one(self, http: httpx.Client, seen: Seen) -> None:
        headers = {
            **opencode(seen.session),
            "authorization": f"Bearer {self.service.key}",
        }
        body = {
            "model": "glm-4.6",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": True,
        }
        with http.stream(
            "POST", "/api/coding/paas/v4/chat/completions", headers=headers, json=body
        ) as answered:
            assert answered.status_code == 200
            for line in answered.iter_lines():
                seen.content = seen.content or '"content": "H' in line
                seen.whole = seen.whole or line == "data: [DONE]"


class SlowUpstream:
    """Every other answer waits before its content or in its middle, until the round is over."""

    def __init__(self) -> None:
        self.random = random.Random(20261124)
        self.pauses: list[Pause] = []

    def script(self, asked: Asked) -> Reply:
        pieces: list[Piece] = openai_pieces(Said(text="Hello there"))
        kind = self.random.randrange(4)
        if kind < 2:
            pause = Pause()
            self.pauses.append(pause)
            pieces.insert(1 if kind == 0 else 2, pause)
        return Reply(pieces=pieces, content_type=SSE)


def test_kill_while_streams_run(tmp_path: Path) -> None:
    slow = SlowUpstream()
    with ScriptedUpstream(slow.script) as upstream:
        config = catalogue(upstream.base_url, limit=1_000_000, concurrency=1000)
        service = Service(tmp_path, config)
        service.start()
        for round_number in range(ROUNDS):
            seen = _round(service, slow, round_number)
            service.start()
            _check(service, seen, round_number)
        service.stop()


def _round(service: Service, slow: SlowUpstream, round_number: int) -> list[Seen]:
    crowd = Crowd(service)
    threads = [
        threading.Thread(target=crowd.run, args=(caller, round_number)) for caller in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    # Killed at an instant that depends on nothing but the seed, with streams under way.
    until = time.monotonic() + 30
    while not (
        any(pause.reached.is_set() for pause in list(slow.pauses))
        and any(one.whole for one in list(crowd.seen))
    ):
        assert time.monotonic() < until
        time.sleep(0.001)
    time.sleep(slow.random.random() * 0.1)
    service.kill()
    crowd.stop.set()
    for pause in slow.pauses:
        pause.open()
    slow.pauses.clear()
    for thread in threads:
        thread.join(60)
    return crowd.seen


def _check(service: Service, seen: list[Seen], round_number: int) -> None:
    window = service.window()
    assert window["reserved"] == 0
    assert service.rows("SELECT count(*) FROM prompts WHERE state = 'reserved'") == [(0,)]
    assert service.rows("SELECT count(*) FROM prompts WHERE open_calls > 0") == [(0,)]
    assert service.rows("SELECT sum(used) / 1000000, sum(reserved) FROM windows") == service.rows(
        "SELECT count(*), 0 FROM prompts WHERE state = 'settled'"
    )
    states = dict(service.rows("SELECT session, state FROM prompts"))
    assert any(one.whole for one in seen), "a round in which nothing arrived proves nothing"
    assert any(not one.whole for one in seen), "a round in which nothing was cut proves nothing"
    for one in seen:
        if one.whole:
            assert states[one.session] == "settled", (round_number, one)
        if not one.content:
            assert states.get(one.session, "released") == "released", (round_number, one)
