"""Sessions that are opened and left: a key has so many, the idlest goes, nobody else's is lost, and
memory stays. And a server that cannot start."""

import asyncio
import itertools
import subprocess
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from codeplan.accounts.directory import Accounts
from codeplan.kit.clock import SystemClock
from codeplan.mcp import sdk
from codeplan.mcp.base import Caller, McpServer, Tool
from codeplan.mcp.hosts import Hosts
from codeplan.mcp.places import USUAL_LIMITS, SessionLimits
from codeplan.mcp.serving import McpSite
from codeplan.store.sqlite.store import open_store
from support.replies import Said, answer
from support.service import Service, catalogue
from support.serving import served
from support.upstream import ScriptedUpstream

SEARCH = "/api/mcp/web_search_prime/mcp"
OLDER = "/api/mcp/web_search_prime/sse"
ACCEPT = {"accept": "application/json, text/event-stream"}
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {},
               "clientInfo": {"name": "test", "version": "1"}},
}  # fmt: skip
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
PING = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
# Without a bound they took 42 KiB each.
LEFT_OPEN = 1_000
MOST_MORE = 13 * 1024
A_KEY = USUAL_LIMITS.a_key


@pytest.fixture(scope="module")
def service(servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("sessions")
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said("Yes."))) as upstream,
        Service(folder, catalogue(upstream.base_url) + servers) as running,
    ):
        yield running


class Key:
    """Somebody's sessions at one server, over one connection."""

    def __init__(self, http: httpx.Client, key: str) -> None:
        self._http = http
        self._headers = {**ACCEPT, "authorization": f"Bearer {key}"}

    def begin(self) -> str:
        begun = self._http.post(SEARCH, json=HELLO, headers=self._headers)
        assert begun.status_code == 200, begun.text
        return str(begun.headers["mcp-session-id"])

    def open(self) -> str:
        session = self.begin()
        assert self.post(session, READY) == 202
        return session

    def post(self, session: str, said: dict[str, Any]) -> int:
        headers = {**self._headers, "mcp-session-id": session}
        return self._http.post(SEARCH, json=said, headers=headers).status_code

    def works(self, session: str) -> bool:
        status = self.post(session, PING)
        assert status in (200, 404)
        return status == 200


def kibibytes(service: Service) -> int:
    """What the service has in memory."""
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(service.process.pid)], capture_output=True, check=True
    )
    return int(told.stdout)


def test_the_idlest_of_the_same_key_goes(service: Service) -> None:
    with service.client() as http:
        mine = Key(http, service.new_key("mine@example.org"))
        other = Key(http, service.new_key("other@example.org"))
        theirs = [other.open() for _ in range(3)]
        first, second, *rest = [mine.open() for _ in range(A_KEY)]
        assert mine.works(first)  # so that the second is the idlest
        newest = mine.open()
        assert not mine.works(second)
        assert all(mine.works(session) for session in (first, *rest, newest))
        for _ in range(A_KEY):
            mine.open()
        assert not any(mine.works(session) for session in (first, *rest, newest))
        assert all(other.works(session) for session in theirs)


def test_a_session_that_listens_may_go_and_its_stream_ends(service: Service) -> None:
    key = service.new_key("listens@example.org")
    with service.client() as http, service.client() as listening:
        mine = Key(http, key)
        session = mine.open()
        headers = {**ACCEPT, "authorization": f"Bearer {key}", "mcp-session-id": session}
        with listening.stream("GET", SEARCH, headers=headers) as stream:
            assert stream.status_code == 200
            for _ in range(A_KEY):
                mine.open()
            # It ends, as soon as what it said is read; a reader that waits for more has its end.
            assert list(stream.iter_lines()) in ([], [""])
        assert not mine.works(session)


def test_the_older_streams_of_a_key_are_bounded_too(service: Service) -> None:
    mine, other = service.new_key("old@example.org"), service.new_key("old-too@example.org")
    with ExitStack() as stack:

        def listen(key: str) -> tuple[httpx.Client, Iterator[str], str]:
            headers = {"authorization": f"Bearer {key}"}
            http = stack.enter_context(service.client(headers=headers))
            stream = stack.enter_context(http.stream("GET", OLDER))
            lines = stream.iter_lines()
            spoken = next(line[6:] for line in lines if line.startswith("data: "))
            return stack.enter_context(service.client(headers=headers)), lines, spoken

        theirs = listen(other)
        streams = [listen(mine) for _ in range(A_KEY)]
        http, _, spoken = streams[0]
        assert http.post(spoken, json=READY).status_code == 202  # the second is the idlest now
        newest = listen(mine)
        assert [line for line in streams[1][1] if line.startswith("data: ")] == []
        assert streams[1][0].post(streams[1][2], json=READY).status_code == 404
        for http, _, spoken in (theirs, streams[0], *streams[2:], newest):
            assert http.post(spoken, json=READY).status_code == 202


def test_sessions_that_are_left_cost_nobody_anything(service: Service) -> None:
    lefts, worker = service.new_key("leaves@example.org"), service.new_key("works@example.org")
    with service.client() as http:
        other = Key(http, worker)
        before_all = other.open()
        before = kibibytes(service)

        def leave(number: int) -> None:
            with service.client() as opened:
                mine = Key(opened, lefts)
                for _ in range(number):
                    mine.begin()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(leave, itertools.repeat(LEFT_OPEN // 4, 4)))
        more = kibibytes(service) - before
        print(f"{LEFT_OPEN} sessions: {more} KiB more")
        assert more < MOST_MORE, f"{more} KiB more"
        assert other.works(before_all)
        assert other.works(other.open())


# -- a server that cannot start -------------------------------------------------------------------


async def _says_yes(_: Caller, __: Any) -> str:
    return "Yes."


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """An address and a key."""
    store = await open_store(tmp_path, SystemClock())
    accounts = Accounts(store, SystemClock())
    made = await accounts.create("starts@example.org")
    tool = Tool("yes", "Yes", "Says yes.", {"type": "object", "properties": {}}, _says_yes)
    server = McpServer("simple", "Simple", "Simple.", (tool,))
    site = McpSite([server], accounts, Hosts(""), SessionLimits(2))
    async with site.running(), served(Starlette(routes=site.routes())) as url:
        yield f"{url}/api/mcp/simple", made.key
    await store.close()


class _Broken:
    """Sessions that do not begin."""

    def run(self) -> "_Broken":
        return self

    async def __aenter__(self) -> None:
        raise RuntimeError("no room for its tools")

    async def __aexit__(self, *_: object) -> None:
        """It never began."""


def _cannot(*_: object) -> Any:
    raise ImportError("no module named tools")


@pytest.mark.parametrize(
    ("broken", "path", "reason"),
    [
        ("sessions_of", "/mcp", "ImportError: no module named tools"),
        ("run", "/mcp", "RuntimeError: no room for its tools"),
        ("OlderStream", "/sse", "ImportError: no module named tools"),
    ],
)
async def test_a_start_that_fails_is_answered_and_tried_again(
    house: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    broken: str,
    path: str,
    reason: str,
) -> None:
    url, key = house
    headers = {**ACCEPT, "authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(timeout=10, trust_env=False, headers=headers) as http:
        with monkeypatch.context() as patched:
            if broken == "run":
                patched.setattr(sdk, "sessions_of", lambda *_: _Broken())
            else:
                patched.setattr(sdk, broken, _cannot)
            asked = [http.post(url + path, json={**HELLO, "id": f"call {n}"}) for n in range(3)]
            for number, refused in enumerate(await asyncio.gather(*asked)):
                assert refused.status_code == 500
                told = refused.json()
                assert (told["jsonrpc"], told["id"]) == ("2.0", f"call {number}")
                assert told["error"]["code"] == -32603
                assert "could not start" in told["error"]["message"]
            odd = await http.post(url + path, content=b"{")
            assert (odd.status_code, odd.json()["id"]) == (500, None)
        logged = capfd.readouterr()
        assert reason in logged.out + logged.err
        if path == "/mcp":
            begun = await http.post(url + path, json=HELLO)
            assert begun.status_code == 200
        else:
            async with http.stream("GET", url + path) as stream:
                assert stream.status_code == 200


async def test_a_server_that_died_begins_anew(house: tuple[str, str]) -> None:
    url, key = house
    headers = {**ACCEPT, "authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(timeout=10, trust_env=False, headers=headers) as http:
        assert (await http.post(f"{url}/mcp", json=HELLO)).status_code == 200
        serving = next(t for t in asyncio.all_tasks() if "_Door._serve" in repr(t.get_coro()))
        serving.cancel()
        await asyncio.wait([serving])
        assert (await http.post(f"{url}/mcp", json=HELLO)).status_code == 200
