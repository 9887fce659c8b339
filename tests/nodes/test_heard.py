"""What one node changes, another has heard of within two seconds, also in the middle of load: for
every kind of record that is remembered anywhere in a process, and for what is asked each time."""

import ast
import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from support.console import Pages
from support.database import Server
from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import ScriptedUpstream

SOURCE = Path(__file__).parents[2] / "src/codeplan"
ADDRESS = "/api/coding/paas/v4/chat/completions"
WITHIN_SECONDS = 2.0
_sessions = itertools.count()
_emails = (f"person-{number}@example.org" for number in itertools.count())


class Person:
    """An account with a key and a plan, made on the node that changes things."""

    def __init__(self, nodes: "Nodes", plan: str | None = "lite") -> None:
        self.nodes, self.email = nodes, next(_emails)
        made = nodes.operate("POST", "accounts", {"email": self.email, "plan": plan})
        self.id, self.key = made["account_id"], made["key"]

    def ask(self, node: Service, key: str = "", model: str = "glm-4.6") -> httpx.Response:
        """A new prompt."""
        with node.client() as http:
            return http.post(
                ADDRESS,
                headers={
                    **opencode(f"ses_{next(_sessions)}"),
                    "authorization": f"Bearer {key or self.key}",
                },
                json={"model": model, "messages": [{"role": "user", "content": "Go on."}]},
            )

    def do(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "authorization": f"Bearer {self.key}",
            "idempotency-key": f"{time.monotonic_ns()}",
        }
        with self.nodes.here.client() as http:
            done = http.request(method, f"/api/account/{path}", headers=headers, json=body)
        assert done.is_success, done.text
        return done.json()


class Nodes:
    """``here``: where things are changed; ``there``: where that must be heard, under load."""

    def __init__(self, folder: Path, database: str, upstream: ScriptedUpstream) -> None:
        self.folder, self.database, self.upstream = folder, database, upstream
        self.here, self.there = self.open("here"), self.open("there")

    def open(self, name: str, limit: int = 100_000) -> Service:
        text = catalogue(self.upstream.base_url, limit=limit, concurrency=1000)
        text = text.replace(
            'models = ["glm-4.6"', 'prices.CNY = { month = "40.00" }\nmodels = ["glm-4.6"'
        )
        folder = self.folder / name
        folder.mkdir()
        node = Service(folder, text, ("--database", self.database))
        node.start()
        return node

    def operate(self, method: str, path: str, body: Any, node: Service | None = None) -> Any:
        node = node or self.here
        token = (node.data / "operator-token").read_text().strip()
        headers = {
            "authorization": f"Bearer {token}",
            "idempotency-key": f"{time.monotonic_ns()}",
        }
        with node.client() as http:
            done = http.request(method, f"/api/admin/{path}", headers=headers, json=body)
        return done.raise_for_status().json()


@pytest.fixture(scope="module")
def nodes(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("heard")
    with ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream:
        made = Nodes(folder, asyncio.run(postgres.database()), upstream)
        yield made
        made.here.stop()
        made.there.stop()


@contextlib.contextmanager
def load(nodes: Nodes, *people: Person) -> Iterator[None]:
    """Calls of these people, and of somebody else, all the while on the node that must hear."""
    over = threading.Event()

    def go_on(person: Person) -> None:
        while not over.is_set():
            person.ask(nodes.there)

    threads = [threading.Thread(target=go_on, args=(one,)) for one in (*people, Person(nodes)) * 2]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def is_heard(change: Callable[[], Any], applies: Callable[[], bool]) -> None:
    """It did not apply before the change, and does soon after, and from then on."""
    assert not applies()
    change()
    until = time.monotonic() + WITHIN_SECONDS
    while not applies():
        assert time.monotonic() < until, "the other node has not heard of it"
    assert all(applies() for _ in range(3))


def revoke_key(nodes: Nodes) -> None:
    person = Person(nodes)
    (key,) = person.do("GET", "keys")
    with load(nodes, person):
        is_heard(
            lambda: person.do("DELETE", f"keys/{key['id']}"),
            lambda: person.ask(nodes.there).status_code == 401,
        )


def limit_key(nodes: Nodes) -> None:
    person = Person(nodes)
    (key,) = person.do("GET", "keys")
    rules = {"models": ["glm-4.5-air"]}
    with load(nodes, person):
        is_heard(
            lambda: person.do("PUT", f"keys/{key['id']}", rules),
            lambda: person.ask(nodes.there).status_code != 200,
        )
    assert person.ask(nodes.there, model="glm-4.5-air").status_code == 200


def revoke_device(nodes: Nodes) -> None:
    person = Person(nodes)
    assert person.ask(nodes.here).status_code == 200
    (device,) = person.do("GET", "devices")
    with load(nodes, person):
        is_heard(
            lambda: person.do("PUT", f"devices/{device['id']}", {"revoked": True}),
            lambda: person.ask(nodes.there).status_code != 200,
        )
        is_heard(
            lambda: person.do("PUT", f"devices/{device['id']}", {"revoked": False}),
            lambda: person.ask(nodes.there).status_code == 200,
        )


def restrict_and_grant(nodes: Nodes) -> None:
    person, late = Person(nodes), Person(nodes, plan=None)
    with load(nodes, person, late):
        is_heard(
            lambda: nodes.operate(
                "POST", "restrictions", {"email": person.email, "why": "Shared."}
            ),
            lambda: person.ask(nodes.there).status_code != 200,
        )
        is_heard(
            lambda: nodes.operate("POST", "grants", {"email": late.email, "plan": "lite"}),
            lambda: late.ask(nodes.there).status_code == 200,
        )


def move_clock(nodes: Nodes) -> None:
    person = Person(nodes)
    with load(nodes, person):
        is_heard(
            lambda: nodes.operate("POST", "clock", {"email": person.email, "days": 60}),
            lambda: person.ask(nodes.there).status_code != 200,
        )


def cap_member(nodes: Nodes) -> None:
    owner, bills = Person(nodes), next(_emails)
    team = owner.do("POST", "teams", {"name": "Works", "email": bills})["id"]
    nodes.operate(
        "POST",
        "balance",
        {"email": bills, "amount": "80.00", "currency": "CNY", "reference": "T-1"},
    )
    seats = {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 80_00, "seats": 2}
    owner.do("POST", f"purchase?team={team}", seats)
    key = owner.do("POST", f"teams/{team}/keys")["key"]
    assert owner.ask(nodes.there, key).status_code == 200
    with load(nodes, owner):
        is_heard(
            lambda: owner.do("PUT", f"teams/{team}/members/{owner.id}", {"prompts_a_month": 1}),
            lambda: owner.ask(nodes.there, key).status_code != 200,
        )


def drain_upstream(nodes: Nodes) -> None:
    person = Person(nodes)
    with load(nodes, person):
        for drained in (True, False):
            is_heard(
                lambda drained=drained: nodes.operate("PUT", "upstreams/up", {"drained": drained}),
                lambda drained=drained: (person.ask(nodes.there).status_code != 200) is drained,
            )


def buy_under_another_catalogue(nodes: Nodes) -> None:
    """A node that was started with another catalogue sells under it; the others serve it so."""
    newer = nodes.open("newer", limit=1000)
    try:
        person = Person(nodes, plan=None)
        with load(nodes, person):
            is_heard(
                lambda: nodes.operate(
                    "POST", "grants", {"email": person.email, "plan": "lite"}, newer
                ),
                lambda: person.ask(nodes.there).status_code == 200,
            )
        assert nodes.there.window(person.key)["limit"] == 1000
    finally:
        newer.stop()


def end_session(nodes: Nodes) -> None:
    """Not remembered: it is asked for with each page."""
    person = Person(nodes)
    browser = Pages(nodes.there)
    browser.with_key(person.key)
    (session,) = person.do("GET", "sessions")
    with load(nodes, person):
        is_heard(
            lambda: person.do("DELETE", f"sessions/{session['id']}"),
            lambda: "/console/sign-in" in str(browser.get("/console/account").url),
        )
    browser.close()


# By the record that is remembered; "": nothing is.
CASES: dict[str, Callable[[Nodes], None]] = {
    "ClientKey": revoke_key,
    "KeyName": limit_key,
    "Device": revoke_device,
    "Subscription": restrict_and_grant,
    "Account": move_clock,
    "Member": cap_member,
    "Drain": drain_upstream,
    "Catalogue": buy_under_another_catalogue,
    "": end_session,
}


def test_every_kind_that_is_remembered_is_tried_here() -> None:
    assert remembered() == CASES.keys() - {""}


def remembered() -> set[str]:
    """The records that are named where something is remembered."""
    kinds: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Remembered", "AtHand"):
                assert isinstance(node.args[1], ast.Tuple)
                kinds |= {ast.unparse(kind) for kind in node.args[1].elts}
    return kinds


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.__name__)
def test_a_change_on_one_node_is_heard_by_the_other(
    nodes: Nodes, case: Callable[[Nodes], None]
) -> None:
    case(nodes)


def test_a_change_while_the_listening_connection_is_cut_off(nodes: Nodes) -> None:
    person = Person(nodes)
    (key,) = person.do("GET", "keys")

    def revoke() -> None:
        asyncio.run(_end_listening(nodes.database))
        person.do("DELETE", f"keys/{key['id']}")

    with load(nodes, person):
        is_heard(revoke, lambda: person.ask(nodes.there).status_code == 401)


async def _end_listening(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        ended = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'codeplan listening' AND datname = current_database()"
        )
        assert ended == 2
    finally:
        await connection.close()
