"""Three nodes over one PostgreSQL: one of them is frozen, then its way to the database is stalled,
then the database is away for longer than a lease. Nobody else waits for it, and no answer is cut.

``-s`` shows the slowest waits. How long each fault lasts is what is promised; a call is timed since
it is promised how long it may wait at most, beside what it takes on this machine without a fault.
"""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from faults import checker
from support.database import Server
from support.database_link import DatabaseLink
from support.replies import SSE, Said, answer, openai_pieces
from support.service import Service, catalogue, opencode
from support.upstream import Asked, Pause, Piece, Reply, ScriptedUpstream

ADDRESS = "/api/coding/paas/v4/chat/completions"
LEASE, SUBSCRIBERS, STREAMS = 15, 8, 6
FROZEN_SECONDS, STALLED_SECONDS, AWAY_SECONDS = 40.0, 20.0, 20.0
CALM_SECONDS, MOST_SECONDS = 5.0, 4.0
_LONG = "A long answer, please."


@dataclass(frozen=True)
class Wait:
    """One call of a subscriber to a healthy node."""

    subscriber: int
    began: float
    ended: float
    status: int


class Cluster:
    """Two healthy nodes, and one that has its own way to the database and fails."""

    def __init__(self, folder: Path, server: Server, link: DatabaseLink, database: str) -> None:
        self.server, self.link, self.database = server, link, database
        self.upstream = ScriptedUpstream(self._script)
        self._folder = folder
        self.pauses: list[Pause] = []
        self.waits: list[Wait] = []
        self.usual = 0.0
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []

    def _script(self, asked: Asked) -> Reply:
        if asked.body["messages"][-1]["content"] != _LONG:
            return answer(asked, Said(text="Yes."))
        pieces: list[Piece] = [*openai_pieces(Said(text="Hello there"))]
        pause = Pause()
        self.pauses.append(pause)
        pieces.insert(2, pause)
        return Reply(pieces=pieces, content_type=SSE)

    def open(self) -> None:
        text = catalogue(self.upstream.base_url, limit=1_000_000, concurrency=1000)
        text = f"[service]\nnode_lease_seconds = {LEASE}\n{text}"
        self.nodes = []
        for name, url in (("a", self.database), ("b", self.database), ("c", self.link.url)):
            folder = self._folder / name
            folder.mkdir()
            node = Service(folder, text, ("--database", url))
            node.start()
            self.nodes.append(node)
        self.healthy, self.failing = self.nodes[:2], self.nodes[2]
        emails = [f"person-{number}@example.org" for number in range(SUBSCRIBERS)]
        self.keys = [self.nodes[0].new_key(email) for email in emails]

    def close(self) -> None:
        self.over.set()
        for pause in self.pauses:
            pause.open()
        for thread in self._threads:
            thread.join()
        for node in self.nodes:
            node.stop()

    def begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def call(self, node: Service, subscriber: int, turn: int) -> int:
        """The status; 0 where the node does not answer."""
        headers = {
            **opencode(f"ses_{subscriber}_{turn}"),
            "authorization": f"Bearer {self.keys[subscriber]}",
        }
        messages = [{"role": "user", "content": f"call {turn}"}]
        body: dict[str, Any] = {"model": "glm-4.6", "messages": messages}
        try:
            with node.client() as http:
                return http.post(ADDRESS, headers=headers, json=body).status_code
        except httpx.HTTPError:
            return 0

    def load(self) -> None:
        """Every subscriber calls a healthy node and the failing one, all the while."""

        def healthy(subscriber: int) -> None:
            turn = 0
            while not self.over.is_set():
                turn += 1
                node, began = self.healthy[turn % 2], time.monotonic()
                status = self.call(node, subscriber, turn)
                self.waits.append(Wait(subscriber, began, time.monotonic(), status))
                self.over.wait(0.1)

        def failing(subscriber: int) -> None:
            turn = 1_000_000
            while not self.over.is_set():
                turn += 1
                self.call(self.failing, subscriber, turn)
                self.over.wait(0.1)

        for subscriber in range(SUBSCRIBERS):
            self.begin(lambda number=subscriber: healthy(number))
            self.begin(lambda number=subscriber: failing(number))

    def wait_for_calls_since(self, instant: float) -> None:
        """Until every subscriber's call has ended that began after that instant, and so all of
        before."""
        until = time.monotonic() + 60
        while {one.subscriber for one in self.waits if one.began >= instant} != set(
            range(SUBSCRIBERS)
        ):
            assert time.monotonic() < until
            time.sleep(0.1)

    def long_streams(self) -> "list[Stream]":
        """Streams of healthy nodes that have begun, and go on until their gates are opened."""
        before = len(self.pauses)
        streams = [
            Stream(self.healthy[number % 2], self.keys[number % SUBSCRIBERS])
            for number in range(STREAMS)
        ]
        for stream in streams:
            self.begin(stream.run)
        for stream in streams:
            assert stream.begun.wait(30)
        assert len(self.pauses) == before + STREAMS
        return streams


class Stream:
    def __init__(self, node: Service, key: str) -> None:
        self._node, self._key = node, key
        self.begun, self.ended = threading.Event(), threading.Event()
        self.lines: list[str] = []

    def run(self) -> None:
        body = {
            "model": "glm-4.6",
            "messages": [{"role": "user", "content": _LONG}],
            "stream": True,
        }
        headers = {**opencode(f"ses_{id(self)}"), "authorization": f"Bearer {self._key}"}
        try:
            with (
                httpx.Client(base_url=self._node.url, timeout=120, trust_env=False) as http,
                http.stream("POST", ADDRESS, headers=headers, json=body) as answered,
            ):
                for line in answered.iter_lines():
                    self.lines.append(line)
                    if '"content": "H' in line:
                        self.begun.set()
        except httpx.HTTPError as error:
            self.lines.append(repr(error))
        self.ended.set()

    @property
    def is_whole(self) -> bool:
        return "data: [DONE]" in self.lines


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Server(tmp_path) as server:
        database = asyncio.run(server.database())
        with DatabaseLink(database) as link:
            made = Cluster(tmp_path, server, link, database)
            with made.upstream:
                made.open()
                try:
                    yield made
                finally:
                    made.close()


@contextlib.contextmanager
def stopped(node: Service) -> Iterator[None]:
    os.kill(node.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.process.pid, signal.SIGCONT)


def test_nobody_waits_for_a_node_that_is_frozen_or_cut_off(cluster: Cluster) -> None:
    cluster.load()
    streams, told = cluster.long_streams(), []
    began = time.monotonic()
    time.sleep(CALM_SECONDS)
    cluster.wait_for_calls_since(time.monotonic())
    cluster.usual = max(one.ended - one.began for one in cluster.waits if one.began >= began)
    told.append(("without a fault", cluster.usual))
    began = time.monotonic()
    with stopped(cluster.failing):
        time.sleep(FROZEN_SECONDS)
    cluster.wait_for_calls_since(time.monotonic())
    told.append(("frozen", _slowest(cluster, began, served=True)))

    began = time.monotonic()
    cluster.link.stall()
    time.sleep(STALLED_SECONDS)
    cluster.link.resume()
    cluster.wait_for_calls_since(time.monotonic())
    told.append(("its link stalled", _slowest(cluster, began, served=True)))
    _end(cluster, streams)

    streams, short = cluster.long_streams(), cluster.long_streams()
    began = time.monotonic()
    cluster.server.stop()
    # Half of the streams end while nothing can be booked, half when it can again.
    for pause in cluster.pauses[-STREAMS:]:
        pause.open()
    time.sleep(max(0.0, AWAY_SECONDS - (time.monotonic() - began)))
    cluster.server.start()
    back = time.monotonic()
    time.sleep(MOST_SECONDS)
    settled = time.monotonic()
    cluster.wait_for_calls_since(settled)
    told.append(("the database away, beyond that", _slowest(cluster, began, back)))
    told.append(("after that", _slowest(cluster, settled, served=True)))
    _end(cluster, [*streams, *short])
    cluster.over.set()
    print(*(f"{what}: slowest wait {seconds:.2f} s" for what, seconds in told), sep="\n")
    until = time.monotonic() + 3 * LEASE
    while checker.running(cluster.database):
        assert time.monotonic() < until, "something is still held"
        time.sleep(0.5)


def _slowest(cluster: Cluster, since: float, back: float = 0.0, served: bool = False) -> float:
    """The longest that anybody waited who began after ``since``; of a wait in an outage, what was
    behind its end, ``back``."""
    waits = [one for one in cluster.waits if one.began >= since]
    slowest = max(one.ended - max(one.began, back) for one in waits)
    assert slowest <= MOST_SECONDS + cluster.usual
    if served:
        assert {one.status for one in waits} == {200}
    return slowest


def _end(cluster: Cluster, streams: list[Stream]) -> None:
    for pause in cluster.pauses:
        pause.open()
    for stream in streams:
        assert stream.ended.wait(60)
        assert stream.is_whole, stream.lines[-3:]
