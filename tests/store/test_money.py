"""What every store must do with money: each move once, on locked books, all of it or nothing."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from codeplan.billing.wallet import AmountInvalid
from codeplan.kit.instants import DAY, HOUR, add_months
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.ledger.postings import Balance
from codeplan.plan.lifecycle import NotPossible
from codeplan.store.base import Store
from codeplan.store.documents import Document, Mine, One
from codeplan.store.money import Books, Decision, Move
from codeplan.subscriptions.market import OnlyAtPeriodsEnd
from codeplan.subscriptions.purchases import PriceChanged
from store.conftest import Stores
from support.business import Business, Person
from support.meters import HandClock


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock).open()


@pytest.fixture
async def person(business: Business) -> Person:
    return await business.person()


async def test_bonus_is_spent_before_cash(business: Business, person: Person) -> None:
    await person.pay_in("15.00", "bonus")
    await person.pay_in("40.00")
    assert await person.buy() == 40_00
    assert await person.have() == Balance(0, 15_00)
    await business.check()


async def test_the_same_key_again_changes_nothing(business: Business, person: Person) -> None:
    await person.pay_in("100.00")
    for _ in range(3):
        made = await business.shop.buy(person.wish(), "one-key-", 40_00)
        assert made.due_minor == 40_00
    assert await person.have() == Balance(0, 60_00)
    for _ in range(2):
        await business.wallet.add(person.id, "top_up", "5.00", "CNY", "bank", "same-key")
    assert await person.have() == Balance(0, 65_00)
    await business.check()


async def test_too_little_buys_nothing(person: Person) -> None:
    await person.pay_in("39.99")
    with pytest.raises(BalanceTooSmall) as small:
        await person.buy()
    assert small.value.missing_minor == 1
    assert await person.held() is None
    assert await person.have() == Balance(0, 39_99)


async def test_many_at_once_never_spend_what_is_not_there(
    business: Business, person: Person
) -> None:
    await person.pay_in("100.00")

    async def one(number: int) -> bool:
        try:
            await business.shop.buy(person.wish(), f"rush-{number}", 40_00)
        except BalanceTooSmall:
            return False
        return True

    done = await asyncio.gather(*(one(number) for number in range(30)))
    assert sum(done) == 2
    assert await person.have() == Balance(0, 20_00)
    await business.check()


async def test_the_same_plan_again_extends_it(person: Person, clock: HandClock) -> None:
    await person.pay_in("100.00")
    start = clock.now()
    await person.buy()
    assert (await person.holds())[2] == add_months(start, 1)
    clock.instant += 5 * DAY
    await person.buy()
    assert await person.holds() == ("lite", "active", add_months(start, 2))


async def test_an_upgrade_ends_the_period_and_credits_what_is_unused(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("400.00")
    start = clock.now()
    await person.buy()
    month = add_months(start, 1) - start
    clock.instant += month // 4
    preview = (await business.shop.preview(person.wish("pro"))).quote
    assert [(line.kind, line.amount_minor) for line in preview.lines] == [
        ("list", 200_00), ("credit", -30_00),
    ]  # fmt: skip
    assert await person.buy("pro") == 170_00
    assert await person.holds() == ("pro", "active", add_months(clock.now(), 1))
    assert await person.have() == Balance(0, 190_00)
    with pytest.raises(OnlyAtPeriodsEnd):
        await person.buy("lite")
    await business.check()


async def test_an_upgrade_ends_also_what_was_bought_ahead(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("400.00")
    await person.buy()
    await person.buy()
    clock.instant += HOUR
    assert await person.buy("pro") < 125_00
    held = await person.held()
    assert held is not None
    later = await business.store.term_at(held.id, clock.now() + 45 * DAY)
    assert later is not None
    assert later.plan_id == "pro"


async def test_upgrading_up_and_up_never_beats_paying_straight(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("100000.00")
    paid = await person.buy()
    for plan, period in (("lite", "quarter"), ("pro", "month"), ("max", "month"), ("max", "year")):
        clock.instant += HOUR
        paid += await person.buy(plan, period)
    assert paid >= 4800_00
    await business.check()


async def test_what_was_previewed_is_what_is_paid(business: Business, person: Person) -> None:
    await person.pay_in("100.00")
    with pytest.raises(PriceChanged) as changed:
        await business.shop.buy(person.wish(), "a-stale-key", 20_00)
    assert changed.value.now.due_minor == 40_00
    assert await person.have() == Balance(0, 100_00)


async def test_renewals_come_once_at_the_list_price_and_keep_their_day(
    business: Business, person: Person, clock: HandClock
) -> None:
    clock.instant = start = 1_801_396_800_000  # 31 January 2027, noon UTC
    await person.pay_in("200.00")
    await person.buy()
    ends = []
    for _ in range(3):
        clock.instant = (await person.holds())[2]
        await asyncio.gather(*(business.run() for _ in range(4)))
        ends.append((await person.holds())[2])
    assert ends == [add_months(start, number) for number in (2, 3, 4)]
    assert await person.have() == Balance(0, 40_00)
    await business.check()


@pytest.mark.parametrize(("period", "first", "renewed"), [
    ("month", 20_00, 40_00), ("quarter", 54_00, 120_00), ("year", 192_00, 480_00),
])  # fmt: skip
async def test_bought_in_the_promotions_last_second_and_renewed_at_the_list_price(
    business: Business, person: Person, clock: HandClock, period: str, first: int, renewed: int
) -> None:
    behind = round(datetime(2027, 1, 16, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
    clock.instant = behind - 1000
    await person.pay_in("1000.00")
    assert await person.buy("lite", period) == first
    clock.instant = (await person.holds())[2]
    await business.run()
    assert (await person.have()).cash == 1000_00 - first - renewed
    late = await business.person("late@example.org")
    clock.instant = behind
    assert (await business.shop.preview(late.wish("lite", period))).quote.due_minor == renewed
    await business.check()


async def test_a_renewal_that_cannot_be_paid_goes_on_over_its_grace_and_then_ends(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("40.00")
    await person.buy()
    ended_at = (await person.holds())[2]
    clock.instant = ended_at
    await business.run()
    assert await person.holds() == ("lite", "past_due", ended_at)
    held = await person.held()
    assert held is not None
    assert (await business.subscriptions.held(held)).is_active(clock.now())
    # Money comes: it is tried again at once, and the days of grace are the period's first.
    clock.instant += DAY
    await person.pay_in("40.00")
    await business.run()
    assert await person.holds() == ("lite", "active", add_months(ended_at, 1))
    clock.instant = ended_at = (await person.holds())[2]
    for _ in range(5):
        await business.run()
        clock.instant += DAY
    assert await person.holds() == ("lite", "expired", ended_at)
    # Whoever comes back pays the days of grace first.
    clock.instant += 30 * DAY
    await person.pay_in("40.00")
    await person.buy()
    assert (await person.holds())[2] == add_months(clock.now() - 3 * DAY, 1)
    await business.check()


async def test_a_cancelled_plan_is_not_renewed_and_can_be_taken_back(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("200.00")
    await person.buy()
    await business.shop.cancel(person.id, "a-key-1", cancelled=True)
    assert (await person.holds())[1] == "cancelled"
    await business.shop.cancel(person.id, "a-key-2", cancelled=False)
    await business.shop.cancel(person.id, "a-key-3", cancelled=True)
    clock.instant = (await person.holds())[2]
    await business.run()
    assert (await person.holds())[1] == "expired"
    assert await person.have() == Balance(0, 160_00)
    with pytest.raises(NotPossible):
        await business.shop.cancel(person.id, "a-key-4", cancelled=False)


async def test_a_smaller_plan_follows_at_the_periods_end(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("300.00")
    await person.buy("pro")
    await business.shop.change(person.wish("lite"), "change-1")
    assert (await person.holds())[0] == "pro"
    clock.instant = end = (await person.holds())[2]
    await business.run()
    assert await person.holds() == ("lite", "active", add_months(end, 1))
    assert await person.have() == Balance(0, 60_00)
    await business.check()


async def test_a_period_ends_on_its_day_in_the_accounts_zone(
    business: Business, person: Person, clock: HandClock
) -> None:
    # 1 March 2027, 07:00 in Shanghai, is still 28 February in UTC.
    clock.instant = start = 1_803_855_600_000
    await business.store.set_zone(person.id, "Asia/Shanghai")
    await person.pay_in("40.00")
    await person.buy()
    assert (await person.holds())[2] == start + 31 * DAY


@pytest.mark.parametrize(("amount", "currency"), [("0", "CNY"), ("-1", "CNY"), ("1", "yuan")])
async def test_what_is_no_amount(
    business: Business, person: Person, amount: str, currency: str
) -> None:
    with pytest.raises(AmountInvalid):
        await business.wallet.add(person.id, "top_up", amount, currency, "x", "key-of-it")


async def test_a_store_opened_again_has_the_same_books(stores: Stores, clock: HandClock) -> None:
    business = await Business(await stores.open(), clock).open()
    person = await business.person()
    await person.pay_in("100.00")
    await person.buy()
    before = await business.wallet.entries(person.id, 10)
    if stores.kind == "sqlite":
        await business.store.close()
    again = await stores.open()
    assert await again.entries(person.id, 10) == before
    assert (await again.books(person.id)).balance("CNY").total_minor == 60_00


class Note(Document, frozen=True, kw_only=True):
    text: str = ""


async def test_documents_are_found_by_id_owner_state_and_when_they_are_due(
    store: Store, clock: HandClock, person: Person
) -> None:
    def keep(name: str, state: str, due_at: int | None, owner: str) -> Note:
        return Note(id=name, account_id=owner, made_at=1, state=state, due_at=due_at, text="ä\n")

    now = clock.now()
    notes = (
        keep("a", "open", now, person.id),
        keep("b", "open", now + 1, person.id),
        keep("c", "shut", None, person.id),
        keep("d", "open", None, "somebody"),
    )
    await store.move(Move(person.id, "notes", lambda *_: Decision(documents=notes)))
    assert await store.document(Note, "a") == notes[0]
    assert await store.document(Note, "z") is None
    assert [one.id for one in await store.documents(Note, person.id)] == ["c", "b", "a"]
    assert [one.id for one in await store.documents(Note, person.id, "open")] == ["b", "a"]
    assert [one.id for one in await store.documents(Note, person.id, before="c")] == ["b", "a"]
    assert [one.id for one in await store.documents(Note, limit=1)] == ["d"]
    assert [one.id for one in await store.due_documents(Note)] == ["a"]
    # An account with a test clock lives ahead.
    await store.set_clock_ahead(person.id, 1)
    assert [one.id for one in await store.due_documents(Note)] == ["a", "b"]
    seen: list[str] = []

    def look(books: Books, at: int) -> Decision:
        assert at == now + 1
        seen.extend(one.id for one in books.found.mine(Note))
        return Decision()

    await store.move(Move(person.id, "", look, (Mine(Note, "open"), One(Note, "d"))))
    assert seen == ["a", "b", "d"]


async def test_counters_have_no_gaps_whoever_takes_them(business: Business, stores: Stores) -> None:
    people = [await business.person(f"p{number}@example.org") for number in range(6)]
    taken: list[int] = []

    def take(books: Books, _: int) -> Decision:
        value = books.counters["things"] + 1
        taken.append(value)
        return Decision(counters={"things": value})

    def not_after_all(books: Books, _: int) -> Decision:
        raise NotPossible("this one changes his mind")

    async def once(person: Person, number: int) -> None:
        if number % 3 == 0:
            with pytest.raises(NotPossible):
                await business.store.move(
                    Move(person.id, f"take-{number}", not_after_all, counters=("things",))
                )
        await business.store.move(Move(person.id, f"take-{number}", take, counters=("things",)))

    await asyncio.gather(*(once(one, number) for one in people for number in range(8)))
    assert sorted(taken) == list(range(1, len(taken) + 1))


async def test_a_decision_that_would_overdraw_writes_nothing(
    business: Business, person: Person
) -> None:
    """The store itself keeps balances from going below zero, whatever a decision says."""
    from codeplan.billing.taking import moment_of
    from codeplan.ledger.postings import Posting
    from codeplan.store.base import StoreFailed

    def wrong(_: Books, now: int) -> Decision:
        entry = moment_of(person.id, "CNY", "purchase", "x", now).with_(
            Posting(f"cash/{person.id}", -1), Posting("sales/plans", 1)
        )
        return Decision(entries=(entry,))

    with pytest.raises(StoreFailed):
        await business.store.move(Move(person.id, "wrong", wrong))
    assert await business.wallet.entries(person.id, 10) == []
    await business.check()
