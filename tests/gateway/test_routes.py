"""A failing route is replaced by the next one without anybody noticing, for as long as it fails."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.replies import SSE, Said, answer, openai_pieces
from support.routes import At, with_routes
from support.service import Service, in_threads, opencode
from support.upstream import Asked, Pause, Reply, Script, ScriptedUpstream

CALLS = 40
LONG_REST = "rest_seconds = 3600\nlongest_rest_seconds = 3600"
IMPATIENT = "first_byte_timeout_seconds = 0.3\nsilence_timeout_seconds = 0.3"
LIMITED = Reply(
    status=429, body=b'{"error": {"message": "slow down"}}', headers={"retry-after": "37"}
)
LIMITED_SOONER = Reply(status=429, body=b"{}", headers={"retry-after-ms": "20500"})
BROKEN = Reply(status=500, body=b'{"error": {"message": "broken"}}')


def yes(asked: Asked) -> Reply:
    return answer(asked, Said(text="Yes."))


def silent(_: Asked) -> Reply:
    """A head, and then nothing until the service has had enough."""
    return Reply(pieces=[b": here\n\n", Pause()], content_type=SSE)


FAILING: dict[str, Script] = {
    "limited": lambda _: LIMITED,
    "broken": lambda _: BROKEN,
    "silent": silent,
    "deaf": lambda _: Reply(waits=Pause()),
}


class Closing:
    """A server that hangs up on whoever calls."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self.calls: list[socket.socket] = []
        threading.Thread(target=self._hang_up, daemon=True).start()

    def _hang_up(self) -> None:
        while True:
            self.calls.append(self._socket.accept()[0])
            self.calls[-1].close()


@dataclass
class World:
    """A service of models that are called after what their first route does; the second one,
    where they have one, answers. ``first``: those first routes' upstreams."""

    service: Service
    first: dict[str, ScriptedUpstream]
    closing: Closing
    second: ScriptedUpstream
    sooner: ScriptedUpstream
    sessions: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def __post_init__(self) -> None:
        self.http = self.service.client()

    def ask(self, model: str, key: str = "", **body: Any) -> httpx.Response:
        session = f"ses_{next(self.sessions)}"
        return self.http.post(
            "/api/coding/paas/v4/chat/completions",
            headers={**opencode(session), "authorization": f"Bearer {key or self.service.key}"},
            json={"model": model, "messages": [{"role": "user", "content": session}], **body},
        )

    def receipt(self, answered: httpx.Response, key: str) -> Any:
        """What the receipt says of this call."""
        identity = answered.headers["x-request-id"]
        receipt = self.service.cli("explain", identity, "--url", self.service.url, "--key", key)
        return next(call for call in receipt["calls"] if call["id"] == identity)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:

        def opened(script: Script) -> ScriptedUpstream:
            return stack.enter_context(ScriptedUpstream(script))

        first = {name: opened(script) for name, script in FAILING.items()}
        first["crowded"], first["tried"] = opened(FAILING["broken"]), opened(FAILING["broken"])
        closing, second, sooner = Closing(), opened(yes), opened(lambda _: LIMITED_SOONER)
        upstreams = {name: At(one.base_url, IMPATIENT) for name, one in first.items()}
        upstreams |= {"closing": At(closing.url), "sooner": At(sooner.base_url)}
        upstreams["second"] = At(second.base_url)
        models = {name: [name, "second"] for name in (*first, "closing")}
        models |= {"all-limited": ["limited", "sooner"], "only": ["limited"]}
        config = with_routes(upstreams, models, LONG_REST)
        service = Service(tmp_path_factory.mktemp("routes"), config)
        yield World(stack.enter_context(service), first, closing, second, sooner)


@pytest.mark.parametrize("kind", [*FAILING, "closing"])
def test_a_failing_route_is_asked_once_a_rest(kind: str, world: World) -> None:
    answered_before, used = len(world.second.calls), world.service.window()["used"]
    for number in range(CALLS):
        answered = world.ask(kind, stream=bool(number % 2))
        assert answered.status_code == 200, answered.text
    asked = world.closing.calls if kind == "closing" else world.first[kind].calls
    assert (len(asked), len(world.second.calls) - answered_before) == (1, CALLS)
    assert world.service.window()["used"] == used + CALLS


def test_calls_at_once_ask_a_failing_route_no_more_than_once_each(world: World) -> None:
    statuses: list[int] = []

    def calls() -> None:
        statuses.extend(world.ask("crowded").status_code for _ in range(10))

    in_threads([calls] * 8)
    assert statuses == [200] * 80
    assert 1 <= len(world.first["crowded"].calls) <= 8


def test_where_every_route_is_limited_the_caller_is_told_when(world: World) -> None:
    used, asked = world.service.window()["used"], len(world.first["limited"].calls)
    refused = [world.ask("all-limited") for _ in range(3)]
    assert [one.status_code for one in refused] == [429] * 3
    assert [one.json()["error"]["code"] for one in refused] == ["1305"] * 3
    waits = [int(one.headers["retry-after"]) for one in refused]
    assert waits[0] == 21
    assert 10 <= waits[2] <= waits[1] <= 21
    assert (len(world.first["limited"].calls) - asked, len(world.sooner.calls)) == (1, 1)
    assert world.service.window()["used"] == used


def test_a_limit_of_the_only_route_is_passed_on_each_time(world: World) -> None:
    asked = len(world.first["limited"].calls)
    assert [world.ask("only").headers["retry-after"] for _ in range(3)] == ["37"] * 3
    assert len(world.first["limited"].calls) == asked + 3


def test_a_receipt_keeps_each_try_and_the_wait_before_the_first(world: World) -> None:
    key, gate = world.service.new_key("narrow@example.org", "narrow"), Pause()
    world.second.script = lambda asked: Reply(body=yes(asked).body, waits=gate)
    answers: list[tuple[float, httpx.Response]] = []

    def call() -> None:
        began = time.monotonic()
        answered = world.ask("tried", key)
        answers.append((time.monotonic() - began, answered))

    one, other = threading.Thread(target=call), threading.Thread(target=call)
    one.start()
    assert gate.reached.wait(20)
    other.start()
    time.sleep(0.7)  # so long the second one waits for its place, and its receipt is to say so
    gate.open()
    one.join(20)
    other.join(20)
    world.second.script = yes
    receipts = [(waited, world.receipt(answered, key)) for waited, answered in answers]
    for waited, receipt in receipts:
        assert waited - 0.25 < receipt["seconds_to_first_content"] <= waited
    (_, early), (_, late) = receipts
    assert [(one["upstream"], one["why"]) for one in early["tries"]] == [
        ("tried", "500: broken"), ("second", ""),
    ]  # fmt: skip
    assert early["tries"][1]["upstream_model"] == "tried-second"
    assert early["tries"][1]["seconds"] >= 0.5
    assert early["waited_for"]["a_place_among_calls_at_once"] == 0
    # The failing route rested by then.
    assert [one["upstream"] for one in late["tries"]] == ["second"]
    queued = late["waited_for"]["a_place_among_calls_at_once"]
    assert 0.3 <= queued <= late["tries"][0]["after_seconds"]


def test_a_route_comes_back_by_one_call(tmp_path: Path) -> None:
    gate = Pause()
    back = Reply(pieces=openai_pieces(Said(text="Back.")), content_type=SSE, waits=gate)
    with (
        ScriptedUpstream(lambda _: BROKEN) as first,
        ScriptedUpstream(yes) as second,
        Service(
            tmp_path,
            with_routes(
                {"first": At(first.base_url), "second": At(second.base_url)},
                {"m": ["first", "second"]},
                "rest_seconds = 0.2",
            ),
        ) as service,
    ):
        world = World(service, {"m": first}, Closing(), second, second)
        assert world.ask("m").status_code == 200
        first.script = lambda _: back
        answers: list[str] = []

        def tries_it() -> None:
            while len(first.calls) < 2:
                answers.append(text_of(world.ask("m", stream=True)))

        trial = threading.Thread(target=tries_it)
        trial.start()
        assert gate.reached.wait(20)
        # While it is tried, all others go to the second at once.
        assert [text_of(world.ask("m", stream=True)) for _ in range(10)] == ["Yes."] * 10
        assert len(first.calls) == 2
        gate.open()
        trial.join(20)
        assert answers[-1] == "Back."
        assert text_of(world.ask("m", stream=True)) == "Back."


def text_of(answered: httpx.Response) -> str:
    """The text of a Chat stream."""
    events = [line[6:] for line in answered.text.splitlines() if line.startswith("data: {")]
    choices = [choice for event in events for choice in json.loads(event)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
