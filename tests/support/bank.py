"""A payment provider whose people, cards, dashboard and notifications a test has in hand: a model
of what a provider holds. It counts in units of its own, and knows nothing of our books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import structs

from codeplan.billing.orders import Order
from codeplan.payments.amounts import counting_of
from codeplan.payments.base import (
    Ask,
    Checkout,
    Declined,
    Disputed,
    Payment,
    ProviderFailed,
    Refunded,
)

# A dispute in one of these has its money.
_HAS_IT = ("open", "lost")


@dataclass
class Bank:
    """``paid``: what came for each order; ``declines``: cards refuse; ``away``: it does not answer;
    ``mute``: it does what it is asked, and its answer is lost. ``refunds`` and ``disputes``: by
    their ids, as they stand; ``refunded``: of our refunds, by our ids, how much."""

    name: str = "bank"
    currencies: frozenset[str] = frozenset()
    charges_off_session: bool = True
    needs_widget: bool = False
    declines: bool = False
    away: bool = False
    mute: bool = False
    paid: dict[str, Payment] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    begun: dict[str, Ask] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, Refunded] = field(default_factory=dict)
    disputes: dict[str, Disputed] = field(default_factory=dict)
    keeps_card: bool = True
    lists: bool = False

    def pays(self, order: Order, amount_minor: int | None = None, number: str = "") -> Payment:
        """The person pays; the payment's notification, which a test may deliver."""
        card = f"card of {order.account_id}" if self.keeps_card else ""
        wanted = order.amount_minor if amount_minor is None else amount_minor
        payment = Payment(
            order.id, "paid", number or f"pay_{order.id}", self._carried(wanted, order.currency),
            order.currency, customer="somebody" if card else "", method=card, label="a card",
        )  # fmt: skip
        self.paid.setdefault(order.id, payment)
        self.payments.setdefault(payment.payment_id, payment)
        return payment

    def left(self, payment_id: str) -> int:
        """What it holds of that payment: in minor units, by its own records."""
        gone = sum(one.amount_minor for one in self._refunds_of(payment_id))
        gone += sum(
            one.amount_minor
            for one in self.disputes.values()
            if one.payment_id == payment_id and one.state in _HAS_IT
        )
        return self.payments[payment_id].amount_minor - gone

    def total_refunded(self, payment_id: str) -> int:
        return sum(one.amount_minor for one in self._refunds_of(payment_id))

    def gives_back(self, payment_id: str, amount_minor: int, own_id: str = "") -> Refunded | None:
        """Somebody in its dashboard, or (``own_id``) we; None where there is not so much."""
        currency = self.payments[payment_id].currency
        amount = min(self._carried(amount_minor, currency), self.left(payment_id))
        if amount <= 0 or (own_id and amount != amount_minor):
            return None
        name = f"re_{len(self.refunds) + 1}"
        made = Refunded(payment_id, "", name, own_id, amount, 0, currency)
        self.refunds[name] = made
        return made

    def sum_told(self, payment_id: str) -> Refunded:
        """The notification that tells only the sum."""
        currency = self.payments[payment_id].currency
        total = self.total_refunded(payment_id)
        return Refunded(payment_id, total_minor=total, currency=currency)

    def refund_fails(self, name: str) -> Refunded:
        """Days later: the money is back here."""
        self.refunds[name] = structs.replace(self.refunds[name], state="failed")
        return self.refunds[name]

    def disputes_payment(
        self, payment_id: str, amount_minor: int, state: Literal["inquiry", "open"]
    ) -> Disputed | None:
        amount = min(amount_minor, self.left(payment_id))
        if amount <= 0:
            return None
        name = f"dp_{len(self.disputes) + 1}"
        currency = self.payments[payment_id].currency
        self.disputes[name] = Disputed(name, payment_id, amount, currency, state, "fraudulent")
        return self.disputes[name]

    def dispute_becomes(self, name: str, state: Any) -> Disputed:
        self.disputes[name] = structs.replace(self.disputes[name], state=state)
        return self.disputes[name]

    async def begin(self, ask: Ask) -> Checkout:
        self._answers()
        self.begun[ask.order_id] = ask
        return Checkout("page", f"https://bank.example/{ask.order_id}", ask.order_id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        self._answers()
        return self.paid.get(ask.order_id, Payment(ask.order_id, "pending"))

    async def charge(self, ask: Ask) -> Payment:
        self._answers()
        if ask.order_id not in self.paid:
            if self.declines or not ask.method:
                raise Declined("the card was declined")
            counting_of(self.name).of(ask.amount_minor, ask.currency)
            self.paid[ask.order_id] = Payment(
                ask.order_id, "paid", f"pay_{ask.order_id}", ask.amount_minor, ask.currency,
                customer=ask.customer, method=ask.method, label="a card",
            )  # fmt: skip
        payment = self.paid[ask.order_id]
        return self.payments.setdefault(payment.payment_id, payment)

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        self._answers()
        if refund_id not in self.refunded:
            if self.gives_back(payment_id, amount_minor, refund_id) is None:
                raise Declined("there is not so much left of the payment")
            self.refunded[refund_id] = amount_minor
        if self.mute:
            raise ProviderFailed("the bank's answer was lost")

    def read(self, headers: Mapping[str, str], body: bytes) -> Payment | None:
        raise AssertionError("this provider sends no notifications")

    async def payment(self, payment_id: str) -> Payment | None:
        self._answers()
        return self.payments.get(payment_id)

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "text/plain", b"ok"

    async def returned(self, since: int, until: int) -> Sequence[Refunded | Disputed] | None:
        return [*self.refunds.values(), *self.disputes.values()] if self.lists else None

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        return {one.payment_id: (one.amount_minor, one.currency) for one in self.paid.values()}

    async def close(self) -> None:
        pass

    def _refunds_of(self, payment_id: str) -> list[Refunded]:
        return [
            one
            for one in self.refunds.values()
            if one.payment_id == payment_id and one.state == "made"
        ]

    def _carried(self, amount_minor: int, currency: str) -> int:
        """In its own units and back: it has no amounts between them."""
        counting = counting_of(self.name)
        units = counting.of(counting.enough(amount_minor, currency), currency)
        return counting.minor(units, currency)

    def _answers(self) -> None:
        if self.away:
            raise ProviderFailed("the bank does not answer")
