"""Three nodes over one PostgreSQL behind one address: one is killed and started again under load;
budgets and calls at once do not multiply; what one node changes the others know."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from faults import checker
from support.balancer import Balancer
from support.database import Server
from support.replies import SSE, Said, answer, openai_pieces
from support.service import Service, catalogue, in_threads, opencode
from support.upstream import Asked, Pause, Piece, Reply, ScriptedUpstream

NODES, CALLERS, LIMIT = 3, 48, 100
ADDRESS = "/api/coding/paas/v4/chat/completions"


class House:
    """The nodes, their upstream, and what was seen of each call."""

    def __init__(self, folder: Path, database: str) -> None:
        self.pauses: list[Pause] = []
        self.slow = False
        self.upstream = ScriptedUpstream(self._script)
        self.database = database
        self.folder = folder

    def _script(self, asked: Asked) -> Reply:
        if not asked.body.get("stream"):
            return answer(asked, Said(text="Yes."))
        pieces: list[Piece] = [*openai_pieces(Said(text="Hello there"))]
        if self.slow:
            pause = Pause()
            self.pauses.append(pause)
            pieces.insert(2, pause)
        return Reply(pieces=pieces, content_type=SSE)

    def open(self, limit: int, concurrency: int) -> None:
        text = catalogue(self.upstream.base_url, limit=limit, concurrency=concurrency)
        text = "[service]\nnode_lease_seconds = 1\nqueue_seconds = 3.0\n" + text
        self.nodes = []
        for number in range(NODES):
            folder = self.folder / f"node-{number}"
            folder.mkdir()
            node = Service(folder, text, ("--database", self.database))
            node.start()
            self.nodes.append(node)
        self.key = self.nodes[0].new_key("person@example.org")

    def close(self) -> None:
        for pause in self.pauses:
            pause.open()
        for node in self.nodes:
            node.stop()

    def body(self, number: int, stream: bool) -> dict[str, Any]:
        text = f"call {number}"
        return {"model": "glm-4.6", "messages": [{"role": "user", "content": text}],
                "stream": stream}  # fmt: skip

    def headers(self, number: int) -> dict[str, str]:
        return {**opencode(f"ses_{number}"), "authorization": f"Bearer {self.key}"}

    def wait_until_nothing_runs(self) -> None:
        until = time.monotonic() + 30
        while checker.running(self.database):
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def house(postgres: Server, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, asyncio.run(postgres.database()))
    with made.upstream:
        yield made
        made.close()


def test_one_node_is_killed_and_started_again_under_load(house: House) -> None:
    house.open(LIMIT, concurrency=1000)
    house.slow = True
    seen: dict[int, tuple[int, bool, bool]] = {}
    ports = [int(node.url.rsplit(":", 1)[1]) for node in house.nodes]
    with Balancer([*ports]) as balancer:

        def one(number: int) -> None:
            content = whole = False
            local = 0
            try:
                with (
                    httpx.Client(base_url=balancer.url, timeout=60, trust_env=False) as http,
                    http.stream(
                        "POST", ADDRESS, headers=house.headers(number),
                        json=house.body(number, stream=True),
                    ) as answered,
                ):  # fmt: skip
                    stream = answered.extensions["network_stream"]
                    local = stream.get_extra_info("client_addr")[1]
                    assert answered.status_code == 200
                    for line in answered.iter_lines():
                        content = content or '"content": "H' in line
                        whole = whole or line == "data: [DONE]"
            except httpx.HTTPError:
                pass
            seen[number] = (balancer.served.get(local, 0), content, whole)

        def kill_one() -> None:
            until = time.monotonic() + 30
            while sum(pause.reached.is_set() for pause in list(house.pauses)) < CALLERS:
                assert time.monotonic() < until
                time.sleep(0.01)
            house.nodes[1].kill()
            for pause in house.pauses:
                pause.open()

        in_threads([*(lambda n=n: one(n) for n in range(CALLERS)), kill_one])
        house.slow = False
        house.nodes[1].start()
        balancer.ports[1] = int(house.nodes[1].url.rsplit(":", 1)[1])
        in_threads([lambda n=n: one(n) for n in range(CALLERS, 2 * CALLERS)])
    house.wait_until_nothing_runs()
    # Only the killed node's running streams ended.
    cut = {number for number, (_, _, whole) in seen.items() if not whole}
    assert cut
    assert {seen[number][0] for number in cut} == {ports[1]}
    # Every whole answer is charged, every cut one is free, and the window is their sum.
    prompts = checker.rows(house.database, "SELECT session, state FROM prompts")
    states = {int(row["session"][4:]): row["state"] for row in prompts}
    assert {n for n, state in states.items() if state == "settled"} == set(seen) - cut
    used = {node.window(house.key)["used"] for node in house.nodes}
    assert used == {2 * CALLERS - len(cut)}


def test_the_last_prompts_from_every_node_at_once(house: House) -> None:
    house.open(LIMIT, concurrency=1000)
    statuses: list[int] = []

    def several(caller: int) -> None:
        node = house.nodes[caller % NODES]
        with node.client() as http:
            for number in range(caller * 20, caller * 20 + 20):
                answered = http.post(
                    ADDRESS, headers=house.headers(number), json=house.body(number, stream=False)
                )
                statuses.append(answered.status_code)

    in_threads([lambda c=caller: several(c) for caller in range(24)])
    assert sorted(set(statuses)) == [200, 403]
    assert statuses.count(200) == LIMIT
    assert [node.window(house.key)["used"] for node in house.nodes] == [LIMIT] * NODES


def test_calls_at_once_are_counted_over_all_nodes(house: House) -> None:
    house.open(10_000, concurrency=4)
    house.slow = True
    running: list[int] = []

    def one(number: int) -> None:
        node = house.nodes[number % NODES]
        with node.client() as http:
            answered = http.post(
                ADDRESS, headers=house.headers(number), json=house.body(number, stream=True)
            )
            running.append(answered.status_code)

    def watch() -> None:
        until = time.monotonic() + 30
        while sum(pause.reached.is_set() for pause in list(house.pauses)) < 4:
            assert time.monotonic() < until
            time.sleep(0.01)
        # Eight more wait in the queue; the upstream sees four until one of those has ended.
        (row,) = checker.rows(
            house.database, "SELECT count(*) AS number FROM calls WHERE state = 'running'"
        )
        assert row["number"] == 4
        house.slow = False
        for pause in list(house.pauses):
            pause.open()

    in_threads([*(lambda n=n: one(n) for n in range(12)), watch])
    assert running == [200] * 12


def test_a_new_plan_is_known_to_every_node(house: House) -> None:
    house.open(LIMIT, concurrency=10)
    key = house.nodes[2].new_key("other@example.org")
    headers = {**opencode("s"), "authorization": f"Bearer {key}"}
    for node in house.nodes:
        with node.client() as http:
            answered = http.post(ADDRESS, headers=headers, json=house.body(1, stream=False))
        assert answered.status_code == 200
