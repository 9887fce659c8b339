"""Stripe's events about refunds and disputes, signed as Stripe signs them, over HTTP: credit notes,
restricted plans, other programs' events, amounts that Stripe cannot carry."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from payments.conftest import Buyer, Operator
from payments.test_stripe import CONFIG, SECRET, notify, signed
from support.service import Service
from support.stripe_server import KEY, VISA, StripeServer

MORE = """prices.RWF = { month = "5000" }
prices.KWD = { month = "3.333" }
prices.OMR = { month = "4.00" }
"""


@pytest.fixture(scope="module")
def service(stripe: StripeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = CONFIG.replace("{url}", stripe.url)
    config = config.replace('prices.USD = { month = "6.00" }\n',
                            'prices.USD = { month = "6.00" }\n' + MORE, 1)  # fmt: skip
    environment = {"STRIPE_KEY": KEY, "STRIPE_SECRET": SECRET}
    with Service(tmp_path_factory.mktemp("service"), config, environment=environment) as running:
        stripe.tells("http://127.0.0.1:9/nowhere", SECRET)  # what comes, comes from the test
        yield running


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service)


def tell(service: Service, kind: str, told: dict[str, Any]) -> int:
    event = {
        "id": f"evt_{kind}", "object": "event", "type": kind, "api_version": "2025-01-27",
        "created": int(time.time()), "data": {"object": told},
    }  # fmt: skip
    return notify(service, *signed(event))


def bought(service: Service, stripe: StripeServer, email: str, currency: str = "USD") -> Any:
    """A plan paid by card: the buyer, his order and Stripe's PaymentIntent."""
    buyer = Buyer(service, email, currency)
    order = buyer.order("stripe")
    intent = stripe.pays(order["checkout"]["reference"], VISA)
    assert tell(service, "payment_intent.succeeded", intent) == 200
    assert buyer.state(order["id"]) == "paid"
    return buyer, order, intent


def refund(intent: dict[str, Any], name: str, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "object": "refund", "amount": amount, "currency": intent["currency"],
        "payment_intent": intent["id"], "charge": f"ch_{intent['id']}", "metadata": {},
        "status": "succeeded", **more,
    }  # fmt: skip


def charge(intent: dict[str, Any], refunded: int) -> dict[str, Any]:
    return {
        "id": f"ch_{intent['id']}", "object": "charge", "amount": intent["amount"],
        "amount_refunded": refunded, "currency": intent["currency"],
        "payment_intent": intent["id"], "metadata": intent["metadata"],
        "refunded": refunded == intent["amount"],
    }  # fmt: skip


def dispute(intent: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"dp_{intent['id']}", "object": "dispute", "amount": intent["amount"],
        "currency": intent["currency"], "payment_intent": intent["id"], "status": status,
        "charge": f"ch_{intent['id']}", "reason": "fraudulent", "metadata": {}, **more,
    }  # fmt: skip


def totals(buyer: Buyer) -> list[int]:
    return [one["total_minor"] for one in buyer.get("invoices")]


def test_a_refund_in_the_dashboard_is_a_credit_note(
    service: Service, stripe: StripeServer, operator: Operator
) -> None:
    buyer, order, intent = bought(service, stripe, "dashboard@example.org")
    part = refund(intent, "re_1", 2_00)
    for kind in ("refund.created", "refund.updated", "charge.refund.updated"):
        assert tell(service, kind, part) == 200
    assert tell(service, "charge.refunded", charge(intent, 2_00)) == 200
    assert totals(buyer) == [-2_00, 6_00]
    preview = buyer.preview("pro")
    assert preview["due_minor"] in (26_00, 26_01)  # what runs is worth what was kept of it
    assert tell(service, "charge.refunded", charge(intent, 6_00)) == 200
    assert tell(service, "refund.created", refund(intent, "re_2", 4_00)) == 200
    assert totals(buyer) == [-4_00, -2_00, 6_00]
    assert buyer.state(order["id"]) == "refunded"
    assert buyer.subscription()["state"] == "expired"
    assert buyer.balance() == 0
    assert order["id"] in {alert["about"] for alert in operator.get("alerts")}
    operator.books_are_right()


def test_our_own_refund_and_its_events(
    service: Service, stripe: StripeServer, operator: Operator
) -> None:
    buyer, order, intent = bought(service, stripe, "own@example.org")
    given = operator.post(
        f"orders/{order['id']}/refund", amount="2.50", reason="a test", to="provider"
    )
    assert given["refunded_minor"] == 2_50
    (made,) = [one for one in stripe.refunds() if one["payment_intent"] == intent["id"]]
    assert made["amount"] == 2_50
    assert made["metadata"]["refund_id"].startswith("refund_")
    for kind in ("refund.created", "charge.refund.updated"):
        assert (
            tell(service, kind, refund(intent, made["id"], 2_50, metadata=made["metadata"])) == 200
        )
    assert tell(service, "charge.refunded", charge(intent, 2_50)) == 200
    assert totals(buyer) == [-2_50, 6_00]
    # Days later it fails: what was to go back is on the balance.
    failed = refund(intent, made["id"], 2_50, metadata=made["metadata"], status="failed")
    for kind in ("refund.failed", "refund.updated"):
        assert tell(service, kind, failed) == 200
    assert buyer.balance() == 2_50
    assert totals(buyer) == [-2_50, 6_00]


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute(service: Service, stripe: StripeServer, operator: Operator, end: str) -> None:
    buyer, order, intent = bought(service, stripe, f"dispute-{end}@example.org")
    for kind in ("charge.dispute.created", "charge.dispute.funds_withdrawn"):
        assert tell(service, kind, dispute(intent, "needs_response")) == 200
    assert tell(service, "charge.dispute.updated", dispute(intent, "under_review")) == 200
    held = buyer.subscription()
    assert held["state"] == "restricted"
    assert "in dispute" in held["restricted_because"]
    texts = [one["text"] for one in operator.get("alerts") if one["about"] == order["id"]]
    assert any("a dispute was opened (fraudulent)" in text for text in texts)
    changed = buyer.http.get("/api/account/preview?plan=pro&currency=USD")
    assert (changed.status_code, changed.json()["error"]["code"]) == (409, "not_possible")
    for kind in ("charge.dispute.closed", "charge.dispute.funds_reinstated"):
        assert tell(service, kind, dispute(intent, end)) == 200
    assert tell(service, "charge.dispute.created", dispute(intent, "needs_response")) == 200
    if end == "won":
        assert buyer.subscription()["state"] == "active"
        assert totals(buyer) == [6_00]
    else:
        assert buyer.subscription()["state"] == "expired"
        assert totals(buyer) == [-6_00, 6_00]
    assert buyer.balance() == 0
    operator.books_are_right()


def test_other_programs_on_the_same_account(
    service: Service, stripe: StripeServer, operator: Operator
) -> None:
    before = operator.get("ledger"), operator.get("alerts")
    other: dict[str, Any] = {
        "id": "pi_of_another", "object": "payment_intent", "amount": 5_00, "currency": "usd",
        "status": "succeeded", "customer": None, "payment_method": None,
        "metadata": {"order_id": "order_4711"}, "last_payment_error": None,
    }  # fmt: skip
    told = [
        ("payment_intent.succeeded", other),
        ("payment_intent.succeeded", {**other, "metadata": {}}),
        ("payment_intent.payment_failed", {**other, "status": "requires_payment_method"}),
        ("charge.refunded", charge(other, 5_00)),
        ("charge.refunded", {**charge(other, 5_00), "payment_intent": None}),
        ("refund.created", refund(other, "re_9", 1_00)),
        ("refund.created", refund({**other, "currency": "iqd"}, "re_9", 1)),
        ("charge.dispute.created", dispute(other, "needs_response")),
        ("charge.dispute.closed", dispute(other, "lost")),
        ("charge.dispute.closed", {**dispute(other, "lost"), "payment_intent": None}),
        ("invoice.paid", {"id": "in_1", "object": "invoice", "payment_intent": "pi_1"}),
        ("radar.early_fraud_warning.created",
         {"id": "issfr_1", "object": "radar.early_fraud_warning", "payment_intent": "pi_1"}),
        ("payout.failed", {"id": "po_1", "object": "payout"}),
        ("customer.created", {"id": "cus_1", "object": "customer"}),
    ]  # fmt: skip
    assert [tell(service, *one) for one in told] == [200] * len(told)
    assert (operator.get("ledger"), operator.get("alerts")) == before


def test_amounts_are_stripes_own(service: Service, stripe: StripeServer) -> None:
    for currency, units in (("RWF", 5000), ("OMR", 4000)):
        buyer = Buyer(service, f"{currency.lower()}@example.org", currency)
        order = buyer.order("stripe")
        (intent,) = [one for one in stripe.intents() if one["metadata"]["order_id"] == order["id"]]
        assert (intent["amount"], intent["currency"]) == (units, currency.lower())


def test_a_price_between_stripes_steps(service: Service, stripe: StripeServer) -> None:
    """The next step is taken, and what it brings beyond the price is on the balance."""
    buyer, order, intent = bought(service, stripe, "kwd@example.org", "KWD")
    assert (order["amount_minor"], intent["amount"]) == (3340, 3340)
    assert buyer.subscription()["plan"] == "lite"
    assert buyer.balance() == 7
    body = {"provider": "stripe", "currency": "KWD", "top_up": "3.333"}
    answered = buyer.http.post("/api/account/orders", json=body, headers=buyer.once())
    assert answered.status_code == 400
    assert "KWD in steps of KWD 0.010" in answered.json()["error"]["message"]
    assert len(buyer.get("orders")) == 1
