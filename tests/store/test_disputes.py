"""What every store must do when a payment is in dispute: opened, won and lost, in any order, in
part, twice, of what was refunded, in another currency, and when the account is gone."""

from typing import Any

import pytest

from codeplan.billing.invoices import Invoice
from codeplan.ledger.postings import Balance
from codeplan.letters.notices import Notice
from codeplan.store.base import Store
from codeplan.subscriptions.refunds import NotRefundable
from codeplan.subscriptions.worth import InDispute
from store.test_business import CATALOGUE, SETTINGS
from store.test_reversals import credit_of, house, in_dispute, paid_plan, text_of_alerts
from support.business import Business, Person
from support.meters import HandClock


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock, CATALOGUE, SETTINGS).open()


@pytest.fixture
async def person(business: Business) -> Person:
    return await business.person()


async def test_a_dispute_is_opened_and_won(business: Business, person: Person) -> None:
    order = await paid_plan(person)
    before = await person.holds()
    for state in ("open", "open"):
        await business.till.reversed("bank", in_dispute(order, state, why="fraudulent"))
    held = await person.held()
    assert held is not None
    assert "in dispute" in held.restricted
    assert await house(business, "paid/bank") == 0
    assert await house(business, "disputed/bank") == -40_00
    with pytest.raises(InDispute):
        await business.shop.preview(person.wish("pro"))
    with pytest.raises(NotRefundable, match="in dispute"):
        await business.refunds.give(order.id, 1_00, "balance", False, "x", "refund-1")
    assert "a dispute was opened (fraudulent)" in await text_of_alerts(business)
    for state in ("won", "won", "open"):
        await business.till.reversed("bank", in_dispute(order, state))
    held = await person.held()
    assert held is not None
    assert held.restricted == ""
    assert await person.holds() == before
    assert await credit_of(person) == 40_00
    assert (await house(business, "paid/bank"), await house(business, "disputed/bank")) == (
        -40_00,
        0,
    )
    topics = [one.topic for one in await business.store.documents(Notice, person.id)]
    assert topics.count("dispute") == 2
    await business.check()


@pytest.mark.parametrize("first", ["created first", "closed first", "an inquiry first"])
async def test_a_dispute_is_lost(business: Business, person: Person, first: str) -> None:
    order = await paid_plan(person)
    words: dict[str, list[Any]] = {
        "created first": ["open", "lost", "open", "lost"],
        "closed first": ["lost", "open", "lost"],
        "an inquiry first": ["inquiry", "inquiry", "open", "lost"],
    }
    for state in words[first]:
        await business.till.reversed("bank", in_dispute(order, state))
    assert (await business.till.order(order.id)).state == "refunded"
    held = await person.held()
    assert held is not None
    assert (held.state, held.restricted) == ("expired", "")
    assert await person.have() == Balance(0, 0)
    for account in ("paid/bank", "disputed/bank", "owed/refunds", "sales/plans", "tax/VAT"):
        assert await house(business, account) == 0
    invoices = await business.store.documents(Invoice, person.id)
    assert sum(one.total_minor for one in invoices) == 0
    assert (await business.shop.preview(person.wish("pro"))).quote.credit_minor == 0
    await business.check()


async def test_an_inquiry_withdraws_nothing(business: Business, person: Person) -> None:
    order = await paid_plan(person)
    for state in ("inquiry", "closed"):
        await business.till.reversed("bank", in_dispute(order, state))
    held = await person.held()
    assert held is not None
    assert held.restricted == ""
    assert await house(business, "paid/bank") == -40_00
    assert "an inquiry was opened" in await text_of_alerts(business)
    await business.check()


async def test_a_dispute_about_a_part(business: Business, person: Person) -> None:
    order = await paid_plan(person)
    for state in ("open", "lost"):
        await business.till.reversed("bank", in_dispute(order, state, 10_00))
    held = await person.held()
    assert held is not None
    assert (held.state, held.restricted) == ("active", "")
    assert await credit_of(person) == 30_00
    await business.check()


async def test_a_dispute_of_what_was_paid_in(business: Business, person: Person) -> None:
    order = await person.pay(
        await business.till.order_top_up(person.id, 50_00, "CNY", "bank", business.key())
    )
    await person.buy("lite")
    await business.till.reversed("bank", in_dispute(order, "open"))
    assert await person.have() == Balance(0, 0)
    held = await person.held()
    assert held is not None
    assert held.restricted  # the balance lacks what had bought it
    assert await house(business, "owed/disputes") == 10_00
    await business.till.reversed("bank", in_dispute(order, "won"))
    assert await person.have() == Balance(0, 10_00)
    again = in_dispute(order, "open", dispute_id="dp_2")
    for one in (again, in_dispute(order, "lost", dispute_id="dp_2")):
        await business.till.reversed("bank", one)
    assert await person.have() == Balance(0, 0)
    assert (await person.holds())[1] == "expired"
    assert await house(business, "lost/payments") == -40_00
    await business.check()


async def test_a_dispute_of_a_payment_that_was_refunded(business: Business, person: Person) -> None:
    order = await paid_plan(person)
    await business.refunds.give(order.id, 40_00, "provider", True, "all of it", "refund-1")
    for state in ("open", "lost"):
        await business.till.reversed("bank", in_dispute(order, state))
    assert await person.have() == Balance(0, 0)
    assert (await business.till.order(order.id)).refunded_minor == 40_00
    assert await house(business, "lost/payments") == -40_00
    assert await house(business, "paid/bank") == 40_00
    assert "is lost" in await text_of_alerts(business)
    await business.check()


async def test_a_dispute_of_what_was_given_back_to_the_balance(
    business: Business, person: Person
) -> None:
    order = await paid_plan(person)
    await business.refunds.give(order.id, 40_00, "balance", True, "goodwill", "refund-1")
    await business.till.reversed("bank", in_dispute(order, "open"))
    assert await person.have() == Balance(0, 0)
    await business.till.reversed("bank", in_dispute(order, "lost"))
    assert await person.have() == Balance(0, 0)
    assert await house(business, "lost/payments") == 0
    await business.check()


async def test_a_dispute_that_is_won_when_the_account_is_gone(
    business: Business, person: Person, clock: HandClock
) -> None:
    order = await person.pay(
        await business.till.order_top_up(person.id, 50_00, "CNY", "bank", business.key())
    )
    await business.till.reversed("bank", in_dispute(order, "open"))
    await business.store.forget_person(person.id, [], f"{person.id}@removed.invalid", clock.now())
    await business.till.reversed("bank", in_dispute(order, "won"))
    assert await person.have() == Balance(0, 50_00)
    await business.check()


async def test_a_dispute_in_another_currency_is_about_the_whole_payment(
    business: Business, person: Person
) -> None:
    order = await paid_plan(person)
    for state in ("open", "lost"):
        await business.till.reversed("bank", in_dispute(order, state, 5_61, currency="USD"))
    assert (await business.till.order(order.id)).state == "refunded"
    assert "561 USD" in await text_of_alerts(business)
    await business.check()


async def test_two_disputes_restrict_until_both_are_over(
    business: Business, person: Person
) -> None:
    order = await paid_plan(person)
    parts = [in_dispute(order, "open", 20_00, dispute_id=f"dp_{n}") for n in (1, 2)]
    for one in parts:
        await business.till.reversed("bank", one)
    for number, still in ((1, True), (2, False)):
        await business.till.reversed("bank", in_dispute(order, "won", dispute_id=f"dp_{number}"))
        held = await person.held()
        assert held is not None
        assert bool(held.restricted) == still
    assert await credit_of(person) == 40_00
    await business.check()


async def test_an_operators_restriction_stays(business: Business, person: Person) -> None:
    order = await paid_plan(person)
    await business.shop.restrict(person.id, "shared", business.key())
    for state in ("open", "won"):
        await business.till.reversed("bank", in_dispute(order, state))
        held = await person.held()
        assert held is not None
        assert held.restricted == "shared"
