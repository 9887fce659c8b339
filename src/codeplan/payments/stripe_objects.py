"""What Stripe's objects and events say, in our words. Asks Stripe for nothing.

https://docs.stripe.com/api/events/types, …/refunds/object, …/disputes/object
"""

from collections.abc import Mapping
from typing import Any, Literal

from codeplan.payments.amounts import STRIPE
from codeplan.payments.base import Disputed, Notification, Payment, Refunded

# Our names in the metadata of what we make there.
ORDER, REFUND = "order_id", "refund_id"
_PAID, _FAILED = "payment_intent.succeeded", "payment_intent.payment_failed"
_CHARGE_REFUNDED = "charge.refunded"
_REFUNDS, _DISPUTES = ("refund.", "charge.refund."), "charge.dispute."
# What no further try of the same PaymentIntent can mend.
_OVER = ("canceled",)
# Of a refund whose money is back with us.
_BACK = ("failed", "canceled")
_STATES: Mapping[str, Literal["inquiry", "open", "won", "lost", "closed"]] = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "prevented": "closed",
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
}


def notification_in(event: Any) -> Notification | None:
    """None for what is about no payment, or about one that was not made by us."""
    if event.type in (_PAID, _FAILED):
        return _payment_event(event)
    told = event.data.object
    # What was paid without a PaymentIntent is another program's.
    if not getattr(told, "payment_intent", None):
        return None
    if event.type == _CHARGE_REFUNDED:
        return Refunded(
            payment_id=id_of(told.payment_intent),
            order_id=metadata_of(told).get(ORDER, ""),
            total_minor=_minor(told.amount_refunded, told.currency),
            currency=told.currency.upper(),
        )
    if event.type.startswith(_REFUNDS):
        return refund_in(told)
    return dispute_in(told) if event.type.startswith(_DISPUTES) else None


def _payment_event(event: Any) -> Payment | None:
    intent = event.data.object
    order_id = metadata_of(intent).get(ORDER, "")
    if not order_id:
        return None  # another program's payment in the same account
    payment = payment_in(order_id, intent)
    if event.type == _FAILED and payment.state != "paid":
        # The person may try another card: only the clock gives the order up.
        return Payment(order_id, "pending", why=payment.why)
    return payment


def payment_in(order_id: str, intent: Any) -> Payment:
    if intent.status == "succeeded":
        amount_minor, currency = minor_in(intent)
        return Payment(
            order_id=order_id,
            state="paid",
            payment_id=intent.id,
            amount_minor=amount_minor,
            currency=currency,
            customer=id_of(intent.customer),
            method=id_of(intent.payment_method),
            label="card on file",
        )
    state: Literal["failed", "pending"] = "failed" if intent.status in _OVER else "pending"
    return Payment(order_id, state, intent.id, why=why_of(intent))


def refund_in(refund: Any) -> Refunded:
    """One that still waits at Stripe has left our account already."""
    amount_minor, currency = minor_in(refund)
    return Refunded(
        payment_id=id_of(refund.payment_intent),
        refund_id=refund.id,
        own_id=metadata_of(refund).get(REFUND, ""),
        amount_minor=amount_minor,
        currency=currency,
        state="failed" if refund.status in _BACK else "made",
    )


def dispute_in(dispute: Any) -> Disputed:
    amount_minor, currency = minor_in(dispute)
    return Disputed(
        dispute_id=dispute.id,
        payment_id=id_of(dispute.payment_intent),
        amount_minor=amount_minor,
        currency=currency,
        state=_STATES.get(dispute.status, "inquiry"),  # of one that is new, an operator is told
        why=str(getattr(dispute, "reason", "") or ""),
    )


def minor_in(told: Any) -> tuple[int, str]:
    """The amount of whatever has one, in minor units, and its currency. Raises NotCarried."""
    return _minor(told.amount, told.currency), told.currency.upper()


def why_of(intent: Any) -> str:
    problem = intent.last_payment_error
    return (problem.message or "the card was declined") if problem else ""


def metadata_of(told: Any) -> dict[str, str]:
    metadata = getattr(told, "metadata", None)
    return {} if metadata is None else dict(metadata.to_dict())


def id_of(value: Any) -> str:
    return value if isinstance(value, str) else (value.id if value else "")


def _minor(amount: int, currency: str) -> int:
    return STRIPE.minor(amount, currency.upper())
