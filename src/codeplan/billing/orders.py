"""Orders: what somebody wants to buy, at which price, and by which provider it is paid.

Amount, currency and provider are bound to the order when it is made; nothing changes them.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from codeplan.payments.base import Ask, Checkout
from codeplan.plan.periods import Period
from codeplan.plan.quote import Line, Quote
from codeplan.store.documents import Document

OrderState = Literal["pending", "paid", "credited", "failed", "expired", "refunded"]
OrderEvent = Literal["paid", "credited", "failed", "expired", "refunded"]

# The provider of what is paid from the balance.
BALANCE = "balance"

# ``credited``: the money came, but what was ordered could not be had any more, so it went onto the
# balance. Money may come for an order that had been given up.
TRANSITIONS: Mapping[tuple[OrderState, OrderEvent], OrderState] = {
    ("pending", "paid"): "paid",
    ("pending", "credited"): "credited",
    ("pending", "failed"): "failed",
    ("pending", "expired"): "expired",
    ("expired", "paid"): "paid",
    ("expired", "credited"): "credited",
    ("failed", "paid"): "paid",
    ("failed", "credited"): "credited",
    ("paid", "refunded"): "refunded",
}


class PlanItem(msgspec.Struct, frozen=True, tag="plan"):
    """A plan for a period. ``seats``: an organisation's. ``renews``: the subscription that it
    renews; "" where somebody bought it."""

    plan_id: str
    period: Period
    quote: Quote
    codes: tuple[str, ...] = ()
    seats: int = 0
    pooled: bool = False
    renews: str = ""
    referral: str = ""
    # The subscription and its end on which the price rests.
    rests_on: str = ""


class SeatsItem(msgspec.Struct, frozen=True, tag="seats"):
    """More seats until the running period's end."""

    number: int
    rests_on: str


class PackItem(msgspec.Struct, frozen=True, tag="pack"):
    """A resource pack."""

    pack_id: str


class TopUpItem(msgspec.Struct, frozen=True, tag="top_up"):
    """Money for the balance."""


Item = PlanItem | SeatsItem | PackItem | TopUpItem


class Order(Document, frozen=True, kw_only=True):
    """``amount_minor``: what the provider is to bring. ``lines``: what it is for. ``checkout``: how
    it is to be paid, once the provider has said. ``reference``: the provider's own name of it;
    ``payment_id``: of the payment that came. ``expires_at``: until when it can be paid at this
    price. ``refunded_minor``: what was given back. ``why``: what came of it, for people.
    ``from_bonus_minor``: what of the sale was paid with bonus."""

    item: Item
    currency: str
    amount_minor: int
    lines: tuple[Line, ...]
    provider: str
    expires_at: int
    checkout: Checkout | None = None
    reference: str = ""
    payment_id: str = ""
    paid_at: int | None = None
    invoice_id: str = ""
    term_id: str = ""
    refunded_minor: int = 0
    from_bonus_minor: int = 0
    sold_minor: int = 0
    why: str = ""
    polls: int = 0

    @property
    def title(self) -> str:
        return self.lines[0].name if self.lines else "Balance"

    def after(self, event: OrderEvent) -> OrderState:
        """The state that follows. Raises OrderClosed."""
        following = TRANSITIONS.get((self.state, event))  # type: ignore[arg-type]  # a state
        if following is None:
            raise OrderClosed(f"the order is {self.state}; it cannot be {event}")
        return following

    def ask(self, notify_url: str, return_url: str, method: str = "", customer: str = "") -> Ask:
        """As its provider is asked for the money."""
        return Ask(
            order_id=self.id,
            title=self.title,
            amount_minor=self.amount_minor,
            currency=self.currency,
            expires_at=self.expires_at,
            notify_url=notify_url,
            return_url=return_url,
            method=method,
            customer=customer,
        )


class OrderClosed(ValueError):
    """It was paid, given up or refunded before."""


class Receipt(Document, frozen=True, kw_only=True):
    """A payment that a provider reported, applied once. Its id is the provider's name and its id of
    the payment."""

    provider: str
    order_id: str
    amount_minor: int
    currency: str


class SavedMethod(Document, frozen=True, kw_only=True):
    """A card on file: whom the provider knows, by what it charges him, and what he is shown. Its id
    is the account's."""

    provider: str
    customer: str
    method: str
    label: str


class Refund(Document, frozen=True, kw_only=True):
    """Money that an operator gives back by the provider through which it came. ``state``: owed, or
    paid."""

    order_id: str
    provider: str
    reference: str
    amount_minor: int
    currency: str
    reason: str


class Alert(Document, frozen=True, kw_only=True):
    """What an operator has to look at: a payment that fits no order, a ledger that contradicts
    itself. ``state``: open, or closed."""

    about: str
    text: str
