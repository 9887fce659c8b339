"""Stripe, by its own SDK: cards with what authentication they ask for, kept on file, charged again
at renewals; signed webhooks.

An order is one PaymentIntent, made under the order's id as its idempotency key, and carries that id
in its metadata. https://docs.stripe.com/api/payment_intents, https://docs.stripe.com/webhooks
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import stripe

from codeplan.payments.amounts import STRIPE
from codeplan.payments.base import Ask, Checkout, Declined, Forged, Payment, ProviderFailed

_ORDER, _REFUND = "order_id", "refund_id"
_PAID, _FAILED = "payment_intent.succeeded", "payment_intent.payment_failed"
# What no further try of the same PaymentIntent can mend.
_OVER = ("canceled",)
_SESSION = "cs_"
_TIMEOUT_SECONDS = 30
_PAGE = 100


class Stripe:
    """``currencies``: none for all that Stripe takes. ``kind``: "page", Stripe's own, or "client",
    Stripe's form in a page of somebody's."""

    name = "stripe"
    charges_off_session = True

    def __init__(
        self,
        secret_key: str,
        webhook_secret: str,
        base_url: str,
        currencies: frozenset[str],
        kind: str = "client",
    ) -> None:
        if not secret_key or not webhook_secret:
            raise ValueError("Stripe's secrets must not be empty")
        self.currencies = currencies
        self.needs_widget = kind == "client"
        self._webhook_secret = webhook_secret
        addresses: Any = {"api": base_url} if base_url else {}
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses=addresses,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
            max_network_retries=2,
        )

    async def begin(self, ask: Ask) -> Checkout:
        customer = await self._call(
            self._client.v1.customers.create,
            {"metadata": {_ORDER: ask.order_id}},
            {"idempotency_key": f"customer/{ask.order_id}"},
        )
        if not self.needs_widget:
            return await self._page(ask, customer.id)
        intent = await self._call(
            self._client.v1.payment_intents.create,
            {
                **_money(ask),
                "customer": customer.id,
                "setup_future_usage": "off_session",
                "payment_method_types": ["card"],
            },
            {"idempotency_key": ask.order_id},
        )
        return Checkout("client", intent.client_secret or "", intent.id)

    async def _page(self, ask: Ask, customer: str) -> Checkout:
        """A page of Stripe's; its PaymentIntent is made when the person pays there.
        https://docs.stripe.com/api/checkout/sessions"""
        price = {
            "currency": ask.currency.lower(),
            "unit_amount": STRIPE.of(ask.amount_minor, ask.currency),
            "product_data": {"name": ask.title},
        }
        session = await self._call(
            self._client.v1.checkout.sessions.create,
            {
                "mode": "payment",
                "customer": customer,
                "line_items": [{"price_data": price, "quantity": 1}],
                "payment_method_types": ["card"],
                "payment_intent_data": {
                    "metadata": {_ORDER: ask.order_id},
                    "description": ask.title,
                    "setup_future_usage": "off_session",
                },
                "metadata": {_ORDER: ask.order_id},
                "success_url": ask.return_url,
                "cancel_url": ask.return_url,
            },
            {"idempotency_key": ask.order_id},
        )
        return Checkout("page", session.url or "", session.id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        if reference.startswith(_SESSION):
            session = await self._call(self._client.v1.checkout.sessions.retrieve, reference)
            reference = _id(session.payment_intent) if session.payment_intent else ""
            if not reference:
                return Payment(ask.order_id, "pending")
        if not reference:
            return Payment(ask.order_id, "unknown")
        intent = await self._call(self._client.v1.payment_intents.retrieve, reference)
        return _payment(ask.order_id, intent)

    async def charge(self, ask: Ask) -> Payment:
        """SCA: a card that asks for its owner now is declined here; he pays by himself then."""
        intent = await self._call(
            self._client.v1.payment_intents.create,
            {
                **_money(ask),
                "customer": ask.customer,
                "payment_method": ask.method,
                "payment_method_types": ["card"],
                "off_session": True,
                "confirm": True,
            },
            {"idempotency_key": f"charge/{ask.order_id}"},
        )
        payment = _payment(ask.order_id, intent)
        if payment.state != "paid" and intent.status in (
            "requires_action",
            "requires_source_action",
        ):
            raise Declined("the card asks its owner to confirm the payment")
        if payment.state != "paid" and intent.status.startswith("requires_"):
            raise Declined(_why(intent) or "the card was declined")
        return payment

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        await self._call(
            self._client.v1.refunds.create,
            {
                "payment_intent": payment_id,
                "amount": STRIPE.of(amount_minor, ask.currency),
                "metadata": {_REFUND: refund_id},
            },
            {"idempotency_key": refund_id},
        )

    def read(self, headers: Mapping[str, str], body: bytes) -> Payment | None:
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get("stripe-signature", ""), self._webhook_secret
            )
        except (ValueError, stripe.SignatureVerificationError) as problem:
            raise Forged(f"Stripe did not sign that: {problem}") from None
        if event.type not in (_PAID, _FAILED):
            return None
        intent = event.data.object
        order_id = _metadata(intent).get(_ORDER, "")
        if not order_id:
            return None  # another program's payment in the same account
        payment = _payment(order_id, intent)
        if event.type == _FAILED and payment.state != "paid":
            # The person may try another card: only the clock gives the order up.
            return Payment(order_id, "pending", why=payment.why)
        return payment

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "application/json", b'{"received": true}'

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        found: dict[str, tuple[int, str]] = {}
        after: dict[str, str] = {}
        while True:
            page = await self._call(self._client.v1.payment_intents.list, {"limit": _PAGE, **after})
            for intent in page.data:
                if intent.status == "succeeded" and since <= intent.created * 1000 < until:
                    found[intent.id] = _minor(intent)
            if not page.has_more or page.data[-1].created * 1000 < since:
                return found
            after = {"starting_after": page.data[-1].id}

    async def close(self) -> None:
        """Its connections end with the process."""

    async def _call(self, method: Any, *values: Any) -> Any:
        try:
            return await asyncio.to_thread(method, *values)
        except stripe.CardError as refused:
            raise Declined(refused.user_message or "the card was declined") from None
        except stripe.StripeError as problem:
            raise ProviderFailed(f"Stripe: {problem}") from problem


def _money(ask: Ask) -> dict[str, Any]:
    return {
        "amount": STRIPE.of(ask.amount_minor, ask.currency),
        "currency": ask.currency.lower(),
        "description": ask.title,
        "metadata": {_ORDER: ask.order_id},
    }


def _payment(order_id: str, intent: Any) -> Payment:
    if intent.status == "succeeded":
        amount_minor, currency = _minor(intent)
        return Payment(
            order_id=order_id,
            state="paid",
            payment_id=intent.id,
            amount_minor=amount_minor,
            currency=currency,
            customer=_id(intent.customer),
            method=_id(intent.payment_method),
            label="card on file",
        )
    state = "failed" if intent.status in _OVER else "pending"
    return Payment(order_id, state, intent.id, why=_why(intent))  # type: ignore[arg-type]  # one of them


def _minor(said: Any) -> tuple[int, str]:
    """The amount of whatever has one, in minor units, and its currency."""
    currency = said.currency.upper()
    return STRIPE.minor(said.amount, currency), currency


def _why(intent: Any) -> str:
    problem = intent.last_payment_error
    return (problem.message or "the card was declined") if problem else ""


def _metadata(intent: Any) -> dict[str, str]:
    metadata = intent.metadata
    return {} if metadata is None else dict(metadata.to_dict())


def _id(value: Any) -> str:
    return value if isinstance(value, str) else (value.id if value else "")
