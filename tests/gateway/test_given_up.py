"""A stream whose call was given up while it ran, as one of a node that was taken for dead: it
cannot be charged, so its end does not leave, and the caller is told so in the protocol's words."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.replies import SSE, Said, openai_pieces
from support.service import Service, catalogue, opencode
from support.upstream import Asked, Pause, Piece, Reply, ScriptedUpstream

CHAT = {"model": "glm-4.6", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/api/anthropic/v1/messages", {**CHAT, "max_tokens": 100}),
    "openai_chat": ("/api/coding/paas/v4/chat/completions", CHAT),
    "openai_responses": (
        "/api/coding/paas/v4/responses",
        {"model": "glm-4.6", "stream": True, "input": "Hello"},
    ),
    "gemini": (
        "/api/gemini/v1beta/models/glm-4.6:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    ),
}


class House:
    """A service whose plan counts calls, so that each is a row from its reservation on."""

    def __init__(self, folder: Path) -> None:
        self.pause = Pause()
        self.upstream = ScriptedUpstream(self._script)
        self._folder = folder

    def _script(self, _: Asked) -> Reply:
        pieces: list[Piece] = [*openai_pieces(Said(text="Hello there"))]
        return Reply(pieces=[*pieces[:2], self.pause, *pieces[2:]], content_type=SSE)

    def made(self) -> Service:
        text = catalogue(self.upstream.base_url).replace('unit = "prompt"', 'unit = "call"')
        self.service = Service(self._folder, text)
        return self.service

    def give_up(self) -> None:
        """What another node does with the calls of one that is silent."""
        assert self.pause.reached.wait(30)
        with sqlite3.connect(self.service.data / "codeplan.db", timeout=30) as connection:
            changed = connection.execute(
                "UPDATE calls SET state = 'released', outcome = 'abandoned' WHERE state = 'running'"
            )
            assert changed.rowcount == 1
        self.pause.open()

    def line_about(self, request_id: str) -> str:
        """The one line of the log, which is written behind the stream's end."""
        until = time.monotonic() + 30
        while not (lines := [line for line in self.service.log.splitlines() if request_id in line]):
            assert time.monotonic() < until
            time.sleep(0.01)
        (line,) = lines
        return line


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("given-up"))
    with house.upstream, house.made():
        yield house


@pytest.mark.parametrize("protocol", CALLS)
def test_the_end_of_a_call_that_was_given_up_is_its_protocols_error(
    house: House, protocol: str
) -> None:
    house.pause = Pause()
    giving_up = threading.Thread(target=house.give_up)
    giving_up.start()
    path, body = CALLS[protocol]
    headers = {**opencode(f"ses_{protocol}"), "authorization": f"Bearer {house.service.key}"}
    with house.service.client() as http:
        # Read to its end: the answer is not broken off.
        answered = http.post(path, headers=headers, json=body)
    giving_up.join()
    assert answered.status_code == 200
    events = [
        json.loads(line.removeprefix("data: "))
        for line in answered.text.splitlines()
        if line.startswith("data: {")
    ]
    assert "Hello" in json.dumps(events)
    last = events[-1]
    if protocol == "openai_responses":
        assert last["type"] == "response.failed"
        assert "Nothing was charged" in last["response"]["error"]["message"]
    else:
        assert "Nothing was charged" in last["error"]["message"]
    assert "[DONE]" not in answered.text
    line = house.line_about(answered.headers["x-request-id"])
    assert json.loads(line)["why"] == "the call was given up before it ended"
