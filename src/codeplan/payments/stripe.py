"""Stripe, by its own SDK: cards with what authentication they ask for, kept on file, charged again
at renewals; signed webhooks.

An order is one PaymentIntent, made under the order's id as its idempotency key, and carries that id
in its metadata. https://docs.stripe.com/api/payment_intents, https://docs.stripe.com/webhooks
What its events and objects mean is in stripe_objects.py.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import stripe

from codeplan.payments.amounts import STRIPE, NotCarried
from codeplan.payments.base import (
    Ask,
    Checkout,
    Declined,
    Disputed,
    Forged,
    Notification,
    Payment,
    ProviderFailed,
    Refunded,
)
from codeplan.payments.stripe_objects import (
    ORDER,
    REFUND,
    dispute_in,
    id_of,
    metadata_of,
    minor_in,
    notification_in,
    payment_in,
    refund_in,
    why_of,
)

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
            {"metadata": {ORDER: ask.order_id}},
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
                    "metadata": {ORDER: ask.order_id},
                    "description": ask.title,
                    "setup_future_usage": "off_session",
                },
                "metadata": {ORDER: ask.order_id},
                "success_url": ask.return_url,
                "cancel_url": ask.return_url,
            },
            {"idempotency_key": ask.order_id},
        )
        return Checkout("page", session.url or "", session.id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        if reference.startswith(_SESSION):
            session = await self._call(self._client.v1.checkout.sessions.retrieve, reference)
            reference = id_of(session.payment_intent) if session.payment_intent else ""
            if not reference:
                return Payment(ask.order_id, "pending")
        if not reference:
            return Payment(ask.order_id, "unknown")
        intent = await self._call(self._client.v1.payment_intents.retrieve, reference)
        return payment_in(ask.order_id, intent)

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
        payment = payment_in(ask.order_id, intent)
        if payment.state != "paid" and intent.status in (
            "requires_action",
            "requires_source_action",
        ):
            raise Declined("the card asks its owner to confirm the payment")
        if payment.state != "paid" and intent.status.startswith("requires_"):
            raise Declined(why_of(intent) or "the card was declined")
        return payment

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        await self._call(
            self._client.v1.refunds.create,
            {
                "payment_intent": payment_id,
                "amount": STRIPE.of(amount_minor, ask.currency),
                "metadata": {REFUND: refund_id},
            },
            {"idempotency_key": refund_id},
        )

    def read(self, headers: Mapping[str, str], body: bytes) -> Notification | None:
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get("stripe-signature", ""), self._webhook_secret
            )
        except (ValueError, stripe.SignatureVerificationError) as problem:
            raise Forged(f"Stripe did not sign that: {problem}") from None
        return notification_in(event)

    async def payment(self, payment_id: str) -> Payment | None:
        try:
            intent = await asyncio.to_thread(self._client.v1.payment_intents.retrieve, payment_id)
        except stripe.InvalidRequestError:
            return None  # not there, or of no kind that we make
        except stripe.StripeError as problem:
            raise ProviderFailed(f"Stripe: {problem}") from problem
        order_id = metadata_of(intent).get(ORDER, "")
        return payment_in(order_id, intent) if order_id else None

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "application/json", b'{"received": true}'

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        came: dict[str, tuple[int, str]] = {}
        async for one in self._listed(self._client.v1.payment_intents.list, since, until):
            if one.status == "succeeded":
                with suppress(NotCarried):  # ours are all in amounts that can be said
                    came[one.id] = minor_in(one)
        return came

    async def returned(self, since: int, until: int) -> Sequence[Refunded | Disputed] | None:
        told: list[Refunded | Disputed] = []
        for method, read in (
            (self._client.v1.refunds.list, refund_in),
            (self._client.v1.disputes.list, dispute_in),
        ):
            async for one in self._listed(method, since, until):
                if one.payment_intent:
                    with suppress(NotCarried):  # as above
                        told.append(read(one))
        return told

    async def _listed(self, method: Any, since: int, until: int) -> AsyncIterator[Any]:
        """All that were made in that time; Stripe lists the newest first."""
        after: dict[str, str] = {}
        while True:
            page = await self._call(method, {"limit": _PAGE, **after})
            if page.object != "list":
                raise ProviderFailed(f"Stripe answered with a {page.object} where a list is due")
            for one in page.data:
                if since <= one.created * 1000 < until:
                    yield one
            if not page.has_more or page.data[-1].created * 1000 < since:
                return
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
        "metadata": {ORDER: ask.order_id},
    }
