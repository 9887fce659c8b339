"""A finished call is gone at once, with its body: nothing of it waits for the collector."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import httpx
import pytest

from codeplan.app import open_service
from codeplan.cli.first_start import first_start
from codeplan.config.load import parse
from codeplan.gateway.http_call import Call
from support.replies import SSE, Said, answer, openai_pieces
from support.service import catalogue, opencode
from support.serving import served
from support.upstream import Asked, Cut, Pause, Reply, Script, ScriptedUpstream

PATHS = {
    "chat": "/api/coding/paas/v4/chat/completions",
    "anthropic": "/api/anthropic/v1/messages",
}


def yes(asked: Asked) -> Reply:
    return answer(asked, Said(text="Yes."))


def stream(*pieces: Any) -> Reply:
    return Reply(pieces=pieces, content_type=SSE)


FIRST, WORD, *REST = openai_pieces(Said(text="Yes."))
# What the upstream does, and what the call is.
CASES: dict[str, tuple[Script, dict[str, Any]]] = {
    "whole": (yes, {}),
    "streamed": (yes, {"stream": True}),
    "refused by its upstream": (lambda _: Reply(status=400, body=b"{}"), {}),
    "failed": (lambda _: Reply(status=500, body=b"{}"), {"stream": True}),
    "limited": (lambda _: Reply(status=429, body=b"{}"), {}),
    "broken off": (lambda _: stream(FIRST, Cut()), {"stream": True}),
    "cut after content": (lambda _: stream(FIRST, WORD, Cut()), {"stream": True}),
    "of an unknown model": (yes, {"model": "nothing"}),
    "malformed": (yes, {"messages": 7}),
}


@asynccontextmanager
async def opened(folder: Path, upstream: ScriptedUpstream) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service in this process, with its subscriber's key."""
    config = parse(catalogue(upstream.base_url, limit=100_000), "codeplan.toml")
    async with open_service(config, folder, b"", lambda _: None) as service:
        made = await first_start(service)
        assert made is not None
        headers = {**opencode("ses"), "authorization": f"Bearer {made.demo_key}"}
        async with (
            served(service.application, service.door) as url,
            httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http,
        ):
            yield http


def body(**more: Any) -> dict[str, Any]:
    text = "x" * 80_000
    call = {"model": "glm-4.6", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}
    return {**call, **more}


Alive = WeakSet[Call]


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Alive]:
    """The calls that are not gone, without the collector."""
    calls: Alive = WeakSet()
    begin = Call.__init__

    def noted(call: Call, *arguments: Any) -> None:
        begin(call, *arguments)
        calls.add(call)

    monkeypatch.setattr(Call, "__init__", noted)
    gc.collect()
    gc.disable()
    yield calls
    gc.enable()


async def all_gone(calls: Alive) -> bool:
    """Once what still runs has had its turn."""
    for _ in range(200):
        if not calls:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_finished_calls_die_without_the_collector(alive: Alive, tmp_path: Path) -> None:
    with ScriptedUpstream(yes) as upstream:
        async with opened(tmp_path, upstream) as http:
            for name, (script, more) in CASES.items():
                upstream.script = script
                for path in PATHS.values():
                    headers = {"connection": "close"}
                    for _ in range(3):
                        await http.post(path, json=body(**more), headers=headers)
                    assert await all_gone(alive), (name, path)


@pytest.mark.parametrize("sent", [[FIRST], [FIRST, WORD]], ids=["before", "after"])
async def test_calls_that_were_left_die_too(
    sent: list[bytes], alive: Alive, tmp_path: Path
) -> None:
    gate = Pause()
    with ScriptedUpstream(lambda _: stream(*sent, gate, *REST)) as upstream:
        async with opened(tmp_path, upstream) as http:
            call = asyncio.create_task(http.post(PATHS["chat"], json=body(stream=True)))
            await asyncio.to_thread(gate.reached.wait, 20)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            gate.open()
            assert await all_gone(alive)


async def test_a_kept_connection_keeps_no_body(alive: Alive, tmp_path: Path) -> None:
    with ScriptedUpstream(yes) as upstream:
        async with opened(tmp_path, upstream) as http:
            assert (await http.post(PATHS["chat"], json=body())).status_code == 200
            assert [call.whole_body() for call in alive] == [b""]
