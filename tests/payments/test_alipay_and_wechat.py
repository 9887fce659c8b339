"""Alipay and WeChat Pay against local servers that sign as theirs do: buying, payments that are
closed, notifications that come twice, late, forged, for another amount, to the wrong address, or
never; refunds by the provider."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from payments.conftest import MODEL, Buyer, Operator
from support import alipay_server, wechat_server
from support.alipay_server import AlipayServer, new_key
from support.service import Service
from support.wechat_server import WeChatServer

CONFIG = (
    MODEL
    + """
[payments]
public_url = "http://127.0.0.1:8787"
[payments.alipay]
app_id = "{ali_app}"
private_key_file = "{ali_key}"
alipay_public_key_file = "{ali_public}"
gateway = "{ali_url}"
[payments.wechat]
app_id = "{we_app}"
merchant_id = "{we_merchant}"
private_key_file = "{we_key}"
certificate_serial = "{we_serial}"
api_key_env = "WECHAT_API_KEY"
public_key_file = "{we_public}"
public_key_id = "{we_public_id}"
base_url = "{we_url}"
"""
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class World:
    """One provider with its server; ``closed``: how it says that a payment came to nothing."""

    name: str
    server: Any
    closed: str
    amount: Any

    def scan(self, order: dict[str, Any]) -> str:
        return str(self.server.opened_page(order["checkout"]["value"]))

    def note(self, number: str, **changed: Any) -> tuple[bytes, dict[str, str]]:
        made = self.server.notification(number, **changed)
        return made if isinstance(made, tuple) else (made, FORM)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    folder = tmp_path_factory.mktemp("keys")
    ali, we = AlipayServer(folder), WeChatServer(folder)
    yield {
        "alipay": World("alipay", ali, "TRADE_CLOSED", {"total_amount": "0.01"}),
        "wechat": World("wechat", we, "CLOSED", {"amount": {"total": 1, "currency": "CNY"}}),
    }
    ali.close()
    we.close()


@pytest.fixture(scope="module")
def service(
    servers: dict[str, World], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    ali, we = servers["alipay"].server, servers["wechat"].server
    values = {
        "ali_app": alipay_server.APP, "ali_key": ali.merchant_file, "ali_public": ali.public_file,
        "ali_url": ali.url, "we_app": wechat_server.APP, "we_merchant": wechat_server.MERCHANT,
        "we_key": we.merchant_file, "we_serial": wechat_server.SERIAL,
        "we_public": we.public_file, "we_public_id": wechat_server.PUBLIC_KEY_ID, "we_url": we.url,
    }  # fmt: skip
    config = CONFIG
    for name, value in values.items():
        config = config.replace(f"{{{name}}}", str(value))
    environment = {"WECHAT_API_KEY": wechat_server.API_KEY}
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, config, environment=environment) as running:
        yield running


@pytest.fixture(params=["alipay", "wechat"])
def world(request: pytest.FixtureRequest, servers: dict[str, World]) -> World:
    return servers[request.param]


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service)


def notify(service: Service, name: str, body: bytes, headers: dict[str, str]) -> int:
    with service.client() as http:
        answered = http.post(f"/api/payments/{name}/notify", content=body, headers=headers)
        return answered.status_code


def buyer_of(service: Service, world: World, what: str) -> Buyer:
    return Buyer(service, f"{what}-{world.name}@example.org", currency="CNY")


def test_buying_with_notifications_twice_and_after_a_closing_one(
    service: Service, world: World, operator: Operator
) -> None:
    buyer = buyer_of(service, world, "twice")
    order = buyer.order(world.name)
    number = world.scan(order)
    assert buyer.state(order["id"]) == "pending"
    world.server.pays(number)
    for _ in range(3):
        assert notify(service, world.name, *world.note(number)) == 200
    assert buyer.state(order["id"]) == "paid"
    assert buyer.subscription()["plan"] == "lite"
    world.server.pays(number, world.closed)
    assert notify(service, world.name, *world.note(number)) == 200
    assert buyer.state(order["id"]) == "paid"
    assert len(buyer.get("entries")) == 2
    world.server.pays(number)
    operator.books_are_right()


def test_a_payment_that_was_closed_and_came_after_all(
    service: Service, world: World, operator: Operator
) -> None:
    buyer = buyer_of(service, world, "closed")
    order = buyer.order(world.name)
    number = world.scan(order)
    world.server.pays(number, world.closed)
    assert notify(service, world.name, *world.note(number)) == 200
    assert buyer.state(order["id"]) == "failed"
    assert buyer.subscription()["plan"] is None
    world.server.pays(number)
    assert notify(service, world.name, *world.note(number)) == 200
    assert buyer.state(order["id"]) == "paid"
    assert buyer.subscription()["plan"] == "lite"
    operator.books_are_right()


def test_a_payment_that_comes_days_late_is_on_the_balance(
    service: Service, world: World, operator: Operator
) -> None:
    buyer = buyer_of(service, world, "late")
    order = buyer.order(world.name)
    number = world.scan(order)
    operator.days_pass(buyer.email, 3)
    assert buyer.state(order["id"]) == "expired"
    world.server.pays(number)
    assert notify(service, world.name, *world.note(number)) == 200
    assert buyer.state(order["id"]) == "credited"
    assert (buyer.balance(), buyer.subscription()["plan"]) == (40_00, None)
    operator.books_are_right()


def test_forged_notifications_do_nothing(service: Service, world: World) -> None:
    buyer = buyer_of(service, world, "forged")
    order = buyer.order(world.name)
    number = world.scan(order)
    world.server.pays(number)
    body, headers = world.note(number)
    real, world.server._key = world.server._key, new_key()
    forged = world.note(number)
    world.server._key = real
    for one in (
        forged, (body.replace(b"40.00", b"4.00")[:-3] + b"AAA", headers), (b"", headers),
        (b"{}", {}), (body[:-9], headers), (body, {**headers, "wechatpay-nonce": "x"})
        if world.name == "wechat" else (b"out_trade_no=x&trade_status=TRADE_SUCCESS", headers),
    ):  # fmt: skip
        assert notify(service, world.name, *one) == 401
    # The other provider's address does not take it either.
    other = "wechat" if world.name == "alipay" else "alipay"
    assert notify(service, other, body, headers) == 401
    assert notify(service, "manual", body, headers) == 401
    assert notify(service, "nobody", body, headers) == 400
    assert buyer.state(order["id"]) == "pending"
    assert buyer.subscription()["plan"] is None


def test_another_applications_payment_is_refused(service: Service, world: World) -> None:
    buyer = buyer_of(service, world, "other")
    number = world.scan(buyer.order(world.name))
    world.server.pays(number)
    name = "app_id" if world.name == "alipay" else "appid"
    assert notify(service, world.name, *world.note(number, **{name: "another"})) == 401


def test_one_providers_order_is_not_paid_by_another(
    service: Service, servers: dict[str, World], world: World
) -> None:
    buyer = buyer_of(service, world, "crossed")
    own = buyer.order(world.name)
    world.scan(own)
    other = servers["wechat" if world.name == "alipay" else "alipay"]
    number = other.scan(buyer.order(other.name))
    other.server.pays(number)
    told = own["id"].removeprefix("order_") if other.name == "wechat" else own["id"]
    assert notify(service, other.name, *other.note(number, out_trade_no=told)) == 401
    assert buyer.state(own["id"]) == "pending"


def test_a_payment_that_nobody_told_of_is_found(
    service: Service, world: World, operator: Operator
) -> None:
    buyer = buyer_of(service, world, "lost")
    order = buyer.order(world.name)
    world.server.pays(world.scan(order))
    operator.days_pass(buyer.email, 1)
    assert buyer.state(order["id"]) == "paid"
    assert buyer.subscription()["plan"] == "lite"
    operator.books_are_right()


def test_another_amount_is_on_the_balance(
    service: Service, world: World, operator: Operator
) -> None:
    buyer = buyer_of(service, world, "amount")
    order = buyer.order(world.name)
    number = world.scan(order)
    world.server.pays(number)
    assert notify(service, world.name, *world.note(number, **world.amount)) == 200
    assert buyer.state(order["id"]) == "credited"
    assert (buyer.balance(), buyer.subscription()["plan"]) == (1, None)
    assert order["id"] in {alert["about"] for alert in operator.get("alerts")}


def test_a_provider_that_is_away_loses_nothing(service: Service, world: World) -> None:
    buyer = buyer_of(service, world, "away")
    due = buyer.preview()["due_minor"]
    body = {"provider": world.name, "currency": "CNY", "plan": "lite", "due_minor": due}
    world.server.away = True
    try:
        asked = buyer.http.post(
            "/api/account/orders", json=body, headers={"idempotency-key": "the-same-key"}
        )
        page = world.name == "alipay"  # its page's address is made without asking
        assert asked.status_code == (201 if page else 502)
    finally:
        world.server.away = False
    again = buyer.http.post(
        "/api/account/orders", json=body, headers={"idempotency-key": "the-same-key"}
    ).json()
    assert len(buyer.get("orders")) == 1
    number = world.scan(again)
    world.server.pays(number)
    assert notify(service, world.name, *world.note(number)) == 200
    assert buyer.state(again["id"]) == "paid"


def test_a_refund_goes_back_by_the_provider_once(
    service: Service, world: World, operator: Operator
) -> None:
    buyer = buyer_of(service, world, "refund")
    order = buyer.order(world.name)
    number = world.scan(order)
    world.server.pays(number)
    assert notify(service, world.name, *world.note(number)) == 200
    world.server.refunds.clear()
    headers = {"idempotency-key": f"refund-of-{order['id']}"}
    body = {"amount": "15.00", "reason": "a test", "to": "provider", "ends_plan": False}
    for _ in range(3):
        given = operator.http.post(
            f"/api/admin/orders/{order['id']}/refund", json=body, headers=headers
        )
        assert given.status_code == 200, given.text
    assert list(world.server.refunds.values()) in ([15_00], ["15.00"])
    more = operator.post(
        f"orders/{order['id']}/refund", amount="25.01", reason="too much", to="provider"
    )
    assert more["error"]["code"] == "not_refundable"
    assert (buyer.balance(), buyer.subscription()["plan"]) == (0, "lite")
    assert [one["total_minor"] for one in buyer.get("invoices")] == [-15_00, 40_00]
    operator.books_are_right()


def paid_by(service: Service, world: World, what: str) -> tuple[Buyer, dict[str, Any], str]:
    buyer = buyer_of(service, world, what)
    order = buyer.order(world.name)
    number = world.scan(order)
    world.server.pays(number)
    assert notify(service, world.name, *world.note(number)) == 200
    return buyer, order, number


def tell_of_refund(service: Service, world: World, number: str, *told: Any) -> int:
    made = world.server.refund_notification(number, *told)
    return notify(service, world.name, *(made if isinstance(made, tuple) else (made, FORM)))


def test_a_refund_that_somebody_made_at_the_provider(
    service: Service, world: World, operator: Operator
) -> None:
    buyer, order, number = paid_by(service, world, "dashboard")
    for _ in range(2):
        assert tell_of_refund(service, world, number, "of-a-person-1", 10_00, 10_00) == 200
    assert [one["total_minor"] for one in buyer.get("invoices")] == [-10_00, 40_00]
    assert buyer.preview("pro")["due_minor"] in (170_00, 170_01)
    assert tell_of_refund(service, world, number, "of-a-person-2", 30_00, 40_00) == 200
    assert buyer.state(order["id"]) == "refunded"
    assert buyer.subscription()["state"] == "expired"
    assert order["id"] in {alert["about"] for alert in operator.get("alerts")}
    operator.books_are_right()


def test_our_own_refund_is_told(service: Service, world: World, operator: Operator) -> None:
    buyer, order, number = paid_by(service, world, "ours")
    world.server.refunds.clear()
    operator.post(f"orders/{order['id']}/refund", amount="15.00", reason="a", to="provider")
    (name,) = world.server.refunds
    for _ in range(2):
        assert tell_of_refund(service, world, number, name, 15_00, 15_00) == 200
    assert [one["total_minor"] for one in buyer.get("invoices")] == [-15_00, 40_00]
    operator.books_are_right()


def test_a_refund_of_another_program_is_taken_and_left(
    service: Service, world: World, operator: Operator
) -> None:
    number = paid_by(service, world, "foreign")[2]
    before = operator.get("ledger")
    trades, name = world.server.trades, {"alipay": "trade_no", "wechat": "transaction_id"}
    trades["another"] = {**trades[number], "out_trade_no": "another", name[world.name]: "4711"}
    assert tell_of_refund(service, world, "another", "theirs", 1_00, 1_00) == 200
    assert notify(service, world.name, *world.note("another")) == 200
    assert operator.get("ledger") == before
    del trades["another"]


def test_wechat_says_that_a_refund_was_refused(
    service: Service, servers: dict[str, World], operator: Operator
) -> None:
    world = servers["wechat"]
    buyer, order, number = paid_by(service, world, "abnormal")
    world.server.refunds.clear()
    operator.post(f"orders/{order['id']}/refund", amount="15.00", reason="a", to="provider")
    (name,) = world.server.refunds
    for _ in range(2):
        assert tell_of_refund(service, world, number, name, 15_00, 0, "ABNORMAL") == 200
    assert buyer.balance() == 15_00
    operator.books_are_right()
