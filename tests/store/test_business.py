"""What every store must do when money's use cases meet: payments told twice at once, codes that two
people redeem, promotions that few may have, seats, test clocks."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from codeplan.billing.checking import Finding
from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Alert, Order, OrderClosed
from codeplan.billing.packs import Pack
from codeplan.billing.purse import Asked, CallHold, NoFunds
from codeplan.billing.settings import MoneySettings, Referral, Seller
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY, HOUR, add_months
from codeplan.ledger.postings import Balance
from codeplan.letters.notices import Notice
from codeplan.payments.base import Payment
from codeplan.plan.quote import NotForSale
from codeplan.plan.seats import for_seats
from codeplan.protocol.usage import Usage
from codeplan.store.base import AlreadyThere, Store
from codeplan.subscriptions.clockwork import ClockBackwards
from codeplan.subscriptions.code_problems import CodeInvalid, CodeUsedUp
from codeplan.subscriptions.codes import MoneyGift, PackGift, PlanGift
from codeplan.subscriptions.market import OnlyAtPeriodsEnd, Wish
from codeplan.subscriptions.payments import WrongProvider
from codeplan.subscriptions.purchases import SeatsInvalid
from codeplan.subscriptions.refunds import NotRefundable
from codeplan.subscriptions.teams import InvitationInvalid, NotAllowed, SeatsTaken
from codeplan.subscriptions.till import TooManyOrders
from support.business import Business, Person
from support.meters import HandClock

MORE = """
[[packs]]
id = "million"
name = "A million tokens"
tokens = 1_000_000
days = 30
prices = { CNY = "9.00" }

[[promotions]]
id = "few"
name = "For the first three"
from = 2020-01-01
to = 2030-12-31
zone = "UTC"
for = ["first"]
percent_off = 25
limit = 3
code = "FEW"

[[promotions]]
id = "friends"
name = "Brought by a friend"
from = 2020-01-01
to = 2030-12-31
zone = "UTC"
for = ["first"]
percent_off = 10
referred = true
"""
PRICES = 'prices = [{ currency = "CNY", input = "4.00", output = "16.00" }]\n'
TEXT = builtin_text().replace('id = "glm-4.6"\n', f'id = "glm-4.6"\n{PRICES}', 1) + MORE
CATALOGUE = build_catalogue(parse(TEXT, "test"))
SETTINGS = MoneySettings(
    seller=Seller(name="Seller", tax_name="VAT", tax_millionths=60_000),
    referral=Referral(credit_millionths=100_000),
)


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock, CATALOGUE, SETTINGS).open()


@pytest.fixture
async def person(business: Business) -> Person:
    return await business.person()


async def at_once(*work: object) -> Sequence[object]:
    return await asyncio.gather(*work, return_exceptions=True)  # type: ignore[call-overload, no-any-return]  # coroutines


async def test_a_payment_told_many_times_at_once_is_applied_once(
    business: Business, person: Person
) -> None:
    order = await person.order()
    payment = business.bank.pays(order)
    await at_once(*(business.till.apply("bank", payment) for _ in range(12)))
    assert (await business.till.order(order.id)).state == "paid"
    assert await person.have() == Balance(0, 0)
    assert (await person.holds())[0] == "lite"
    assert len(await business.wallet.entries(person.id, 50)) == 2
    await business.check()


async def test_a_second_payment_of_the_same_order_is_on_the_balance(
    business: Business, person: Person
) -> None:
    order = await person.order()
    await person.pay(order)
    again = business.bank.pays(order, number="another")
    assert (await business.till.apply("bank", again)).state == "paid"
    assert await person.have() == Balance(0, 40_00)


async def test_one_providers_word_does_not_pay_anothers_order(
    business: Business, person: Person
) -> None:
    order = await person.order()
    payment = Payment(order.id, "paid", "x", order.amount_minor, "CNY")
    with pytest.raises(WrongProvider):
        await business.till.apply("manual", payment)
    assert (await business.till.order(order.id)).state == "pending"


async def test_one_payment_is_not_confirmed_for_two_orders(
    business: Business, person: Person
) -> None:
    first, second = await person.order(), await person.order("pro")
    payment = business.bank.pays(first, number="T-1")
    await business.till.apply("bank", payment)
    with pytest.raises(OrderClosed):
        await business.till.apply("bank", business.bank.pays(second, number="T-1"))
    assert (await business.till.order(second.id)).state == "pending"


async def test_a_plan_that_was_given_is_not_replaced_by_a_smaller_one(
    business: Business, person: Person
) -> None:
    await business.shop.grant(person.id, "max", "month", "a-gift-1")
    with pytest.raises(OnlyAtPeriodsEnd):
        await business.shop.preview(person.wish("lite"))
    assert (await business.shop.preview(person.wish("max", "year"))).quote.kind == "upgrade"


async def test_what_was_given_is_no_first_purchase(
    business: Business, person: Person, clock: HandClock
) -> None:
    await business.shop.grant(person.id, "lite", "month", "a-gift-1")
    assert (await business.shop.preview(person.wish())).quote.kind == "first"
    await person.pay_in("40.00")
    await person.buy()
    assert (await business.shop.preview(person.wish())).quote.kind == "another"
    # Once it has ended, and something else was given, it is still not the first.
    clock.instant = (await person.holds())[2] + 9 * DAY
    await business.run()
    await business.run()
    await business.shop.grant(person.id, "lite", "month", "a-gift-2")
    assert (await business.shop.preview(person.wish())).quote.kind == "another"


async def test_a_little_money_does_not_use_up_the_schedule(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("40.00")
    await person.buy()
    clock.instant = end = (await person.holds())[2]
    await business.run()
    for _ in range(4):
        await person.pay_in("1.00")
        await business.run()
    held = await person.held()
    assert held is not None
    assert (held.state, held.due_at) == ("past_due", end + DAY)


async def test_an_upgrade_that_was_ordered_and_then_used_up_is_not_had_for_less(
    business: Business, person: Person, clock: HandClock
) -> None:
    """The credit that an order promises holds for the time that it may take to pay, and not for a
    period that is cancelled by something else meanwhile."""
    await person.pay_in("40.00")
    await person.buy()
    order = await person.order("pro")
    assert order.amount_minor == 160_00
    clock.instant += HOUR // 2
    paid = await person.pay(order)
    assert (paid.state, (await person.holds())[0]) == ("paid", "pro")
    second = await person.order("max")
    await person.pay_in("200.00")
    await person.buy("pro")
    credited = await person.pay(second)
    assert (credited.state, (await person.holds())[0]) == ("credited", "pro")
    assert (await person.have()).cash == second.amount_minor
    await business.check()


async def test_renewals_by_card_and_by_balance_and_card_together(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay(await person.order())
    clock.instant = (await person.holds())[2]
    await at_once(*(business.run() for _ in range(4)))
    assert (await person.holds())[1] == "active"
    await person.pay_in("3.50", "bonus")
    await person.pay_in("10.00")
    clock.instant = (await person.holds())[2]
    await at_once(*(business.run() for _ in range(4)))
    newest = (await business.store.documents(Order, person.id, limit=1))[0]
    assert (newest.amount_minor, newest.state) == (26_50, "paid")
    assert await person.have() == Balance(0, 0)
    await business.check()


async def test_a_card_that_is_declined_is_tried_by_the_schedule(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay(await person.order())
    end = (await person.holds())[2]
    business.bank.declines = True
    tries = []
    for _ in range(9):
        clock.instant = max(clock.instant, end) + (DAY // 2 if clock.instant >= end else 0)
        await business.run()
        orders = await business.store.documents(Order, person.id, "failed")
        tries.append(len(orders))
    assert tries == [1, 1, 2, 2, 3, 3, 3, 3, 3]
    assert await person.holds() == ("lite", "expired", end)
    # The mails say what happened.
    topics = [one.topic for one in await business.store.documents(Notice, person.id)]
    assert topics[::-1] == ["purchase", *["renewal_failed"] * 3, "ended"]
    await business.check()


async def test_a_promotion_that_few_may_have(business: Business) -> None:
    people = [await business.person(f"p{number}@example.org") for number in range(8)]
    for one in people:
        await one.pay_in("40.00")
    got = await at_once(
        *(business.shop.buy(one.wish(codes=("FEW",)), "one-key-each", None) for one in people)
    )
    assert sum(isinstance(one, CodeUsedUp) for one in got) == 5
    left = sorted([(await one.have()).cash for one in people])
    assert left == [10_00] * 3 + [40_00] * 5
    await business.check()


async def test_a_code_is_redeemed_once_whoever_is_first(business: Business) -> None:
    people = [await business.person(f"p{number}@example.org") for number in range(6)]
    codes = await business.codes.make(MoneyGift(5_00, "CNY"), 2, "batch", None, "make-them")
    assert await business.codes.make(MoneyGift(5_00, "CNY"), 2, "batch", None, "make-them") == []
    got = await at_once(*(business.codes.redeem(one.id, codes[0], "a-key-each") for one in people))
    assert sum(not isinstance(one, Exception) for one in got) == 1
    assert sum([(await one.have()).bonus for one in people]) == 5_00
    with pytest.raises(CodeInvalid):
        await business.codes.redeem(people[0].id, "XXXXX-XXXXX-XXXXX-XXXXX-XXXXX", "key-12345")
    # Lower case and spaces do not matter.
    await business.codes.redeem(people[0].id, f" {codes[1].lower()} ", "key-67890")
    await business.check()


async def test_codes_for_plans_and_packs(
    business: Business, person: Person, clock: HandClock
) -> None:
    month = await business.codes.make(PlanGift("lite", "month"), 2, "batch", None, "make-1")
    pack = (await business.codes.make(PackGift("million"), 1, "batch", None, "make-2"))[0]
    start = clock.now()
    await business.codes.redeem(person.id, month[0], "redeem-1")
    await business.codes.redeem(person.id, month[1], "redeem-2")
    assert await person.holds() == ("lite", "active", add_months(start, 2))
    await business.codes.redeem(person.id, pack, "redeem-3")
    clock.instant = add_months(start, 2)
    await business.run()
    # Given for nothing, it is not renewed by itself.
    assert (await person.holds())[1] == "expired"
    old = await business.codes.make(MoneyGift(1, "CNY"), 1, "b", clock.now() + DAY, "make-3")
    clock.instant += DAY
    with pytest.raises(CodeInvalid, match="expired"):
        await business.codes.redeem(person.id, old[0], "redeem-4")


async def test_referrals_are_given_after_their_day_and_not_after_a_refund(
    business: Business, person: Person, clock: HandClock
) -> None:
    code = await business.shop.referral_code(person.id)
    assert await business.shop.referral_code(person.id) == code
    assert await business.shop.referrer(code.lower()) == person.id
    orders = []
    for number in range(2):
        friend = await business.person(f"friend{number}@example.org")
        order = await friend.order(referral=person.id)
        assert order.amount_minor == 36_00
        orders.append(await friend.pay(order))
    await business.refunds.give(orders[1].id, 36_00, "balance", True, "a test", "refund-1")
    await business.run()
    assert await person.have() == Balance(0, 0)
    clock.instant += DAY
    await at_once(*(business.run() for _ in range(4)))
    assert await person.have() == Balance(3_60, 0)
    await business.check()


async def test_refunds_are_given_once_and_never_more_than_was_paid(
    business: Business, person: Person
) -> None:
    await person.pay_in("15.00", "bonus")
    await person.pay_in("25.00")
    await person.buy()
    order = (await business.store.documents(Order, person.id))[0]
    give = business.refunds.give
    await at_once(*(give(order.id, 10_00, "balance", False, "a", "refund-1") for _ in range(6)))
    assert await person.have() == Balance(0, 10_00)
    await at_once(*(give(order.id, 25_00, "balance", True, "b", f"more-{n}") for n in range(6)))
    # What was paid with bonus comes back as one.
    assert await person.have() == Balance(10_00, 25_00)
    assert (await person.holds())[1] == "expired"
    with pytest.raises(NotRefundable):
        await give(order.id, 5_01, "balance", False, "c", "refund-3")
    await give(order.id, 5_00, "balance", False, "d", "refund-4")
    assert (await business.till.order(order.id)).state == "refunded"
    invoices = await business.store.documents(Invoice, person.id)
    assert sum(one.total_minor for one in invoices) == 0
    assert sum(one.tax_minor for one in invoices) == 0
    await business.check()


async def test_tax_stands_on_invoices_and_in_the_ledger(business: Business, person: Person) -> None:
    await person.pay_in("40.00")
    await person.buy()
    invoice = (await business.store.documents(Invoice, person.id))[0]
    assert (invoice.total_minor, invoice.tax_minor, invoice.number) == (40_00, 2_26, "INV-000001")
    house = {name: amount for name, _, amount in await business.store.house_sums()}
    assert (house["tax/VAT"], house["sales/plans"]) == (2_26 * 10**6, 37_74 * 10**6)


async def test_calls_at_once_never_hold_more_than_there_is(
    business: Business, person: Person
) -> None:
    await person.pay_in("0.10")
    model = CATALOGUE.model("glm-4.6")
    assert model is not None
    asked = [Asked(f"req_{number}", person.id, "ck", model, 100, 100) for number in range(60)]
    got = await at_once(*(business.purse.hold(one) for one in asked))
    held = [one for one in got if isinstance(one, CallHold)]
    assert all(isinstance(one, NoFunds) for one in got if not isinstance(one, CallHold))
    # Each may cost 100 times 400 and 100 times 1600 millionths.
    assert len(held) == 10 * 10**6 // 200_000
    usage = Usage(input=100, output=10)
    await at_once(*(business.purse.settle(one, usage, None) for one in held for _ in range(2)))  # type: ignore[arg-type]  # no row is looked at
    have = (await business.wallet.balances(person.id))["CNY"]
    assert (have.total, have.held) == (10 * 10**6 - 50 * 56_000, 0)
    await business.check()


async def test_packs_at_once_soonest_expiry_first(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("18.00")
    shop = business.shop
    first = await shop.buy_pack(person.id, "million", "CNY", "pack-one")
    clock.instant += DAY
    second = await shop.buy_pack(person.id, "million", "CNY", "pack-two")
    model = CATALOGUE.model("glm-4.6")
    assert model is not None
    calls = [Asked(f"req_{number}", person.id, "ck", model, 90_000, 10_000) for number in range(25)]
    got = await at_once(*(business.purse.hold(one) for one in calls))
    held = [one for one in got if isinstance(one, CallHold)]
    assert len(held) == 20
    assert sum(part.tokens for one in held for part in one.portions) == 2_000_000
    by_pack = [part.pack_id for one in held for part in one.portions]
    assert by_pack.count(first.id) == by_pack.count(second.id) == 10
    await at_once(*(business.purse.release(one, "x", None) for one in held))
    clock.instant = first.expires_at
    await business.run()
    states = {one.id: (one.state, one.left) for one in await business.store.documents(Pack)}
    assert states == {first.id: ("expired", 10**6), second.id: ("open", 10**6)}
    with pytest.raises(NotForSale):
        shop.pack_lines("million", "USD")


async def test_an_organisation_and_its_seats(
    business: Business, person: Person, clock: HandClock
) -> None:
    teams, owner = business.teams, person.account
    team = await teams.found(owner, "bills@example.org", "Works", clock.now())
    with pytest.raises(AlreadyThere):
        await teams.found(owner, "bills@example.org", "Works again", clock.now())
    await business.wallet.add(team.id, "top_up", "200.00", "CNY", "a test", "pay-in-1")
    with pytest.raises(SeatsInvalid):
        await business.shop.preview(Wish(team.id, "lite", "month", "CNY", seats=1))
    made = await business.shop.buy(
        Wish(team.id, "lite", "month", "CNY", seats=2), "buy-seats", 80_00
    )
    assert made.due_minor == 80_00
    # The owner has one seat; the other is offered, and no third.
    token = await teams.invite(team.id, owner.id, "b@example.org", "member", "invite-1")
    with pytest.raises(SeatsTaken):
        await teams.invite(team.id, owner.id, "c@example.org", "member", "invite-2")
    friend = await business.person("b@example.org")
    with pytest.raises(NotAllowed):
        await teams.invite(team.id, friend.id, "d@example.org", "member", "invite-3")
    got = await at_once(*(teams.join(friend.account, token) for _ in range(4)))
    joined = [one for one in got if not isinstance(one, Exception)]
    assert len(joined) == 1
    assert all(isinstance(one, InvitationInvalid) for one in got if isinstance(one, Exception))
    _, key = joined[0]  # type: ignore[misc]  # a team and a key
    holder = await business.accounts.holder_of(key)
    assert holder is not None
    assert holder.account.id == friend.id
    held = await business.subscriptions.held_by(holder)
    assert held is not None
    assert (held.plan.windows[0].scope, held.plan.concurrency) == ("member", 10)
    await teams.cap(team.id, owner.id, friend.id, 7)
    capped = await business.subscriptions.held_by(holder)
    assert capped is not None
    assert [rule.limit for rule in capped.plan.windows] == [120, 7]
    # A third seat in the middle of the period costs the rest of it.
    start = clock.now()
    month = add_months(start, 1) - start
    clock.instant += month // 2
    _, lines, _ = await business.shop.seats(team.id, 1)
    assert sum(line.amount_minor for line in lines) == 20_00
    await business.shop.buy_seats(team.id, 1, "a-third-seat", 20_00)
    await teams.invite(team.id, owner.id, "c@example.org", "admin", "invite-4")
    # All three are renewed.
    clock.instant = add_months(start, 1)
    await business.wallet.add(team.id, "top_up", "20.00", "CNY", "a test", "pay-in-2")
    await business.run()
    renewed = await business.store.current_subscription(team.id)
    assert renewed is not None
    assert (renewed.seats, renewed.ends_at) == (3, add_months(start, 2))
    # Whoever leaves frees the seat, and his key ends.
    await teams.leave(team.id, friend.id, friend.id)
    assert await business.accounts.holder_of(key) is None
    assert await teams.teams_of(friend.id) == []
    await teams.invite(team.id, owner.id, "e@example.org", "member", "invite-5")
    await business.check()


async def test_a_test_clock_lives_through_a_year_of_one_account_alone(
    business: Business, person: Person, clock: HandClock
) -> None:
    other = await business.person("other@example.org")
    for one in (person, other):
        await one.pay(await one.order())
    start = clock.now()
    done = await business.clockwork.advance(person.id, add_months(start, 12) + HOUR)
    assert done >= 24  # each month a letter ahead of the renewal, and the renewal
    assert await person.holds() == ("lite", "active", add_months(start, 13))
    assert await other.holds() == ("lite", "active", add_months(start, 1))
    sold = await business.store.documents(Order, person.id, "paid")
    assert len(sold) == 13
    with pytest.raises(ClockBackwards):
        await business.clockwork.advance(person.id, start)
    await business.check()


async def test_the_check_finds_what_is_wrong(business: Business, person: Person) -> None:
    order = await person.order()
    business.bank.pays(order)
    assert await business.findings() == [
        Finding(f"bank/pay_{order.id}", "4000 CNY came and was not applied")
    ]
    await business.till.apply("bank", business.bank.paid[order.id])
    assert await business.findings() == []
    business.bank.paid[order.id] = msgspec.structs.replace(
        business.bank.paid[order.id], amount_minor=1
    )
    assert len(await business.findings()) == 1
    assert len(await business.store.documents(Alert, state="open")) == 2


async def test_a_leap_day_keeps_its_day(
    business: Business, person: Person, clock: HandClock
) -> None:
    clock.instant = round(datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp() * 1000)
    await person.pay_in("3000.00")
    await person.buy("lite", "year")
    days = []
    for _ in range(5):
        clock.instant = (await person.holds())[2]
        days.append(datetime.fromtimestamp(clock.instant / 1000, UTC).strftime("%Y-%m-%d"))
        await business.run()
    assert days == ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29", "2033-02-28"]


async def test_a_months_tokens_are_billed_once_it_is_over(
    business: Business, person: Person, clock: HandClock
) -> None:
    clock.instant = round(datetime(2026, 11, 30, 23, 50, tzinfo=UTC).timestamp() * 1000)
    await person.pay_in("10.00")
    model = CATALOGUE.model("glm-4.6")
    assert model is not None
    usage = Usage(input=10_001, output=1_000)
    for number in range(3):
        asked = Asked(f"req_{number}", person.id, "ck", model, 20_000, 2_000)
        held = await business.purse.hold(asked)
        clock.instant += 4 * 60_000
        await business.purse.settle(held, usage, None)  # type: ignore[arg-type]  # no row is looked at
    await business.run()
    # Two ended in November; the third in December, whose bill is not due.
    (bill,) = await business.store.documents(Invoice, person.id)
    assert bill.lines[0].name == "Tokens of 2026-11"
    assert bill.total_minor == 2 * (10_001 * 400 + 1_000 * 1600) // 10**6
    house = {name: amount for name, _, amount in await business.store.house_sums()}
    assert house["tax/VAT"] == bill.tax_minor * 10**6
    clock.instant += 40 * DAY
    await business.run()
    assert len(await business.store.documents(Invoice, person.id)) == 2
    await business.check()


async def test_only_so_many_orders_wait(business: Business, person: Person) -> None:
    for _ in range(20):
        await person.order()
    with pytest.raises(TooManyOrders):
        await person.order()


async def test_what_is_old_is_forgotten(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("10.00")
    model = CATALOGUE.model("glm-4.6")
    assert model is not None
    for number in range(2):
        held = await business.purse.hold(Asked(f"req_{number}", person.id, "ck", model, 10, 10))
        await business.purse.release(held, "x", None)
        clock.instant += DAY
    await business.store.forget_documents(CallHold, "released", clock.now() - DAY)
    assert [one.id for one in await business.store.documents(CallHold)] == ["req_1"]
    await business.check()


def test_seats_have_windows_of_their_own_or_share_larger_ones() -> None:
    plan = CATALOGUE.plans["lite"]
    own, shared = for_seats(plan, 3, pooled=False), for_seats(plan, 3, pooled=True)
    assert [(one.scope, one.limit) for one in own.windows] == [("member", 120)]
    assert [(one.scope, one.limit) for one in shared.windows] == [("plan", 360)]
    assert own.concurrency == shared.concurrency == 15


async def test_the_books_are_checked_once_a_day_whoever_asks(
    business: Business, person: Person, clock: HandClock
) -> None:
    await business.checker.check_daily()
    order = await person.order()
    business.bank.pays(order)
    await at_once(*(business.checker.check_daily() for _ in range(3)))
    assert await business.store.documents(Alert) == []
    clock.instant += DAY
    await at_once(*(business.checker.check_daily() for _ in range(3)))
    assert len(await business.store.documents(Alert)) == 1
