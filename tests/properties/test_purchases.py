"""Random purchases, upgrades, extensions, cancellations, renewals and clock moves over leap years:
postings balance, no balance goes below zero, no time is had twice or for nothing, and no sequence
of upgrades beats paying for what was used."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from codeplan.config.build import build_catalogue
from codeplan.config.load import load
from codeplan.kit.instants import DAY, HOUR
from codeplan.ledger import movements
from codeplan.ledger.movements import SALES, BalanceTooSmall, Moment
from codeplan.ledger.postings import Balance, Entry, bonus_of, cash_of, sums
from codeplan.plan.periods import PERIOD_MONTHS
from codeplan.plan.rules import ONE
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions.purchases import (
    OnlyAtPeriodsEnd,
    Wish,
    cancellation,
    preview,
    purchase,
    renewal,
)

CATALOGUE = build_catalogue(load(None))
PLANS, PERIODS = st.sampled_from([*CATALOGUE.plans]), st.sampled_from([*PERIOD_MONTHS])


class Shop(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = round(datetime(2026, 12, 6, 3, 4, 5, tzinfo=UTC).timestamp() * 1000)
        self.numbers = count()
        self.entries: list[Entry] = []
        self.terms: dict[str, Term] = {}
        self.lengths: dict[str, int] = {}
        self.subscription: Subscription | None = None
        self.used = 0

    def balance(self) -> Balance:
        found = sums(self.entries)
        return Balance(
            found.get((bonus_of("acc"), "CNY"), 0), found.get((cash_of("acc"), "CNY"), 0)
        )

    def books(self) -> Books:
        running = [term for term in self.terms.values() if term.ends_at > self.now]
        used = {"5hour": self.used * ONE} if running else {}
        ordered = tuple(sorted(running, key=lambda term: term.started_at))
        return Books({"CNY": self.balance()}, self.subscription, ordered, used)

    def write(self, decision: Decision) -> None:
        self.entries += [entry.checked() for entry in decision.entries]
        self.subscription = decision.subscription or self.subscription
        for term in decision.terms:
            self.lengths.setdefault(term.id, term.ends_at - term.started_at)
            self.terms[term.id] = term

    @rule(amount=st.integers(1, 3000_00), given=st.booleans())
    def money_comes_in(self, amount: int, given: bool) -> None:
        number = next(self.numbers)
        moment = Moment(f"entry_{number}", self.now, "acc", "CNY", "top_up", "a test")
        entry = movements.bonus(moment, amount) if given else movements.top_up(moment, amount, "b")
        self.entries.append(entry)

    @rule(plan=PLANS, period=PERIODS)
    def something_is_bought(self, plan: str, period: str) -> None:
        held = CATALOGUE.plans.get(self.subscription.plan_id) if self.subscription else None
        wish = Wish("acc", plan, period, "CNY", held=held)  # type: ignore[arg-type]
        books = self.books()
        try:
            previewed = preview(wish, CATALOGUE, books, self.now)
        except OnlyAtPeriodsEnd:
            assert self.subscription is not None
            assert self.subscription.ends_at > self.now
            return
        assert 0 <= previewed.due_minor <= previewed.renews_minor
        try:
            decision = purchase(wish, CATALOGUE, books, self.now, previewed.due_minor)
        except BalanceTooSmall:
            assert previewed.due_minor > self.balance().total
            return
        before = self.balance().total
        self.write(decision)
        gone = before - self.balance().total
        assert gone == previewed.due_minor - previewed.carried_minor

    @rule(cancelled=st.booleans())
    def cancelled_or_not(self, cancelled: bool) -> None:
        if self.subscription is not None:
            self.write(cancellation(self.books(), cancelled))

    @rule()
    def renewals_run(self) -> None:
        held = self.subscription
        if held is None or held.cancelled or held.ends_at > self.now:
            return
        try:
            decision = renewal(held, CATALOGUE, self.books(), self.now)
        except BalanceTooSmall:
            return
        self.write(decision)
        listed = CATALOGUE.plans[held.plan_id].price("CNY", held.period)
        assert sum(p.amount_minor for p in decision.entries[0].postings if p.account == SALES) == (
            listed
        )

    @rule(prompts=st.integers(1, 500))
    def prompts_are_used(self, prompts: int) -> None:
        self.used += prompts

    @rule(
        passed=st.sampled_from([1, HOUR, DAY, 17 * DAY, 28 * DAY, 31 * DAY, 100 * DAY, 366 * DAY])
    )
    def time_passes(self, passed: int) -> None:
        self.now += passed
        if self.subscription is not None and self.subscription.ends_at <= self.now:
            self.used = 0

    @rule()
    def the_period_ends(self) -> None:
        """To the millisecond."""
        if self.subscription is not None and self.subscription.ends_at > self.now:
            self.now = self.subscription.ends_at
            self.used = 0

    @invariant()
    def the_books_are_right(self) -> None:
        totals: dict[str, int] = defaultdict(int)
        for (account, _), amount in sums(self.entries).items():
            totals["all"] += amount
            if account.startswith(("cash/", "bonus/")):
                assert amount >= 0
        assert totals["all"] == 0

    @invariant()
    def no_time_is_had_twice(self) -> None:
        # One that an upgrade ended before it began never was.
        real = [term for term in self.terms.values() if term.ends_at > term.started_at]
        ordered = sorted(real, key=lambda term: (term.started_at, term.id))
        for before, after in pairwise(ordered):
            assert before.ends_at <= after.started_at
        if self.subscription is not None:
            assert self.subscription.ends_at == max(term.ends_at for term in ordered)

    @invariant()
    def what_was_had_was_paid(self) -> None:
        """What was earned is at least what the time that has passed is worth, by what each term
        cost; a cent for each rounding."""
        earned = sums(self.entries).get((SALES, "CNY"), 0)
        had = 0.0
        for term in self.terms.values():
            passed = max(0, min(self.now, term.ends_at) - term.started_at)
            had += term.paid_minor * passed / self.lengths[term.id]
        assert earned >= had - len(self.terms) - 1


TestShop = Shop.TestCase
TestShop.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)


def test_a_renewed_month_keeps_its_day() -> None:
    start = round(datetime(2028, 1, 31, 12, tzinfo=UTC).timestamp() * 1000)
    lite = Wish("acc", "lite", "month", "CNY")
    rich = {"CNY": Balance(0, 10_000_00)}
    decision = purchase(lite, CATALOGUE, Books(rich, None, (), {}), start, None)
    held = decision.subscription
    assert held is not None
    days = []
    for _ in range(4):
        days.append(datetime.fromtimestamp(held.ends_at / 1000, UTC).strftime("%m-%d"))
        again = renewal(held, CATALOGUE, Books(rich, held, (), {}), held.ends_at).subscription
        assert again is not None
        held = replace(again)
    assert days == ["02-29", "03-31", "04-30", "05-31"]
