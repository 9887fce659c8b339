"""Stripe, by its own SDK against a running localstripe: buying, renewals that nobody is present
for, cards that are declined or ask their owner, and webhooks that come twice, in any order, forged,
or never."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payments.conftest import MODEL, Buyer, Operator, until
from support.service import Service
from support.stripe_server import ASKS_OWNER, DECLINED_LATER, KEY, VISA, StripeServer

SECRET = "whsec_of_a_test"
CONFIG = (
    MODEL
    + """
[payments]
public_url = "http://127.0.0.1:8787"
[payments.stripe]
secret_key_env = "STRIPE_KEY"
webhook_secret_env = "STRIPE_SECRET"
base_url = "{url}"
kind = "client"
"""
)


@pytest.fixture(scope="module")
def service(stripe: StripeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = CONFIG.replace("{url}", stripe.url)
    environment = {"STRIPE_KEY": KEY, "STRIPE_SECRET": SECRET}
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, config, environment=environment) as running:
        yield running


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service)


@pytest.fixture
def told(stripe: StripeServer, service: Service) -> None:
    """Stripe's webhooks come."""
    stripe.tells(f"{service.url}/api/payments/stripe/notify", SECRET)


@pytest.fixture
def untold(stripe: StripeServer) -> None:
    """They are lost."""
    stripe.tells("http://127.0.0.1:9/nowhere", SECRET)


def signed(body: dict[str, Any], secret: str = SECRET, age: int = 0) -> tuple[bytes, str]:
    """As Stripe signs: https://docs.stripe.com/webhooks#verify-manually."""
    data, at = json.dumps(body).encode(), int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{at}.".encode() + data, hashlib.sha256).hexdigest()
    return data, f"t={at},v1={digest}"


def event(intent: dict[str, Any], kind: str = "payment_intent.succeeded") -> dict[str, Any]:
    return {
        "id": "evt_1", "object": "event", "type": kind, "api_version": "2025-01-27",
        "created": int(time.time()), "data": {"object": intent},
    }  # fmt: skip


def notify(service: Service, body: bytes, signature: str) -> int:
    with service.client() as http:
        answered = http.post(
            "/api/payments/stripe/notify", content=body, headers={"stripe-signature": signature}
        )
        return answered.status_code


def paid_intent(stripe: StripeServer, order: dict[str, Any]) -> dict[str, Any]:
    return stripe.pays(order["checkout"]["reference"], VISA)


def test_buying_by_card_and_renewing_from_it(
    service: Service, stripe: StripeServer, operator: Operator, told: None
) -> None:
    buyer = Buyer(service, "card@example.org")
    order = buyer.order("stripe")
    assert order["checkout"]["kind"] == "client"
    assert buyer.subscription()["plan"] is None
    assert paid_intent(stripe, order)["status"] == "succeeded"
    until(lambda: buyer.state(order["id"]) == "paid")
    assert buyer.subscription()["plan"] == "lite"
    assert buyer.get("payment-method")["provider"] == "stripe"
    first_end = buyer.subscription()["ends_at"]
    # The renewal comes off the card, once, with nobody present.
    operator.days_pass(buyer.email, 32)
    until(lambda: buyer.subscription()["ends_at"] > first_end)
    assert buyer.balance() == 0
    mine = [one for one in stripe.intents() if one["metadata"]["order_id"] in {
        shown["id"] for shown in buyer.get("orders")
    }]  # fmt: skip
    assert [one["amount"] for one in mine] == [6_00, 6_00]
    operator.books_are_right()


def test_a_renewal_takes_the_balance_first(
    service: Service, stripe: StripeServer, operator: Operator, told: None
) -> None:
    buyer = Buyer(service, "mixed@example.org")
    order = buyer.order("stripe")
    paid_intent(stripe, order)
    until(lambda: buyer.state(order["id"]) == "paid")
    for kind, amount in (("bonus", "1.50"), ("top_up", "2.00")):
        operator.post("balance", email=buyer.email, amount=amount, currency="USD",
                      reference="a test", kind=kind)  # fmt: skip
    operator.days_pass(buyer.email, 32)
    renewal = buyer.get("orders")[0]
    assert renewal["amount_minor"] == 2_50
    until(lambda: buyer.state(renewal["id"]) == "paid")
    assert buyer.balance() == 0
    operator.books_are_right()


def test_a_card_that_is_declined_is_tried_again_and_then_the_plan_ends(
    service: Service, stripe: StripeServer, operator: Operator, told: None
) -> None:
    buyer = Buyer(service, "declined@example.org")
    order = buyer.order("stripe")
    # The first payment with a card that later refuses: Stripe itself keeps the last one used.
    paid_intent(stripe, order)
    until(lambda: buyer.state(order["id"]) == "paid")
    worse = buyer.order("stripe", "pro")
    assert stripe.pays(worse["checkout"]["reference"], DECLINED_LATER)["status"] != "succeeded"
    assert buyer.state(worse["id"]) == "pending"
    swapped = buyer.http.request("DELETE", "/api/account/payment-method")
    assert swapped.status_code == 200
    end = buyer.subscription()["ends_at"]
    operator.days_pass(buyer.email, 32)
    assert buyer.subscription()["state"] == "past_due"
    assert buyer.subscription()["plan"] == "lite"  # it goes on over its grace
    operator.days_pass(buyer.email, 3)
    assert buyer.subscription()["state"] == "expired"
    assert (buyer.subscription()["plan"], buyer.subscription()["ends_at"]) == (None, end)
    operator.books_are_right()


def test_a_card_that_refuses_or_asks_its_owner_off_session_is_past_due(
    service: Service, stripe: StripeServer, operator: Operator, told: None
) -> None:
    for number, card in enumerate((DECLINED_LATER, ASKS_OWNER)):
        buyer = Buyer(service, f"later{number}@example.org")
        order = buyer.order("stripe")
        paid_intent(stripe, order)
        until(lambda buyer=buyer, order=order: buyer.state(order["id"]) == "paid")  # type: ignore[misc]  # a default
        # The bank changes its mind about the card that is on file.
        stripe.changes_card(order["checkout"]["reference"], card)
        operator.days_pass(buyer.email, 32)
        until(lambda buyer=buyer: buyer.subscription()["state"] == "past_due")  # type: ignore[misc]
        failed = [one for one in buyer.get("orders") if one["state"] == "failed"]
        assert len(failed) >= 1
        assert failed[0]["why"]
        assert buyer.balance() == 0
    operator.books_are_right()


def test_webhooks_twice_in_any_order_and_about_others(
    service: Service, stripe: StripeServer, operator: Operator, untold: None
) -> None:
    buyer = Buyer(service, "twice@example.org")
    order = buyer.order("stripe")
    intent = paid_intent(stripe, order)
    failed = {**intent, "status": "requires_payment_method"}
    other = {**intent, "metadata": {}}
    events = [
        event(failed, "payment_intent.payment_failed"),
        event(intent), event(intent), event(other),
        event(failed, "payment_intent.payment_failed"),
        event(intent, "payment_intent.created"), event(intent),
    ]  # fmt: skip
    assert [notify(service, *signed(one)) for one in events] == [200] * len(events)
    assert buyer.state(order["id"]) == "paid"
    assert buyer.balance() == 0
    assert len(buyer.get("entries")) == 2  # it came in, and was spent
    operator.books_are_right()


def test_forged_webhooks_do_nothing(service: Service, stripe: StripeServer, untold: None) -> None:
    buyer = Buyer(service, "forged@example.org")
    order = buyer.order("stripe")
    intent = next(one for one in stripe.intents() if one["id"] == order["checkout"]["reference"])
    told = event({**intent, "status": "succeeded"})
    body, good = signed(told)
    for signature in ("", "t=1,v1=00", signed(told, "another")[1], signed(told, "")[1],
                      signed(told, age=3600)[1]):  # fmt: skip
        assert notify(service, body, signature) == 401
    assert notify(service, body.replace(b"600", b"601"), good) == 401
    assert buyer.state(order["id"]) == "pending"
    assert buyer.subscription()["plan"] is None


def test_a_payment_whose_webhook_is_lost_is_found(
    service: Service, stripe: StripeServer, operator: Operator, untold: None
) -> None:
    buyer = Buyer(service, "lost@example.org")
    order = buyer.order("stripe")
    paid_intent(stripe, order)
    assert buyer.state(order["id"]) == "pending"
    operator.days_pass(buyer.email, 1)
    assert buyer.state(order["id"]) in ("paid", "credited")
    assert buyer.subscription()["plan"] == "lite"
    operator.books_are_right()


def test_a_wrong_amount_goes_onto_the_balance_and_an_operator_is_told(
    service: Service, stripe: StripeServer, operator: Operator, untold: None
) -> None:
    buyer = Buyer(service, "wrong@example.org")
    order = buyer.order("stripe")
    intent = paid_intent(stripe, order)
    cheap = {**intent, "amount": 1, "amount_received": 1}
    assert notify(service, *signed(event(cheap))) == 200
    assert buyer.state(order["id"]) == "credited"
    assert buyer.subscription()["plan"] is None
    assert buyer.balance() == 1
    assert order["id"] in {alert["about"] for alert in operator.get("alerts")}


def test_an_empty_secret_does_not_start(tmp_path: Path) -> None:
    service = Service(
        tmp_path, CONFIG.replace("{url}", "http://127.0.0.1:9"),
        environment={"STRIPE_KEY": KEY, "STRIPE_SECRET": ""},
    )  # fmt: skip
    with pytest.raises(KeyError, match="url"):
        service.start()
    assert service.process.wait(10) != 0
    assert "webhook_secret_env" in service.said
