"""Money's addresses and commands on a running service: the OpenAPI document, transfers, codes, test
clocks, refunds, invoices as PDF, statements and CSV, organisations, restrictions, mail."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from pypdf import PdfReader

from payments.conftest import Buyer, Operator, until
from support.inbox import Inbox, opened_inbox
from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import ScriptedUpstream

MORE = """
[money]
bank_details = ["Bank of Somewhere", "Account 1234"]

[seller]
name = "智谱 Reseller Ltd"
address = ["1 Some Street"]
tax_id = "TAX-1"
tax_name = "VAT"
tax_percent = 6.0
invoice_prefix = "CP-"

[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "codeplan <plans@example.org>"

[[packs]]
id = "million"
name = "A million tokens"
tokens = 1_000_000
days = 30
prices = {{ CNY = "9.00" }}
"""
PRICED = 'windows = [{ unit = "prompt", per = "5h", limit = 2 }]'


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with opened_inbox() as box:
        yield box


@pytest.fixture(scope="module")
def service(inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream:
        text = catalogue(upstream.base_url, limit=2)
        head, _, plan = text.partition("[[plans]]")
        plans = ""
        for name, price in (("lite", "40.00"), ("pro", "200.00")):
            one = plan.replace('id = "lite"', f'id = "{name}"')
            one = one.replace('name = "Lite"', f'name = "{name.title()}"')
            plans += f'[[plans]]{one}prices.CNY = {{ month = "{price}", year = "480.00" }}\n'
        config = head + plans + MORE.format(port=inbox.port)
        with Service(tmp_path_factory.mktemp("money"), config) as running:
            yield running


@pytest.fixture
def operator(service: Service) -> Operator:
    return Operator(service)


def buyer(service: Service, name: str) -> Buyer:
    return Buyer(service, f"{name}@example.org", currency="CNY")


def admin(service: Service, *words: str) -> Any:
    return service.cli("admin", *words, "--url", service.url, "--data", str(service.data))


def test_the_openapi_document_is_valid_and_says_what_there_is(service: Service) -> None:
    with service.client() as http:
        document = http.get("/api/openapi.json").json()
        validate(document)
        moving = 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                assert operation["summary"], path
                names = [one["name"] for one in operation["parameters"]]
                asked = http.request(method, path.replace("{id}", "x"), json={})
                if operation.get("security"):
                    assert asked.status_code == 401, (path, asked.text)
                moving += "Idempotency-Key" in names
        assert moving == 22
        assert len(document["paths"]) >= 45


def test_what_moves_money_wants_a_key_and_bad_bodies_are_told(service: Service) -> None:
    one = buyer(service, "bad")
    body = {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 40_00}
    without = one.http.post("/api/account/purchase", json=body)
    assert (without.status_code, without.json()["error"]["code"]) == (400, "1213")
    for bad in ({}, {**body, "period": "week"}, {**body, "more": 1}, {**body, "due_minor": "40"}):
        told = one.http.post("/api/account/purchase", json=bad, headers=one.once())
        assert (told.status_code, told.json()["error"]["code"]) == (400, "1210")
    for path, code in (("preview?plan=none", "1211"), ("preview?plan=lite&currency=USD", "1211"),
                       ("preview?plan=lite&period=week", "1214"), ("entries?limit=0", "1214"),
                       ("orders/x", "not_found"), ("statements?month=no", "1214")):  # fmt: skip
        assert one.get(path)["error"]["code"] == code, path
    assert one.get("entries") == []


def test_a_transfer_that_an_operator_confirms(service: Service, operator: Operator) -> None:
    one = buyer(service, "transfer")
    order = one.order("manual")
    assert order["checkout"]["kind"] == "transfer"
    assert "Account 1234" in order["checkout"]["value"]
    assert order["id"] in order["checkout"]["value"]
    assert one.subscription() == {"plan": None, "state": "pending", "order_id": order["id"]}
    for _ in range(2):
        made = admin(service, "order", "confirm", order["id"], "40.00", "--reference", "T-77")
        assert made["state"] == "paid"
    assert one.subscription()["plan"] == "lite"
    assert one.balance() == 0
    operator.books_are_right()


def test_codes_clocks_and_letters(service: Service, inbox: Inbox, operator: Operator) -> None:
    one = buyer(service, "codes")
    codes = admin(service, "codes", "make", "spring", "2", "--amount", "100.00")["codes"]
    for code in codes:
        redeemed = one.http.post("/api/account/redeem", json={"code": code}, headers=one.once())
        assert redeemed.status_code == 200
    again = one.http.post("/api/account/redeem", json={"code": codes[0]}, headers=one.once())
    assert again.json()["error"]["code"] == "code_used_by_you"
    body = {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 40_00}
    assert one.http.post("/api/account/purchase", json=body, headers=one.once()).status_code == 201
    moved = admin(service, "clock", one.email, "--days", "100")
    assert (moved["plan"], moved["state"]) == ("lite", "active")
    assert one.balance() == 200_00 - 4 * 40_00
    moved = admin(service, "clock", one.email, "--days", "60")
    assert moved["state"] == "expired"
    until(lambda: "Lite has ended" in inbox.to(one.email))
    subjects = [subject.partition(" on ")[0].partition(":")[0] for subject in inbox.to(one.email)]
    assert subjects.count("Lite") == 5  # each purchase and renewal
    assert subjects.count("Lite renews") == 5
    assert subjects.count("Lite could not be renewed") >= 1
    assert subjects[-1] == "Lite has ended"
    ids = [str(mail["message-id"]) for mail in inbox.mails]
    assert len(ids) == len(set(ids))
    operator.books_are_right()


def test_bills(service: Service, operator: Operator) -> None:
    one = buyer(service, "bills")
    operator.post("balance", email=one.email, amount="300.00", currency="CNY", reference="T-1")
    one.http.put("/api/account/bill-to", json={"name": "张三 GmbH", "address": ["Allee 1"]})
    for plan, due in (("lite", 40_00),):
        body = {"plan": plan, "period": "month", "currency": "CNY", "due_minor": due}
        bought = one.http.post("/api/account/purchase", json=body, headers=one.once())
        assert bought.status_code == 201
    pack = one.http.post(
        "/api/account/packs", json={"pack": "million", "currency": "CNY"}, headers=one.once()
    )
    assert pack.json()["left"] == 10**6
    invoices = one.get("invoices")
    assert [shown["total_minor"] for shown in invoices] == [9_00, 40_00]
    assert invoices[1]["tax"] == "¥2.26"
    answered = one.http.get(f"/api/account/invoices/{invoices[1]['id']}/pdf")
    assert answered.headers["content-type"] == "application/pdf"
    text = PdfReader(io.BytesIO(answered.content)).pages[0].extract_text()
    for part in (invoices[1]["number"], "¥40.00", "VAT (6 %)", "¥2.26", "Allee 1", "张三", "智谱"):
        assert part in text, (part, text)
    other = buyer(service, "nosy")
    assert other.http.get(f"/api/account/invoices/{invoices[1]['id']}/pdf").status_code == 404
    month = one.get("orders")[0]["made_at"][:7]
    (statement,) = one.get(f"statements?month={month}")
    assert statement["opening"] == "¥0.00"
    assert statement["changes"] == {"top_up": "¥300.00", "purchase": "-¥49.00"}
    assert statement["closing"] == "¥251.00"
    table = list(csv.DictReader(io.StringIO(one.http.get("/api/account/expenses.csv").text)))
    assert [row["change"] for row in table] == ["300.00", "-40.00", "-9.00"]
    assert {row["currency"] for row in table} == {"CNY"}
    some = one.http.get("/api/account/expenses.csv?kind=top_up").text
    assert len(some.splitlines()) == 2
    none = one.http.get("/api/account/expenses.csv?until=2020-01-01T00:00%2B00:00").text
    assert len(none.splitlines()) == 1


def test_refunds_restrictions_and_the_audit_log(service: Service, operator: Operator) -> None:
    one = buyer(service, "refunds")
    operator.post("balance", email=one.email, amount="40.00", currency="CNY", reference="T-2")
    body = {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 40_00}
    one.http.post("/api/account/purchase", json=body, headers=one.once())
    ask = {"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello"}]}

    def call() -> httpx.Response:
        with service.client() as http:
            return http.post(
                "/api/coding/paas/v4/chat/completions",
                headers={"authorization": f"Bearer {one.key}", **opencode("ses_1")},
                json=ask,
            )

    assert call().status_code == 200
    admin(service, "account", "restrict", one.email, "--why", "shared with many")
    assert one.subscription()["state"] == "restricted"
    refused = call()
    assert "shared with many" in refused.text
    assert refused.status_code in (403, 429)
    admin(service, "account", "restrict", one.email)
    assert call().status_code == 200
    (order,) = admin(service, "order", "list", "--email", one.email)
    given = admin(
        service, "order", "refund", order["id"], "40.00", "--reason", "as a favour", "--ends-plan"
    )
    assert given["state"] == "refunded"
    assert (one.balance(), one.subscription()["plan"]) == (40_00, None)
    asked = [line["address"] for line in operator.get("audit")]
    assert f"POST /api/admin/orders/{order['id']}/refund" in asked
    assert asked.count("POST /api/admin/restrictions") == 2
    assert admin(service, "ledger", "check") == {"findings": []}


def test_an_organisation_over_http(service: Service, inbox: Inbox, operator: Operator) -> None:
    owner, friend = buyer(service, "owner"), buyer(service, "friend")
    made = owner.http.post(
        "/api/account/teams", json={"name": "Works", "email": "works@example.org"}
    ).json()
    team = made["id"]
    operator.post(
        "balance", email="works@example.org", amount="80.00", currency="CNY", reference="T-3"
    )
    body = {
        "plan": "lite", "period": "month", "currency": "CNY", "due_minor": 80_00, "seats": 2,
    }  # fmt: skip
    at = f"/api/account/purchase?team={team}"
    assert friend.http.post(at, json=body, headers=friend.once()).status_code == 403
    bought = owner.http.post(at, json=body, headers=owner.once())
    assert bought.status_code == 201, bought.text
    invited = owner.http.post(
        f"/api/account/teams/{team}/invitations", json={"email": friend.email},
        headers=owner.once(),
    ).json()  # fmt: skip
    until(lambda: inbox.to(friend.email) == ["Invitation to Works"])
    joined = friend.http.post("/api/account/teams/join", json={"token": invited["token"]}).json()
    own = owner.http.post(f"/api/account/teams/{team}/keys").json()["key"]

    def call(key: str, session: str) -> int:
        with service.client() as http:
            return http.post(
                "/api/coding/paas/v4/chat/completions",
                headers={"authorization": f"Bearer {key}", **opencode(session)},
                json={"model": "glm-4.6", "messages": [{"role": "user", "content": session}]},
            ).status_code

    # Each seat has its own two prompts.
    assert [call(joined["key"], f"a{n}") for n in range(3)] == [200, 200, 403]
    assert [call(own, f"b{n}") for n in range(3)] == [200, 200, 403]
    shown = owner.http.get(f"/api/account/teams/{team}").json()
    assert (shown["seats"], len(shown["members"])) == (2, 2)
    assert (shown["next_seats"], shown["without_seat"]) == (2, [])
    following = {"plan": "lite", "period": "month", "seats": 3}
    change = f"/api/account/change?team={team}"
    changed = owner.http.post(change, json=following, headers=owner.once()).json()
    assert (changed["next_seats"], changed["without_seat"]) == (3, [])
    few = owner.http.post(change, json={**following, "seats": 1}, headers=owner.once())
    assert few.json()["error"]["code"] == "seats_invalid"
    assert owner.http.get(f"/api/account/teams/{team}").json()["next_seats"] == 3
    member = next(one for one in shown["members"] if one["role"] == "member")
    path = f"/api/account/teams/{team}/members/{member['account_id']}"
    assert friend.http.put(path, json={"prompts_a_month": 1}).status_code == 403
    assert owner.http.put(path, json={"prompts_a_month": 1}).status_code == 200
    # An admin may what a member may not; the owner stays the owner.
    assert friend.http.put(f"{path}/role", json={"role": "admin"}).status_code == 403
    assert owner.http.put(f"{path}/role", json={"role": "owner"}).status_code == 403
    assert owner.http.put(f"{path}/role", json={"role": "admin"}).json() == {"role": "admin"}
    assert friend.http.put(path, json={"prompts_a_month": 2}).status_code == 200
    first = next(one for one in shown["members"] if one["role"] == "owner")
    of_owner = f"/api/account/teams/{team}/members/{first['account_id']}/role"
    assert friend.http.put(of_owner, json={"role": "member"}).status_code == 403
    assert owner.http.delete(path).status_code == 200
    # An offer that is withdrawn is worth nothing, and its seat is free for another.
    offer = f"/api/account/teams/{team}/invitations"
    token = owner.http.post(
        offer, json={"email": friend.email}, headers=owner.once()
    ).json()["token"]  # fmt: skip
    full = owner.http.post(offer, json={"email": "x@example.org"}, headers=owner.once())
    assert full.json()["error"]["code"] == "seats_taken"
    (offered,) = owner.http.get(f"/api/account/teams/{team}").json()["invitations"]
    assert friend.http.delete(f"{offer}/{offered['id']}").status_code == 403
    assert owner.http.delete(f"{offer}/{offered['id']}").status_code == 200
    late = friend.http.post("/api/account/teams/join", json={"token": token})
    assert late.json()["error"]["code"] == "invitation_invalid"
    assert owner.http.delete(f"{offer}/{offered['id']}").status_code == 400
    assert call(joined["key"], "c") == 401
    # His own account is what it was.
    assert friend.subscription()["plan"] is None
    with service.client(headers={"authorization": own}) as http:
        (listed,) = http.get("/api/biz/subscription/list").json()["data"]
    assert listed["productName"] == "GLM Coding Lite"
    operator.books_are_right()


def test_keys_are_made_named_rotated_and_ended(service: Service) -> None:
    one = buyer(service, "keys")

    def serves(key: str) -> bool:
        with service.client(headers={"authorization": f"Bearer {key}"}) as http:
            return http.get("/api/account/keys").status_code == 200

    made = one.http.post("/api/account/keys", json={"name": "laptop"}).json()
    assert serves(made["key"])
    assert [(key["name"], key["hint"]) for key in one.get("keys")] == [
        ("laptop", f"…{made['key'][-4:]}"), ("", f"…{one.key[-4:]}"),
    ]  # fmt: skip
    one.http.put(f"/api/account/keys/{made['id']}", json={"name": "desk"})
    rotated = one.http.post(f"/api/account/keys/{made['id']}/rotate").json()
    assert (serves(made["key"]), serves(rotated["key"])) == (False, True)
    assert one.get("keys")[0]["name"] == "desk"
    assert one.http.delete(f"/api/account/keys/{rotated['id']}").status_code == 200
    assert not serves(rotated["key"])
    again = one.http.delete(f"/api/account/keys/{rotated['id']}")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "not_found")
    other = buyer(service, "thief")
    own = one.get("keys")[0]["id"]
    assert other.http.delete(f"/api/account/keys/{own}").status_code == 404
