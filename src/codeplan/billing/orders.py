"""Orders: what somebody wants to buy, at which price, and by which provider it is paid.

Amount, currency and provider are bound to the order when it is made; nothing changes them.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from codeplan.kit.ids import new_id
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
    price. ``refunded_minor``: what was given or taken back of the sale. ``why``: what came of it,
    for people. ``from_bonus_minor``: what of the sale was paid with bonus. ``term_id``,
    ``pack_id``: what was had for it; ``term_began_at``, ``term_ends_at``: from when until when, as
    it was sold."""

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
    term_began_at: int = 0
    term_ends_at: int = 0
    pack_id: str = ""
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


def provider_id(provider: str, name: str) -> str:
    """The id of a record of ours about the payment, refund or dispute that the provider calls by
    that name."""
    return f"{provider}/{name}"


class Receipt(Document, frozen=True, kw_only=True):
    """A payment that a provider reported, applied once. Its id is the provider's name and its id of
    the payment.

    What went back of it: ``own_minor`` by refunds of ours; ``named_minor`` by others that the
    provider named one by one, and ``told_minor`` by all, where it told their sum; ``failed_minor``
    of these failed. ``taken_minor``: what of others' has been booked. ``disputed_minor`` is in
    dispute now, ``lost_minor`` was lost so."""

    provider: str
    order_id: str
    amount_minor: int
    currency: str
    own_minor: int = 0
    named_minor: int = 0
    told_minor: int = 0
    failed_minor: int = 0
    taken_minor: int = 0
    disputed_minor: int = 0
    lost_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What of the payment is still here, and can be taken back."""
        gone = self.own_minor + self.taken_minor + self.lost_minor + self.disputed_minor
        return max(0, self.amount_minor - gone)


class SavedMethod(Document, frozen=True, kw_only=True):
    """A card on file: whom the provider knows, by what it charges him, and what he is shown. Its id
    is the account's."""

    provider: str
    customer: str
    method: str
    label: str


class Refund(Document, frozen=True, kw_only=True):
    """Money that goes back by the provider through which it came. An operator's has an id of ours;
    one that was made at the provider has the provider's name and its id. ``reference``: the
    payment's id there. ``state``: owed; paid; failed, so that it is on the balance; or void, since
    the money went back in another way."""

    order_id: str
    provider: str
    reference: str
    amount_minor: int
    currency: str
    reason: str


class Dispute(Document, frozen=True, kw_only=True):
    """A payment whose payer, or his bank, wants it back. Its id is the provider's name and its id
    of the dispute. ``state``: inquiry (nothing was withdrawn), open, won, lost or closed.
    ``amount_minor``: what the provider withdrew; ``of_payment_minor``: what of it was still here;
    ``set_aside_minor``: what of that waits from the balance; ``marked_minor`` stands on each of
    ``terms`` meanwhile; ``pack_id``: of a pack that waits; ``restricts``: whether the plan is
    restricted for it."""

    order_id: str
    receipt_id: str
    provider: str
    amount_minor: int
    currency: str
    why: str = ""
    of_payment_minor: int = 0
    set_aside_minor: int = 0
    marked_minor: int = 0
    terms: tuple[str, ...] = ()
    pack_id: str = ""
    restricts: bool = False


class Alert(Document, frozen=True, kw_only=True):
    """What an operator has to look at: a payment that fits no order, a ledger that contradicts
    itself. ``state``: open, or closed."""

    about: str
    text: str


def alert(account_id: str, about: str, text: str, now: int) -> Alert:
    """What an operator is to look at. ``about``: an order's id, or what else it is about."""
    return Alert(
        id=new_id("alert", now),
        account_id=account_id,
        made_at=now,
        state="open",
        about=about,
        text=text,
    )
