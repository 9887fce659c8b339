"""Stripe's own page, from the console: an order leads there, and comes back paid. localstripe knows
no Checkout sessions; the proxy in front of it plays them over its PaymentIntents."""

import html
import re
from collections.abc import Iterator

import pytest

from codeplan.payments.base import Ask
from codeplan.payments.stripe import Stripe
from payments.conftest import Buyer, until
from payments.test_stripe import CONFIG
from support.console import Pages
from support.service import Service
from support.stripe_server import KEY, VISA, StripeServer

SECRET = "whsec_test"


@pytest.fixture(scope="module")
def service(stripe: StripeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = CONFIG.replace("{url}", stripe.url).replace('kind = "client"', 'kind = "page"')
    environment = {"STRIPE_KEY": KEY, "STRIPE_SECRET": SECRET}
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, config, environment=environment) as running:
        stripe.tells(f"{running.url}/api/payments/stripe/notify", SECRET)
        yield running


def test_a_plan_is_bought_on_stripes_page(service: Service, stripe: StripeServer) -> None:
    buyer = Buyer(service, "page@example.org")
    pages = Pages(service)
    pages.with_key(buyer.key)
    shown = pages.get("/console/plans/buy?plan=lite&period=month&currency=USD").text
    assert "By card" in shown
    ordered = pages.post(
        "/console/plans/buy",
        plan="lite", period="month", currency="USD", codes="", due_minor="600", provider="stripe",
    )  # fmt: skip
    assert "waits for its payment" in ordered.text
    link = re.search(r'class="button" href="([^"]+)"', ordered.text)
    assert link is not None
    address = html.unescape(link[1])
    assert address.startswith(f"{stripe.url}/pay/cs_test_")
    assert stripe.pays_on_page(address.rpartition("/")[2], VISA)["status"] == "succeeded"
    order_id = str(ordered.url).rpartition("/")[2]
    until(lambda: buyer.state(order_id) == "paid")
    assert "paid" in pages.get(f"/console/orders/{order_id}").text
    assert "120 of 120 left" in pages.get("/console/").text
    # The card is on file for the renewal, and can be taken off.
    assert "card on file" in pages.get("/console/bills").text
    assert "card on file" not in pages.post("/console/bills/card/remove").text
    pages.close()


async def test_an_order_is_looked_up_by_its_session(stripe: StripeServer) -> None:
    provider = Stripe(KEY, SECRET, stripe.url, frozenset(), "page")
    ask = Ask("order_x", "Lite", 600, "USD", 1 << 50, "http://127.0.0.1/n", "http://127.0.0.1/r")
    checkout = await provider.begin(ask)
    # The same order again is the same session.
    assert await provider.begin(ask) == checkout
    assert (await provider.look_up(ask, checkout.reference)).state == "pending"
    stripe.pays_on_page(checkout.reference, VISA)
    found = await provider.look_up(ask, checkout.reference)
    assert (found.state, found.amount_minor, found.currency) == ("paid", 600, "USD")
    assert found.order_id == "order_x"
