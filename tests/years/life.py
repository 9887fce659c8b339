"""Years of daily life of many accounts, by a seed, over one store: what they pay in, buy, order by
card, upgrade, let follow, cancel, redeem, call and are refunded; each morning the clock does what
is due. What came of it is told without a name that the store made up, so that two stores can be
compared to the cent.

``python -m years.life ARGS``: 1,000 accounts over ten years on SQLite and on PostgreSQL.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

from codeplan.billing.orders import Order
from codeplan.billing.packs import Pack
from codeplan.billing.purse import Asked, NoFunds
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.payments.base import Declined, ProviderFailed
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.quote import NotForSale
from codeplan.protocol.usage import Usage
from codeplan.store.base import Store
from codeplan.store.sqlite.store import open_store as open_sqlite
from codeplan.subscriptions.codes import PlanGift
from codeplan.subscriptions.market import OnlyAtPeriodsEnd
from codeplan.subscriptions.refunds import NotRefundable
from codeplan.subscriptions.till import ProviderUnknown
from store.conftest import Stores
from support.business import Business, Person
from support.database import Server
from support.meters import HandClock

PACK = """
[[packs]]
id = "million"
name = "A million tokens"
tokens = 1_000_000
days = 60
prices = { CNY = "9.00" }
"""
PRICES = 'prices = [{ currency = "CNY", input = "4.00", output = "16.00" }]\n'
TEXT = builtin_text().replace('id = "glm-4.6"\n', f'id = "glm-4.6"\n{PRICES}', 1) + PACK
CATALOGUE = build_catalogue(parse(TEXT, "years"))
BEGIN = round(datetime(2026, 12, 1, 8, tzinfo=UTC).timestamp() * 1000)
PLANS, PERIODS = ("lite", "pro", "max"), ("month", "quarter", "year")
REFUSED = (
    OnlyAtPeriodsEnd, BalanceTooSmall, NotPossible, NotForSale, NotRefundable, NoFunds,
    ProviderFailed, ProviderUnknown, Declined,
)  # fmt: skip


@dataclass
class Living:
    """One account. ``chance`` is its own, so that its life depends on nobody else's."""

    person: Person
    chance: random.Random
    next_day: int = 0
    orders: list[Order] = field(default_factory=list)
    number: int = 0

    async def day(self, did: Counter[str]) -> None:
        act = self.chance.choices(
            [self.pays_in, self.buys, self.orders_by_card, self.wants_another, self.cancels,
             self.calls, self.buys_a_pack, self.redeems, self.is_refunded],
            [6, 6, 5, 2, 2, 8, 2, 1, 1],
        )[0]  # fmt: skip
        try:
            await act()
            did[act.__name__] += 1
        except REFUSED as refused:
            did[type(refused).__name__] += 1

    def key(self) -> str:
        self.number += 1
        return f"{self.person.id}/{self.number:06}"

    async def pays_in(self) -> None:
        amount = self.chance.choice([20_00, 40_00, 120_00, 200_00, 600_00, 2400_00])
        kind = self.chance.choice(["top_up", "top_up", "bonus"])
        business = self.person.business
        await business.wallet.add(
            self.person.id, kind, f"{amount // 100}.00", "CNY", "a day", self.key()  # type: ignore[arg-type]  # a kind
        )  # fmt: skip

    async def buys(self) -> None:
        wish = self.person.wish(self.chance.choice(PLANS), self.chance.choice(PERIODS))
        shop = self.person.business.shop
        due = (await shop.preview(wish)).quote.due_minor
        await shop.buy(wish, self.key(), due)

    async def orders_by_card(self) -> None:
        """Paid and told; told twice; paid and never told; never paid."""
        business = self.person.business
        wish = self.person.wish(self.chance.choice(PLANS), self.chance.choice(PERIODS))
        how = self.chance.choice(["told", "told", "twice", "lost", "unpaid"])
        due = (await business.shop.preview(wish)).quote.due_minor
        order = await business.till.order_plan(wish, "bank", self.key(), due)
        if how != "unpaid":
            payment = business.bank.pays(order)
            for _ in range({"told": 1, "twice": 2, "lost": 0}[how]):
                await business.till.apply("bank", payment)

    async def wants_another(self) -> None:
        wish = self.person.wish(self.chance.choice(PLANS), self.chance.choice(PERIODS))
        await self.person.business.shop.change(wish, self.key())

    async def cancels(self) -> None:
        cancelled = self.chance.random() < 0.5
        await self.person.business.shop.cancel(self.person.id, self.key(), cancelled)

    async def calls(self) -> None:
        purse, model = self.person.business.purse, CATALOGUE.model("glm-4.6")
        assert model is not None
        tokens = self.chance.randrange(1, 50_000)
        asked = Asked(f"req_{self.key()}", self.person.id, "ck", model, tokens, 4096)
        held = await purse.hold(asked)
        call: Any = None
        if self.chance.random() < 0.9:
            usage = Usage(input=tokens, output=self.chance.randrange(1, 5000))
            await purse.settle(held, usage, call)
        else:
            await purse.release(held, "cut", call)

    async def buys_a_pack(self) -> None:
        await self.person.business.shop.buy_pack(self.person.id, "million", "CNY", self.key())

    async def redeems(self) -> None:
        business = self.person.business
        codes = await business.codes.make(PlanGift("lite", "month"), 1, "a day", None, self.key())
        await business.codes.redeem(self.person.id, codes[0], self.key())

    async def is_refunded(self) -> None:
        business = self.person.business
        known = await business.store.documents(Order, self.person.id, "paid", limit=1)
        share = self.chance.choice([2, 4, 1])
        ends = self.chance.random() < 0.3
        if known and known[0].sold_minor:
            amount = max(1, known[0].sold_minor // share)
            to = "provider" if known[0].provider == "bank" and share > 1 else "balance"
            await business.refunds.give(known[0].id, amount, to, ends, "a day", self.key())


async def live(
    store: Store, clock: HandClock, accounts: int, days: int, seed: int
) -> dict[str, Any]:
    """What came of it."""
    clock.instant = BEGIN
    business = await Business(store, clock, CATALOGUE).open()
    people: list[Living] = []
    did: Counter[str] = Counter()
    for day in range(days):
        clock.instant = BEGIN + day * DAY
        # Some cards are declined for a week now and then.
        business.bank.declines = random.Random(f"{seed}/{day // 7}").random() < 0.1
        await business.run()
        # They come over the first half of the first year.
        while len(people) < min(accounts, (day + 1) * accounts // min(180, days) + 1):
            number = len(people)
            person = await business.person(f"p{number}@example.org")
            chance = random.Random(f"{seed}/{number}")
            people.append(Living(person, chance, day + chance.randrange(5)))
        today = [one for one in people if one.next_day <= day]
        for one in today:
            one.next_day = day + 1 + int(one.chance.expovariate(1 / 20))
        clock.instant += HOUR
        await asyncio.gather(*(one.day(did) for one in today))
        clock.instant += 40 * MINUTE
        await business.run()
    await business.check()
    return {
        "accounts": [await _told(business, one.person) for one in people],
        "house": [list(one) for one in await store.house_sums()],
        "did": dict(sorted(did.items())),
    }


async def _told(business: Business, person: Person) -> dict[str, Any]:
    """An account's money and plans, without a name that the store made up."""
    balances = await business.wallet.balances(person.id)
    orders = await business.store.documents(Order, person.id, limit=100_000)
    packs = await business.store.documents(Pack, person.id, limit=100_000)
    held = await person.held()
    return {
        "balances": {name: [one.bonus, one.cash, one.held] for name, one in balances.items()},
        "orders": sorted(
            [one.made_at, one.state, one.amount_minor, one.sold_minor, one.refunded_minor]
            for one in orders
        ),
        "packs": sorted([one.made_at, one.state, one.left] for one in packs),
        "plan": [held.plan_id, held.period, held.state, held.ends_at] if held else None,
    }


def digest(came: dict[str, Any]) -> str:
    return sha256(json.dumps(came, sort_keys=True).encode()).hexdigest()


async def both(accounts: int, days: int, seed: int, folder: Path) -> dict[str, Any]:
    """The same life on each store; what came of it, and how long each took in seconds."""
    came, took = {}, {}
    clock = HandClock(file=folder / "clock")
    store: Store = await open_sqlite(folder / "sqlite", clock)
    begun = time.monotonic()
    came["sqlite"] = await live(store, clock, accounts, days, seed)
    took["sqlite"] = time.monotonic() - begun
    await store.close()
    with Server(folder) as server:
        server.lets_read(folder)
        stores = Stores("postgres", folder, clock, await server.database())
        clock.instant = BEGIN
        store = await stores.open()
        begun = time.monotonic()
        came["postgres"] = await live(store, clock, accounts, days, seed)
        took["postgres"] = time.monotonic() - begun
        await stores.close()
    return {"came": came, "took": took}


def main() -> None:
    accounts, days = (int(word) for word in (sys.argv[1:] or ["1000", "3653"]))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(both(accounts, days, 1, Path(folder)))
    came = found["came"]
    for name, one in came.items():
        print(f"{name}: {found['took'][name]:.0f} s, {digest(one)[:16]}")
        print(f"  {one['did']}")
    print("house:", came["sqlite"]["house"])
    same = came["sqlite"] == came["postgres"]
    print("the same to the cent" if same else "NOT THE SAME")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
