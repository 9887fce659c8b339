"""What every store must do when money goes back: refunds in part and in whole before and behind an
upgrade, refunds made at the provider, disputes with each of their ends, told twice and in any
order, and about other programs' payments."""

from typing import Any

import pytest

from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Alert, Dispute, Order, Receipt, Refund
from codeplan.billing.packs import Pack
from codeplan.billing.settings import MoneySettings, Seller
from codeplan.config.build import build_catalogue
from codeplan.config.load import parse
from codeplan.kit.instants import DAY, add_months
from codeplan.kit.money import MINOR
from codeplan.ledger.postings import Balance
from codeplan.payments.base import Disputed, Refunded
from codeplan.store.base import Store
from codeplan.store.money import Term
from codeplan.subscriptions.refunds import NotRefundable
from store.test_business import CATALOGUE, SETTINGS, TEXT
from support.business import Business, Person
from support.meters import HandClock


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock, CATALOGUE, SETTINGS).open()


@pytest.fixture
async def person(business: Business) -> Person:
    return await business.person()


def back(order: Order, name: str, amount: int, **more: Any) -> Refunded:
    """A refund that somebody made at the bank."""
    given: dict[str, Any] = {
        "payment_id": f"pay_{order.id}", "refund_id": name, "amount_minor": amount,
        "currency": "CNY", **more,
    }  # fmt: skip
    return Refunded(**given)


def in_dispute(order: Order, state: Any, amount: int | None = None, **more: Any) -> Disputed:
    given: dict[str, Any] = {
        "dispute_id": "dp_1", "payment_id": f"pay_{order.id}", "currency": "CNY", "state": state,
        "amount_minor": order.amount_minor if amount is None else amount, **more,
    }  # fmt: skip
    return Disputed(**given)


async def paid_plan(person: Person, plan: str = "lite", period: str = "month") -> Order:
    return await person.pay(await person.order(plan, period))


async def credit_of(person: Person, plan: str = "pro", period: str = "month") -> int:
    quote = (await person.business.shop.preview(person.wish(plan, period))).quote
    return quote.credit_minor


async def house(business: Business, name: str) -> int:
    """What stands on one of the house's accounts, in minor units."""
    sums = {account: amount for account, _, amount in await business.store.house_sums()}
    return sums.get(name, 0) // MINOR


async def text_of_alerts(business: Business) -> str:
    return "\n".join(one.text for one in await business.store.documents(Alert))


async def test_what_was_given_back_is_not_credited_at_an_upgrade(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("480.00")
    await person.buy("lite", "year")
    assert await credit_of(person) == 480_00
    order = (await business.store.documents(Order, person.id))[0]
    give = business.refunds.give
    await give(order.id, 479_99, "balance", False, "goodwill", "refund-1")
    assert await credit_of(person) == 1
    clock.instant += 1
    assert await credit_of(person) == 0  # less than a minor unit is none
    await give(order.id, 1, "balance", False, "goodwill", "refund-2")
    assert await credit_of(person) == 0
    assert await person.buy("pro", "month") == 200_00
    assert await person.have() == Balance(0, 280_00)
    await business.check()


async def test_a_part_that_was_given_back_leaves_the_rest_in_proportion(
    business: Business, person: Person, clock: HandClock
) -> None:
    await person.pay_in("480.00")
    await person.buy("lite", "year")
    order = (await business.store.documents(Order, person.id))[0]
    await business.refunds.give(order.id, 180_00, "balance", False, "goodwill", "refund-1")
    held = await person.held()
    assert held is not None
    clock.instant += (held.ends_at - held.started_at) // 2
    assert await credit_of(person) in (150_00, 149_99)


async def test_what_a_credit_had_bought_goes_with_it(
    business: Business, person: Person, clock: HandClock
) -> None:
    """The refund comes behind the upgrade, and all is as if it had come before."""
    first = await paid_plan(person, "lite", "year")
    quote = (await business.shop.preview(person.wish("pro", "month"))).quote
    assert (quote.due_minor, quote.carried_minor) == (0, 280_00)
    await person.buy("pro", "month")
    assert await person.have() == Balance(280_00, 0)
    # A half of it: what had gone to the balance goes first.
    await business.refunds.give(first.id, 240_00, "provider", False, "a half", "refund-1")
    assert await person.have() == Balance(40_00, 0)
    assert await credit_of(person, "max", "month") == 200_00
    await business.refunds.give(first.id, 240_00, "provider", False, "the rest", "refund-2")
    assert await person.have() == Balance(0, 0)
    assert await credit_of(person, "max", "month") == 0
    await business.check()


async def test_an_upgrade_that_was_ordered_before_a_refund_is_not_had_at_its_price(
    business: Business, person: Person
) -> None:
    first = await paid_plan(person)
    upgrade = await person.order("pro")
    assert upgrade.amount_minor == 160_00
    await business.refunds.give(first.id, 40_00, "balance", False, "goodwill", "refund-1")
    assert (await person.pay(upgrade)).state == "credited"
    assert await person.have() == Balance(0, 200_00)
    assert (await person.holds())[0] == "lite"
    await business.check()


@pytest.mark.parametrize("told", ["by name", "by sum", "both", "both, the sum first"])
async def test_a_refund_made_at_the_provider(business: Business, person: Person, told: str) -> None:
    order = await paid_plan(person)
    parts = {
        "by name": [back(order, "re_1", 10_00)],
        "by sum": [back(order, "", 0, total_minor=10_00)],
        "both": [back(order, "re_1", 10_00), back(order, "", 0, total_minor=10_00)],
    }
    parts["both, the sum first"] = parts["both"][::-1]
    for one in parts[told] * 2:
        await business.till.reversed("bank", one)
    order = await business.till.order(order.id)
    assert (order.state, order.refunded_minor) == ("paid", 10_00)
    assert await credit_of(person) == 30_00
    notes = [one for one in await business.store.documents(Invoice, person.id) if one.credits]
    assert [one.total_minor for one in notes] == [-10_00]
    assert await house(business, "paid/bank") == -30_00
    assert await person.have() == Balance(0, 0)
    # The rest as well: nothing is left, and the plan is over.
    await business.till.reversed("bank", back(order, "re_2", 30_00))
    await business.till.reversed("bank", back(order, "", 0, total_minor=40_00))
    assert (await business.till.order(order.id)).state == "refunded"
    assert (await person.holds())[1] == "expired"
    assert await house(business, "paid/bank") == 0
    with pytest.raises(NotRefundable):
        await business.refunds.give(order.id, 1, "balance", False, "more", "refund-1")
    await business.check()


async def test_the_word_of_a_refund_of_ours_is_not_another(
    business: Business, person: Person
) -> None:
    order = await paid_plan(person)
    business.bank.away = True
    await business.refunds.give(order.id, 15_00, "provider", False, "a part", "refund-1")
    (owed,) = await business.store.documents(Refund, person.id)
    # The bank did it, told of it, and its answer never came.
    word = back(order, "re_1", 15_00, own_id=owed.id)
    for one in (word, back(order, "", 0, total_minor=15_00), word):
        await business.till.reversed("bank", one)
    business.bank.away = False
    await business.run()
    assert (await business.till.order(order.id)).refunded_minor == 15_00
    assert (await house(business, "paid/bank"), await house(business, "owed/refunds")) == (
        -25_00,
        0,
    )
    await business.check()


async def test_a_sum_that_has_ours_in_it(business: Business, person: Person) -> None:
    order = await paid_plan(person)
    await business.refunds.give(order.id, 15_00, "provider", False, "a part", "refund-1")
    await business.till.reversed("bank", back(order, "", 0, total_minor=15_00))
    assert (await business.till.order(order.id)).refunded_minor == 15_00
    await business.till.reversed("bank", back(order, "", 0, total_minor=25_00))
    assert (await business.till.order(order.id)).refunded_minor == 25_00
    assert await house(business, "paid/bank") == -15_00
    await business.check()


@pytest.mark.parametrize("whose", ["ours", "the dashboard's"])
async def test_a_refund_that_fails_later_is_on_the_balance(
    business: Business, person: Person, whose: str
) -> None:
    order = await paid_plan(person)
    if whose == "ours":
        await business.refunds.give(order.id, 15_00, "provider", False, "a part", "refund-1")
    own = (await business.store.documents(Refund, person.id))[0].id if whose == "ours" else ""
    made = back(order, "re_1", 15_00, own_id=own)
    for state in ("made", "failed", "made", "failed"):
        word = back(order, "re_1", 15_00, own_id=own, state=state)
        await business.till.reversed("bank", word)
        await business.till.reversed("bank", back(order, "", 0, total_minor=15_00))
    assert await business.till.reversed("bank", made) in (True, False)
    assert await person.have() == Balance(0, 15_00)
    assert await house(business, "paid/bank") == -40_00
    assert await credit_of(person) == 25_00
    assert "did not arrive" in await text_of_alerts(business)
    await business.check()


async def test_a_refund_that_failed_before_we_heard_of_it_gave_nothing_back(
    business: Business, person: Person
) -> None:
    order = await paid_plan(person)
    failed = back(order, "re_1", 15_00, state="failed")
    assert await business.till.reversed("bank", failed)
    assert await person.have() == Balance(0, 0)
    assert "did not arrive" not in await text_of_alerts(business)
    # And what is known already changes nothing.
    assert not await business.till.reversed("bank", failed)
    await business.check()


async def test_a_refund_of_what_was_paid_in(business: Business, person: Person) -> None:
    order = await person.pay(
        await business.till.order_top_up(person.id, 50_00, "CNY", "bank", business.key())
    )
    await business.till.reversed("bank", back(order, "re_1", 20_00))
    assert await person.have() == Balance(0, 30_00)
    # What it bought meanwhile is not paid any more.
    await person.pay_in("10.00")
    await person.buy("lite")
    await business.till.reversed("bank", back(order, "re_2", 30_00))
    assert await person.have() == Balance(0, 0)
    assert await house(business, "lost/payments") == -30_00
    assert await credit_of(person) == 10_00
    assert "30.00 of it is lost" in await text_of_alerts(business)
    await business.check()


async def test_a_term_that_is_taken_back_gives_way_to_those_behind_it(
    business: Business, person: Person, clock: HandClock
) -> None:
    first, second = await paid_plan(person), await paid_plan(person)
    clock.instant += 10 * DAY
    await business.till.reversed("bank", in_dispute(first, "lost"))
    assert await person.holds() == ("lite", "active", add_months(clock.now(), 1))
    assert await credit_of(person) == 40_00
    # One that has not begun never was.
    third = await paid_plan(person)
    await business.till.reversed("bank", back(third, "re_1", 40_00))
    assert await person.holds() == ("lite", "active", add_months(clock.now(), 1))
    await business.till.reversed("bank", back(second, "re_2", 40_00))
    assert (await person.holds())[1] == "expired"
    await business.check()


async def test_a_pack_waits_and_goes_with_its_payment(business: Business, person: Person) -> None:
    order = await person.pay(
        await business.till.order_pack(person.id, "million", "CNY", "bank", business.key())
    )

    async def pack() -> tuple[str, int]:
        (one,) = await business.store.documents(Pack, person.id)
        return one.state, one.left

    await business.till.reversed("bank", in_dispute(order, "open"))
    assert await pack() == ("disputed", 1_000_000)
    await business.till.reversed("bank", in_dispute(order, "won"))
    assert await pack() == ("open", 1_000_000)
    await business.till.reversed("bank", back(order, "re_1", 3_00))
    assert await pack() == ("open", 666_666)
    for state in ("open", "lost"):
        again = in_dispute(order, state, 6_00, dispute_id="dp_2")
        await business.till.reversed("bank", again)
    assert await pack() == ("taken back", 0)
    await business.check()


async def test_a_refund_that_is_told_before_its_payment(business: Business, person: Person) -> None:
    order = await person.order()
    business.bank.pays(order)
    await business.till.reversed("bank", back(order, "re_1", 15_00))
    order = await business.till.order(order.id)
    assert (order.state, order.refunded_minor) == ("paid", 15_00)
    await business.check()


async def test_other_programs_payments_are_none_of_ours(business: Business, person: Person) -> None:
    foreign = Refunded(payment_id="pi_of_another", refund_id="re_9", amount_minor=5_00)
    assert not await business.till.reversed("bank", foreign)
    dispute = Disputed("dp_9", "pi_of_another", 5_00, "CNY", "lost")
    assert not await business.till.reversed("bank", dispute)
    assert await business.store.documents(Alert) == []
    assert await business.store.documents(Dispute) == []
    assert await business.store.documents(Receipt) == []
    await business.check()


async def test_a_dashboard_refund_while_ours_is_owed(business: Business, person: Person) -> None:
    """All of it went back at the bank: what we still owed of it need not be paid."""
    order = await paid_plan(person)
    business.bank.away = True
    await business.refunds.give(order.id, 15_00, "provider", False, "a part", "refund-1")
    await business.till.reversed("bank", back(order, "re_1", 40_00))
    business.bank.away = False
    await business.run()
    assert business.bank.refunded == {}
    assert (await business.till.order(order.id)).state == "refunded"
    assert (await house(business, "paid/bank"), await house(business, "owed/refunds")) == (0, 0)
    await business.check()


async def test_the_check_sees_a_credit_for_what_was_given_back(
    business: Business,
    person: Person,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It reckons by orders and credit notes, whatever the terms say."""
    await person.pay_in("480.00")
    await person.buy("lite", "year")
    order = (await business.store.documents(Order, person.id))[0]
    await business.refunds.give(order.id, 479_99, "balance", False, "goodwill", "refund-1")
    monkeypatch.setattr(Term, "kept_minor", property(lambda term: term.paid_minor))
    clock.instant += 1
    await person.buy("pro", "month")
    (finding,) = await business.findings()
    assert finding.text == "CNY: 47999 were credited, 0 had been kept"


async def test_the_check_follows_what_a_credit_had_bought(
    business: Business,
    person: Person,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = await paid_plan(person, "lite", "year")
    await person.buy("pro", "month")
    clock.instant += 1
    await business.refunds.give(first.id, 480_00, "provider", False, "all of it", "refund-1")
    monkeypatch.setattr(Term, "kept_minor", property(lambda term: term.paid_minor))
    clock.instant += 1
    await person.pay_in("1000.00")
    await person.buy("max", "month")
    (finding,) = await business.findings()
    assert finding.text == "CNY: 19999 were credited, 0 had been kept"


async def test_what_nobody_told_of_is_caught_up(business: Business, person: Person) -> None:
    order, foreign = await paid_plan(person), "pi_of_another"
    business.bank.lists = True
    business.bank.gives_back(f"pay_{order.id}", 10_00)
    dispute = business.bank.disputes_payment(f"pay_{order.id}", 30_00, "open")
    assert dispute is not None
    business.bank.dispute_becomes(dispute.dispute_id, "lost")
    business.bank.refunds["re_2"] = Refunded(foreign, refund_id="re_2", amount_minor=3_00)
    assert await business.findings() == []
    assert (await business.till.order(order.id)).state == "refunded"


async def test_the_taxes_of_credit_notes_sum_to_the_sales(store: Store, clock: HandClock) -> None:
    """6.66 with 19 % in it, given back in three parts by different hands."""
    seller = Seller(name="Seller", tax_name="VAT", tax_millionths=190_000)
    text = TEXT.replace('prices.CNY = { month = "40.00"', 'prices.CNY = { month = "6.66"')
    settings = MoneySettings(seller=seller)
    catalogue = build_catalogue(parse(text, "test"))
    business = await Business(store, clock, catalogue, settings).open()
    person = await business.person()
    order = await paid_plan(person)
    await business.refunds.give(order.id, 2_22, "balance", False, "a third", "refund-1")
    await business.till.reversed("bank", back(order, "re_1", 2_22))
    await business.till.reversed("bank", in_dispute(order, "lost", 2_22))
    notes = [one for one in await business.store.documents(Invoice, person.id) if one.credits]
    assert [-one.tax_minor for one in notes][::-1] == [35, 36, 35]
    assert await house(business, "tax/VAT") == 0
    await business.check()
