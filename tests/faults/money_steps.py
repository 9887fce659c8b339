"""A purchase, an upgrade and a renewal, killed before each of their steps: every statement that the
store writes with, its begin and commit, and both sides of every call to the bank. After each kill
another process takes up what was left; what came of it is compared with a life that was not killed.

``python -m faults.money_steps sqlite|postgres FOLDER URL`` prints one line of JSON; the URL is that
of a database that is emptied each time.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Order
from codeplan.kit.instants import DAY
from codeplan.payments.base import Ask, Checkout, Payment
from codeplan.store.base import AlreadyThere, Store
from store.conftest import Stores
from support.bank import Bank
from support.business import CATALOGUE, Business, Person
from support.meters import NOON, HandClock

WRITES = ("BEGIN", "COMMIT", "INSERT", "UPDATE", "NOTIFY", "SELECT zone")


class Steps:
    """Counts, and kills this process before the step whose number it was given; 0 for none."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at, self.number, self.counts = kill_at, 0, False

    def step(self) -> None:
        if not self.counts:
            return
        self.number += 1
        if self.number == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


class World(Bank):
    """The bank and the clock, which outlive the process: kept in a file."""

    def __init__(self, path: Path, steps: Steps) -> None:
        super().__init__()
        self._path, self._steps = path, steps
        self.said: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        self.paid = {name: Payment(**one) for name, one in self.said.get("paid", {}).items()}

    def keep(self, **more: Any) -> None:
        paid = {name: {key: getattr(one, key) for key in one.__struct_fields__}
                for name, one in self.paid.items()}  # fmt: skip
        self.said |= {"paid": paid, **more}
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(self.said))
        scratch.replace(self._path)

    async def begin(self, ask: Ask) -> Checkout:
        return await self._stepping(super().begin(ask))

    async def charge(self, ask: Ask) -> Payment:
        return await self._stepping(super().charge(ask))

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        return await self._stepping(super().look_up(ask, reference))

    async def _stepping(self, call: Awaitable[Any]) -> Any:
        self._steps.step()
        answer = await call
        self.keep()
        self._steps.step()
        return answer


def count_statements(steps: Steps) -> None:
    """Every statement with which either store writes is a step."""

    class Counted(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement.lstrip().startswith(WRITES):
                steps.step()
            return super().execute(statement, *values)

    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **k: connect(*a, **{**k, "factory": Counted})  # type: ignore[assignment, misc]  # for this process
    for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
        _count_method(asyncpg.Connection, name, steps)


def _count_method(owner: Any, name: str, steps: Steps) -> None:
    method: Callable[..., Any] = getattr(owner, name)

    async def counted(self: Any, statement: str, *values: Any, **more: Any) -> Any:
        if statement.lstrip().startswith(WRITES):
            steps.step()
        return await method(self, statement, *values, **more)

    setattr(owner, name, counted)


async def journey(store: Store, clock: HandClock, world: World, steps: Steps) -> dict[str, Any]:
    """Buy Lite by card, upgrade to Pro by card ten days later, be renewed by the card on file. Each
    part is done again where it was done before: nothing may come of that."""
    business = await Business(store, clock, CATALOGUE, providers={"bank": world}).open()
    person = await _person(business)
    steps.counts = True
    await _card(business, person, world, "lite", "buy-lite-1")
    _later(clock, world, NOON + 10 * DAY)
    await _card(business, person, world, "pro", "buy-pro-1")
    held = await person.held()
    assert held is not None
    if "renews_at" not in world.said:
        world.keep(renews_at=held.ends_at)
    _later(clock, world, world.said["renews_at"])
    await business.run()
    # What waited for a process that died is looked at again.
    _later(clock, world, world.said["renews_at"] + 2 * DAY)
    await business.run()
    steps.counts = False
    await business.check()
    return await _told(business, person, world)


async def _person(business: Business) -> Person:
    try:
        return await business.person()
    except AlreadyThere:
        account = await business.accounts.by_email("a@example.org")
        assert account is not None
        return Person(business, account, "")


async def _card(business: Business, person: Person, world: World, plan: str, key: str) -> None:
    known = await business.store.answered(person.id, f"order/{key}")
    wish = person.wish(plan)
    due = 0 if known else (await business.shop.preview(wish)).quote.due_minor
    order = await business.till.order_plan(wish, "bank", key, due)
    payment = world.pays(order)
    world.keep()
    await business.till.apply("bank", payment)


def _later(clock: HandClock, world: World, at: int) -> None:
    clock.instant = max(at, world.said.get("now", 0))
    world.keep(now=clock.instant)


async def _told(business: Business, person: Person, world: World) -> dict[str, Any]:
    orders = await business.store.documents(Order, person.id)
    invoices = await business.store.documents(Invoice, person.id)
    have = await person.have()
    return {
        "plan": await person.holds(),
        "have": [have.bonus, have.cash, have.held],
        "orders": [[one.state, one.amount_minor, one.sold_minor] for one in orders],
        "invoices": sorted(one.number for one in invoices),
        "bank": sorted(one.amount_minor for one in world.paid.values()),
        "house": [list(one) for one in await business.store.house_sums()],
        "entries": len(await business.wallet.entries(person.id, 200)),
    }


async def one_life(kind: str, folder: Path, url: str, steps: Steps) -> dict[str, Any]:
    world = World(folder / "world.json", steps)
    clock = HandClock(max(NOON, world.said.get("now", 0)), folder / "clock")
    stores = Stores(kind, folder, clock, url)
    store = await stores.open()
    try:
        return await journey(store, clock, world, steps)
    finally:
        await stores.close()


def in_a_child(kind: str, folder: Path, url: str, kill_at: int) -> dict[str, Any] | None:
    """What came of it, and how many steps it took; None where it was killed."""
    out = folder / "told.json"
    out.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            steps = Steps(kill_at)
            count_statements(steps)
            told = asyncio.run(one_life(kind, folder, url, steps))
            out.write_text(json.dumps({**told, "steps": steps.number}))
        except BaseException as error:
            out.write_text(json.dumps({"error": repr(error)}))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def _emptied(url: str) -> None:
    """By a child, so that this process itself has no loop and no threads when it forks."""
    child = os.fork()
    if child == 0:

        async def empty() -> None:
            connection = await asyncpg.connect(url)
            # What a killed process still holds there ends with its connection.
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            await connection.close()

        asyncio.run(empty())
        os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    kind, root, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]

    def place(name: str) -> Path:
        folder = root / name
        folder.mkdir(mode=0o755)
        if kind == "postgres":
            _emptied(url)
        return folder

    whole = in_a_child(kind, place("whole"), url, 0)
    assert whole is not None
    steps = whole.pop("steps", 0)
    wrong: list[Any] = [] if steps else [[0, whole]]
    killed = 0
    for number in range(1, steps + 1):
        folder = place(f"killed-{number}")
        if in_a_child(kind, folder, url, number) is not None:
            wrong.append([number, "it was not killed"])
            continue
        killed += 1
        after = in_a_child(kind, folder, url, 0) or {}
        after.pop("steps", None)
        if after != whole:
            wrong.append([number, after])
    print(json.dumps({"whole": whole, "steps": steps, "killed": killed, "wrong": wrong}))


if __name__ == "__main__":
    main()
