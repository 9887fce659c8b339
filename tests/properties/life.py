"""One person's random life with the service: purchases, orders, upgrades, smaller plans to follow,
cancellations, failed cards, duplicate, late and wrong payments, refunds, redeem codes, packs, calls
paid by the token, and clock moves over leap years, in any currency, against the real store; looked
at from outside, by SQL."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from codeplan.billing.orders import Order
from codeplan.billing.purse import Asked, CallHold, NoFunds
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.kit.money import MINOR, written
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.payments.amounts import counting_of
from codeplan.payments.base import Declined, NotOffered, ProviderFailed
from codeplan.plan.catalogue import Catalogue
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.periods import PERIOD_MONTHS
from codeplan.plan.quote import NotForSale
from codeplan.protocol.usage import Usage
from codeplan.store.sqlite.store import open_store
from codeplan.subscriptions.code_problems import CodeInvalid
from codeplan.subscriptions.codes import MoneyGift, PackGift, PlanGift
from codeplan.subscriptions.market import OnlyAtPeriodsEnd
from codeplan.subscriptions.refunds import NotRefundable
from support.bank import Bank
from support.business import Business, Person
from support.meters import HandClock

MORE = """
[[packs]]
id = "million"
name = "A million tokens"
tokens = 1_000_000
days = 30
prices = { CNY = "9.00" }
"""
PRICES = 'prices = [{ currency = "CNY", input = "4.00", cached = "0.80", output = "16.00" }]\n'
TEXT = builtin_text().replace('id = "glm-4.6"\n', f'id = "glm-4.6"\n{PRICES}', 1) + MORE


@cache
def catalogue_in(currency: str) -> Catalogue:
    """The same amounts in another currency."""
    return build_catalogue(parse(TEXT.replace("CNY", currency), "test"))


CATALOGUE = catalogue_in("CNY")
PLANS, PERIODS = st.sampled_from([*CATALOGUE.plans]), st.sampled_from([*PERIOD_MONTHS])
# Before the promotion; and a leap year's last day of January.
STARTS = [datetime(2026, 12, 6, tzinfo=UTC), datetime(2028, 1, 31, 12, tzinfo=UTC)]
# What may be said no to; anything else is a defect.
REFUSED = (
    OnlyAtPeriodsEnd, BalanceTooSmall, NotPossible, NotForSale, NotRefundable, CodeInvalid,
    NoFunds, ProviderFailed, Declined, NotOffered,
)  # fmt: skip
T = TypeVar("T")


class Life(RuleBasedStateMachine):
    """One person's life with the service."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.orders: list[Order] = []
        self.calls: list[CallHold] = []
        self.number = 0
        self.lengths: dict[str, int] = {}

    def teardown(self) -> None:
        self.do(self.business.store.close())
        self.loop.close()
        self.folder.cleanup()

    def do(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]  # a coroutine

    def tries(self, work: Awaitable[T]) -> T | None:
        try:
            return self.do(work)
        except REFUSED:
            return None

    def a_person_comes(self, start: datetime, currency: str, counts: str) -> None:
        """``counts``: the provider whose rule the bank counts by, where that takes the currency."""
        takes = counting_of(counts).currencies
        self.bank = Bank(name=counts if not takes or currency in takes else "bank")
        self.currency = currency
        self.clock = HandClock(round(start.timestamp() * 1000))

        async def make() -> tuple[Business, Person]:
            store = await open_store(Path(self.folder.name), self.clock)
            catalogue = catalogue_in(currency)
            business = await Business(store, self.clock, catalogue, bank=self.bank).open()
            return business, replace(await business.person(), currency=currency)

        self.business, self.person = self.do(make())
        self.outside = sqlite3.connect(Path(self.folder.name) / "codeplan.db")

    @rule(amount=st.integers(1, 9000_00), kind=st.sampled_from(["top_up", "bonus"]))
    def money_comes(self, amount: int, kind: str) -> None:
        self.do(self.person.pay_in(written(amount, self.currency, sign=False), kind))

    @rule(plan=PLANS, period=PERIODS)
    def buys(self, plan: str, period: str) -> None:
        before = self.do(self.person.have()).total
        due = self.tries(self.person.buy(plan, period))
        after = self.do(self.person.have()).total
        # An upgrade's credit beyond the price comes back; nothing else adds to the balance.
        assert after <= before if due else True

    @rule(passed=st.sampled_from([0, HOUR, 17 * DAY]))
    def lives_up(self, passed: int) -> None:
        """Rich, and always wanting more."""
        self.do(self.person.pay_in("9000.00"))
        for plan, period in (("lite", "month"), ("pro", "month"), ("pro", "quarter")):
            self.tries(self.person.buy(plan, period))
            self.note_terms()
            self.time_passes(passed)
        self.the_period_ends()

    @rule(plan=PLANS, period=PERIODS)
    def orders_by_card(self, plan: str, period: str) -> None:
        try:
            order = self.tries(self.person.order(plan, period))
        except ValueError:
            return  # nothing is to be paid
        if order is not None:
            self.orders.append(order)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), times=st.integers(1, 3))
    def pays_and_is_notified(self, data: st.DataObject, times: int) -> None:
        """Once or more often, late or not, of an order in whatever state."""
        order = data.draw(st.sampled_from(self.orders))
        payment = self.bank.pays(order)
        for _ in range(times):
            self.do(self.business.till.apply(self.bank.name, payment))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def pays_and_nobody_notifies(self, data: st.DataObject) -> None:
        self.bank.pays(data.draw(st.sampled_from(self.orders)))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), amount=st.integers(1, 100_00))
    def pays_another_amount(self, data: st.DataObject, amount: int) -> None:
        order = data.draw(st.sampled_from(self.orders))
        self.number += 1
        payment = self.bank.pays(order, amount, f"odd_{self.number}")
        self.do(self.business.till.apply(self.bank.name, payment))

    @rule(declines=st.booleans(), away=st.booleans())
    def the_bank_changes(self, declines: bool, away: bool) -> None:
        self.bank.declines, self.bank.away = declines, away

    @rule(cancelled=st.booleans())
    def cancels_or_resumes(self, cancelled: bool) -> None:
        work = self.business.shop.cancel(self.person.id, self.business.key(), cancelled)
        self.tries(work)

    @rule(plan=PLANS, period=PERIODS)
    def wants_another_plan_to_follow(self, plan: str, period: str) -> None:
        self.tries(self.business.shop.change(self.person.wish(plan, period), self.business.key()))

    @rule(data=st.data(), ends=st.booleans(), to=st.sampled_from(["balance", "provider"]),
          part=st.integers(1, 100), again=st.booleans())  # fmt: skip
    def is_refunded(self, data: st.DataObject, ends: bool, to: str, part: int, again: bool) -> None:
        known = self.do(self.business.store.documents(Order, self.person.id, "paid"))
        if not known:
            return
        order = data.draw(st.sampled_from(known[:5]))
        amount = max(1, order.sold_minor * part // 100)
        key = self.business.key()
        for _ in range(1 + again):
            work = self.business.refunds.give(order.id, amount, to, ends, "a test", key)
            self.tries(work)
        self.clock.instant += 1  # what comes behind it comes later

    @rule(gift=st.sampled_from([
        PlanGift("lite", "month"), PlanGift("pro", "month"), PackGift("million"),
        MoneyGift(5_00, ""),
    ]))  # fmt: skip
    def redeems(self, gift: Any) -> None:
        if isinstance(gift, MoneyGift):
            gift = MoneyGift(gift.amount_minor, self.currency)
        codes = self.do(self.business.codes.make(gift, 1, "batch", None, self.business.key()))
        for number in range(2):
            work = self.business.codes.redeem(self.person.id, codes[0], self.business.key())
            assert self.tries(work) is None or number == 0

    @rule()
    def buys_a_pack(self) -> None:
        shop = self.business.shop
        self.tries(shop.buy_pack(self.person.id, "million", self.currency, self.business.key()))

    @rule(tokens=st.integers(1, 300_000))
    def begins_a_call(self, tokens: int) -> None:
        self.number += 1
        model = catalogue_in(self.currency).model("glm-4.6")
        assert model is not None
        asked = Asked(f"req_{self.number}", self.person.id, "ck", model, tokens, tokens // 2)
        held = self.tries(self.business.purse.hold(asked))
        if held is not None:
            self.calls.append(held)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), delivered=st.booleans(), more=st.floats(0, 1.5))
    def ends_a_call(self, data: st.DataObject, delivered: bool, more: float) -> None:
        held = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        usage = Usage(input=round(200_000 * more), output=round(1000 * more))
        call: Any = None
        for _ in range(2):  # what was ended once is not ended again
            if delivered:
                self.do(self.business.purse.settle(held, usage, call))
            else:
                self.do(self.business.purse.release(held, "cut", call))

    @rule(passed=st.sampled_from([
        1, MINUTE, HOUR, DAY, 3 * DAY, 17 * DAY, 28 * DAY, 31 * DAY, 100 * DAY, 366 * DAY,
    ]))  # fmt: skip
    def time_passes(self, passed: int) -> None:
        self.clock.instant += passed
        self.do(self.business.run())

    @rule()
    def the_period_ends(self) -> None:
        """To the millisecond."""
        held = self.do(self.person.held())
        if held is not None and held.ends_at > self.clock.instant:
            self.clock.instant = held.ends_at
            self.do(self.business.run())

    @invariant()
    def the_ledger_is_right(self) -> None:
        assert self.do(self.business.store.contradictions()) == []
        below = self.rows("SELECT * FROM balances WHERE millionths < 0")
        assert below == []
        numbers = [
            msgspec.json.decode(row[0])["number"]
            for row in self.rows("SELECT body FROM documents WHERE kind = 'invoice' ORDER BY id")
        ]
        assert numbers == [f"INV-{number:06}" for number in range(1, len(numbers) + 1)]

    @invariant()
    def each_payment_came_once(self) -> None:
        came = self.rows(
            "SELECT sum(-p.millionths) FROM postings AS p JOIN entries AS e ON e.id = p.entry_id"
            f" WHERE p.account = 'paid/{self.bank.name}' AND e.kind = 'top_up'"
        )[0][0] or 0  # fmt: skip
        receipts = [
            msgspec.json.decode(row[0])
            for row in self.rows("SELECT body FROM documents WHERE kind = 'receipt'")
        ]
        assert came == MINOR * sum(one["amount_minor"] for one in receipts)

    @invariant()
    def no_more_is_given_back_than_was_paid(self) -> None:
        orders = self.do(self.business.store.documents(Order, self.person.id, limit=10_000))
        given = self.rows(
            "SELECT sum(p.millionths) FROM postings AS p JOIN entries AS e ON e.id = p.entry_id"
            " WHERE e.kind = 'refund' AND (account LIKE 'cash/%' OR account LIKE 'bonus/%'"
            " OR account = 'owed/refunds')"
        )[0][0] or 0  # fmt: skip
        assert all(order.refunded_minor <= order.sold_minor for order in orders)
        assert given == MINOR * sum(order.refunded_minor for order in orders)

    @invariant()
    def what_calls_hold_is_set_aside(self) -> None:
        held = self.rows("SELECT sum(millionths) FROM balances WHERE account LIKE 'held/%'")[0][0]
        running = [
            msgspec.json.decode(row[0])
            for row in self.rows(
                "SELECT body FROM documents WHERE kind='callhold' AND state='held'"
            )
        ]
        assert (held or 0) == sum(one["of_bonus"] + one["of_cash"] for one in running)
        assert len(running) >= len(self.calls)

    @invariant()
    def no_time_is_had_twice(self) -> None:
        # One that an upgrade ended before it began never was.
        terms = self.rows(
            "SELECT started_at, ends_at FROM terms WHERE ends_at > started_at AND kind <> 'seats'"
            " ORDER BY started_at, id"
        )
        for before, after in pairwise(terms):
            assert before[1] <= after[0]

    @invariant()
    def what_was_had_was_paid(self) -> None:
        """What was earned is at least what the time that has passed is worth, by what each term
        cost; a cent for each rounding. An operator's refunds are his gift."""
        earned = self.rows(
            "SELECT sum(millionths) FROM postings WHERE account = 'sales/plans'"
        )[0][0] or 0  # fmt: skip
        refunded = self.rows(
            "SELECT sum(-millionths) FROM postings AS p JOIN entries AS e ON e.id = p.entry_id"
            " WHERE e.kind = 'refund' AND account LIKE 'sales/%'"
        )[0][0] or 0  # fmt: skip
        self.note_terms()
        terms = self.rows("SELECT id, paid_minor, started_at, ends_at FROM terms")
        had = 0.0
        for name, paid, started, ends in terms:
            length = self.lengths[name]
            passed = max(0, min(self.clock.instant, ends) - started)
            had += paid * passed / max(1, length)
        assert (earned + refunded) / MINOR >= had - 2 * len(terms) - 1

    def rows(self, query: str) -> list[Any]:
        return self.outside.execute(query).fetchall()

    def note_terms(self) -> None:
        """How long each was when it was bought; an upgrade ends it early."""
        for name, length in self.rows("SELECT id, ends_at - started_at FROM terms"):
            self.lengths.setdefault(name, length)
