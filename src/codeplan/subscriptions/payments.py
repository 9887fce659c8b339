"""What a payment does to the books: money comes in, and what was ordered is had. Pure functions of
the books and the instant.

Amount, currency and provider are the order's. A payment is applied once; one that fits no open
order any more goes onto the balance, so that nothing is lost, and an operator is told of one that
does not fit its order."""

from dataclasses import replace

import msgspec
from msgspec import structs

from codeplan.billing.orders import (
    Alert,
    Order,
    OrderClosed,
    PackItem,
    PlanItem,
    Receipt,
    SavedMethod,
    SeatsItem,
    TopUpItem,
    alert,
    provider_id,
)
from codeplan.billing.packs import sell_pack
from codeplan.billing.taking import moment_of
from codeplan.billing.wallet import look_again_now
from codeplan.kit.money import MINOR, written
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance, Entry
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.payments.base import Payment
from codeplan.plan.lifecycle import NotPossible
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision
from codeplan.subscriptions.market import Market
from codeplan.subscriptions.purchases import SeatsInvalid, add_seats, stands, what_came
from codeplan.subscriptions.renewing import failed
from codeplan.subscriptions.sales import sell

# An order that was given up can still be had for so long, if its payment comes late.
_LATE = 24 * 60 * 60 * 1000


class WrongProvider(ValueError):
    """One provider's order cannot be paid by another's word."""


def paid(
    order: Order,
    provider: str,
    payment: Payment,
    market: Market,
    books: Books,
    now: int,
) -> Decision:
    """The payment of that order. The move must read the order, and the payment's `Receipt`.

    Raises WrongProvider, OrderClosed.
    """
    if provider != order.provider:
        raise WrongProvider(f"the order is {order.provider}'s")
    name = provider_id(provider, payment.payment_id)
    applied = books.found.one(Receipt, name)
    if applied is not None and applied.order_id != order.id:
        raise OrderClosed("that payment was for another order")
    if applied is not None:
        return Decision()
    documents: list[Document] = [
        Receipt(
            id=name,
            account_id=order.account_id,
            made_at=now,
            provider=provider,
            order_id=order.id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    ]
    moment = moment_of(order.account_id, payment.currency, "top_up", order.id, now)
    came = movements.top_up(moment, payment.amount_minor, provider)
    if payment.method:
        documents.append(_saved(order, provider, payment, now))
    closed = structs.replace(order, payment_id=order.payment_id or payment.payment_id, due_at=None)
    fits = (payment.amount_minor, payment.currency) == (order.amount_minor, order.currency)
    if not fits:
        documents.append(_alert(order, payment, now))
    had = None
    if fits and order.state in ("pending", "expired", "failed"):
        had = _had(order, market, books, payment, now)
    if had is None:
        return _credited(closed, payment, came, documents, books, now, fits)
    closed = structs.replace(
        closed,
        state=order.after("paid"),
        paid_at=now,
        **what_came(had),
    )
    return replace(
        had,
        answer=msgspec.json.encode(closed.state),
        entries=(came, *had.entries),
        documents=(*documents, *had.documents, closed),
    )


def declined(order: Order, why: str, market: Market, books: Books, now: int) -> Decision:
    """The provider refused, or nobody paid in time: nothing moved."""
    state = order.after("failed" if why else "expired")
    closed = structs.replace(order, state=state, due_at=None, why=why or "nobody paid in time")
    held = books.subscription
    if not (isinstance(order.item, PlanItem) and order.item.renews and held is not None):
        return Decision(documents=(closed,))
    if held.id != order.item.renews or held.state not in ("active", "past_due"):
        return Decision(documents=(closed,))
    after = failed(held, order.amount_minor, why or "the card was not charged in time", market, now)
    return replace(after, documents=(*after.documents, closed))


def _had(order: Order, market: Market, books: Books, payment: Payment, now: int) -> Decision | None:
    """What was ordered, paid from a balance in which the payment is; None where it cannot be had
    any more."""
    before = books.balance(order.currency)
    have = Balance(before.bonus, before.cash + payment.amount_minor * MINOR, before.held)
    if now > order.expires_at + _LATE:
        return None
    try:
        match order.item:
            case TopUpItem():
                return Decision(subscription=look_again_now(books, now))
            case PackItem() as item:
                return sell_pack(order.account_id, item, order.currency, order.lines,
                                 market.catalogue, market.settings, books, have, now)  # fmt: skip
            case SeatsItem() as item:
                return add_seats(order.account_id, item, order.lines, market, books, have, now)
            case PlanItem() as item:
                if stands(order, item, market, books, now):
                    ordered_at = order.made_at
                    return sell(order.account_id, item, market, books, have, now, ordered_at)
    except (movements.BalanceTooSmall, SeatsInvalid, NotPossible, KeyError):
        return None
    return None


def _credited(
    order: Order,
    payment: Payment,
    came: Entry,
    documents: list[Document],
    books: Books,
    now: int,
    fits: bool,
) -> Decision:
    amount = written(payment.amount_minor, payment.currency)
    why = (
        f"{amount} came, and what was ordered could not be had any more: it is on your balance"
        if fits
        else f"{amount} came for an order of {written(order.amount_minor, order.currency)}: it is"
        " on your balance"
    )
    if order.state in ("pending", "expired", "failed"):
        order = structs.replace(order, state=order.after("credited"), paid_at=now, why=why)
    letter = _CREDITED_LATE if fits else _CREDITED_OTHER
    letter = letter.with_values(amount=amount, wanted=written(order.amount_minor, order.currency))
    told = notice(order.account_id, "credited", letter, now)
    return Decision(
        answer=msgspec.json.encode(order.state),
        entries=(came,),
        subscription=look_again_now(books, now),
        documents=(*documents, order, told),
    )


def _saved(order: Order, provider: str, payment: Payment, now: int) -> SavedMethod:
    return SavedMethod(
        id=order.account_id,
        account_id=order.account_id,
        made_at=now,
        state="open",
        provider=provider,
        customer=payment.customer,
        method=payment.method,
        label=payment.label,
    )


def _alert(order: Order, payment: Payment, now: int) -> Alert:
    text = (
        f"payment {payment.payment_id}: {payment.amount_minor} {payment.currency} came for"
        f" {order.amount_minor} {order.currency}"
    )
    return alert(order.account_id, order.id, text, now)


_CREDITED_LATE = Said(
    N_("Your payment is on your balance"),
    N_("%(amount)s came, and what was ordered could not be had any more: it is on your balance.\n"),
)
_CREDITED_OTHER = Said(
    N_("Your payment is on your balance"),
    N_("%(amount)s came for an order of %(wanted)s: it is on your balance.\n"),
)
