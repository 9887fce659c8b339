"""Random lives over the whole of money, against the real store, looked at from outside, by SQL
(life.py and reversed_life.py have the rules); and defects that they must see."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from msgspec import structs

from codeplan.billing.orders import Receipt
from codeplan.store.money import Decision, Term
from codeplan.subscriptions import disputes, giving_back, returns, reversals
from codeplan.subscriptions.till import Till
from codeplan.subscriptions.worth import Less, without
from properties.life import STARTS
from properties.reversed_life import ReversedLife

TestLife = ReversedLife.TestCase
TestLife.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "40")),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@contextmanager
def a_life(currency: str = "CNY") -> Iterator[ReversedLife]:
    life = ReversedLife()
    life.a_person_comes(STARTS[0], currency, "stripe")
    try:
        yield life
    finally:
        life.teardown()


def lives(life: ReversedLife) -> None:
    """Everything that a defect below spoils, step by step; all is looked at behind each."""
    refunds, key = life.business.refunds, life.business.key

    def step(rule: Callable[..., Any], *values: Any) -> None:
        rule(*values)
        for one in life.invariants:
            one.function(life)

    def pays() -> None:
        order = life.orders[-1]
        life.do(life.business.till.apply(life.bank.name, life.bank.pays(order)))

    def gives_back() -> None:
        order = life.do(life.business.till.order(life.orders[0].id))
        part = order.sold_minor // 2
        life.do(refunds.give(order.id, part, "provider", False, "a half", key()))

    step(life.orders_by_card, "lite", "year")
    step(pays)
    step(life.is_refunded_at_the_bank, 0, 25, 2)
    step(life.buys, "pro", "month")
    step(gives_back)
    step(life.lives_up, 0)
    step(life.buys, "max", "month")
    step(life.a_payment_is_disputed, 0, 10, False, "", False)
    step(life.a_dispute_ends, 0, "won", 3)
    step(life.old_words_come_again, [0, 1, 2, 3])
    step(life.words_about_others_come, "USD", 5_00, 1)
    step(life.a_payment_is_disputed, 0, 100, False, "lost", True)


@pytest.mark.parametrize("currency", ["CNY", "JPY", "KWD", "CLF", "UGX", "MGA"])
def test_a_life_without_a_defect(currency: str) -> None:
    with a_life(currency) as life:
        lives(life)


def worth_what_was_paid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Term, "kept_minor", property(lambda term: term.paid_minor))


def credit_outlives_its_term(patch: pytest.MonkeyPatch) -> None:
    def first_only(history: Any, term_id: str, amount_minor: int) -> Less:
        less = without(history, term_id, amount_minor)
        return Less({name: one for name, one in less.terms.items() if name == term_id}, 0)

    patch.setattr(giving_back, "without", first_only)


def a_word_counts_as_often_as_it_comes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(returns, "provider_id", lambda provider, refund_id: f"{provider}/{id(object())}")


def our_own_refund_is_taken_for_anothers(patch: pytest.MonkeyPatch) -> None:
    reads = reversals._reads

    def without_own(receipt: Receipt, told: Any) -> Any:
        return reads(receipt, structs.replace(told, own_id="") if hasattr(told, "own_id") else told)

    patch.setattr(reversals, "_reads", without_own)


def a_won_dispute_stays_open(patch: pytest.MonkeyPatch) -> None:
    won = disputes._won
    patch.setattr(disputes, "_won", lambda dispute, state, about: won(dispute, "open", about))


def every_word_is_about_ours(patch: pytest.MonkeyPatch) -> None:
    async def any_receipt(till: Till, provider: str, told: Any) -> Receipt:
        return (await till._store.documents(Receipt))[0]

    patch.setattr(Till, "_receipt", any_receipt)


def a_lost_dispute_takes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(disputes, "_lost", lambda dispute, about: Decision())


@pytest.mark.parametrize(
    "defect",
    [
        worth_what_was_paid, credit_outlives_its_term, a_word_counts_as_often_as_it_comes,
        our_own_refund_is_taken_for_anothers, a_won_dispute_stays_open, every_word_is_about_ours,
        a_lost_dispute_takes_nothing,
    ],
)  # fmt: skip
def test_a_defect_is_seen(
    defect: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_life() as life:
        defect(monkeypatch)
        with pytest.raises(AssertionError):
            lives(life)
