"""Codes of every kind, typed as people type them, and why one is not taken; and idempotency keys:
over the API, the console and the command line."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from payments.conftest import Buyer, Operator
from support.console import Pages
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

PRICED = 'windows = [{ unit = "prompt", per = "5h", limit = 120 }]\n'
MORE = """
[[plans]]
id = "pro"
name = "Pro"
prices.CNY = { month = "200.00", year = "2000.00" }
windows = [{ unit = "prompt", per = "5h", limit = 600 }]
models = ["glm-4.6"]

[[packs]]
id = "million"
name = "A million tokens"
tokens = 1_000_000
days = 30
prices = { CNY = "9.00" }

[referral]
credit_percent = 10.0

"""
PROMOTION = """
[[promotions]]
id = "p{place}"
name = "{code}"
code = "{code}"
from = {begin}
to = {end}
zone = "UTC"
for = ["first", "another", "upgrade"]
percent_off = 50
{more}
"""
NOW, LONG_AGO, FAR = "2026-01-01", "2020-01-01", "2099-12-31"
PROMOTIONS = (
    ("SAVE-15", NOW, FAR, ""),
    ("WAS-GOOD", LONG_AGO, "2020-12-31", ""),
    ("WILL-BE", "2099-01-01", FAR, ""),
    ("FEW", NOW, FAR, "limit = 1"),
    ("PRO-ONLY", NOW, FAR, 'plans = ["pro"]'),
    ("YEARLY", NOW, FAR, 'periods = ["year"]'),
    ("双十一", NOW, FAR, ""),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream:
        text = catalogue(upstream.base_url)
        text = text.replace(PRICED, f'{PRICED}prices.CNY = {{ month = "40.00" }}\n') + MORE
        for place, (code, begin, end, more) in enumerate(PROMOTIONS):
            text += PROMOTION.format(place=place, code=code, begin=begin, end=end, more=more)
        with Service(tmp_path_factory.mktemp("codes"), text) as running:
            yield running


@pytest.fixture(scope="module")
def operator(service: Service) -> Operator:
    return Operator(service)


def buyer(service: Service, name: str, balance: str = "") -> Buyer:
    one = Buyer(service, f"{name}@example.org", "CNY")
    if balance:
        Operator(service).post(
            "balance", email=one.email, amount=balance, currency="CNY", reference=f"for {name}"
        )
    return one


def wish(**more: Any) -> dict[str, Any]:
    return {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 20_00, **more}


def error(refused: httpx.Response) -> tuple[int, str]:
    return refused.status_code, str(refused.json()["error"]["code"])


@pytest.mark.parametrize("typed", ["save15", "Save 15", "ＳＡＶＥ－１５", "sa-ve—15", "SAVE‑15 "])
def test_a_coupon_is_taken_however_it_is_typed(service: Service, typed: str) -> None:
    one = buyer(service, f"coupon-{typed.encode().hex()}")
    query = {"plan": "lite", "currency": "CNY", "code": typed}
    assert one.http.get("/api/account/preview", params=query).json()["due_minor"] == 20_00


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("NOTHING", (400, "code_unknown")),
        ("was good", (409, "code_expired")),
        ("WILLBE", (409, "code_not_yet")),
        ("pro—only", (409, "code_not_for_this")),
        ("yearly", (409, "code_not_for_this")),
    ],
)
def test_a_coupon_that_does_not_apply_says_why(
    service: Service, code: str, why: tuple[int, str]
) -> None:
    one = buyer(service, f"not-{code.encode().hex()}", "100.00")
    query = {"plan": "lite", "currency": "CNY", "code": code}
    assert error(one.http.get("/api/account/preview", params=query)) == why
    bought = one.http.post("/api/account/purchase", json=wish(codes=[code]), headers=one.once())
    assert error(bought) == why
    assert one.balance() == 100_00


def test_a_coupon_that_few_may_have_is_used_up(service: Service) -> None:
    first, second = buyer(service, "few1", "100.00"), buyer(service, "few2", "100.00")
    body = wish(codes=["f e w"])
    assert first.http.post("/api/account/purchase", json=body, headers=first.once()).is_success
    refused = second.http.post("/api/account/purchase", json=body, headers=second.once())
    assert error(refused) == (409, "code_used_up")


def test_a_referral_code_says_why_too(service: Service) -> None:
    inviter, friend = buyer(service, "inviter"), buyer(service, "friend", "500.00")
    code = inviter.get("referral")["code"]
    query = {"plan": "lite", "currency": "CNY"}

    def preview(who: Buyer, referral: str) -> httpx.Response:
        return who.http.get("/api/account/preview", params={**query, "referral": referral})

    assert error(preview(friend, "BBBBBCCCCC")) == (400, "code_unknown")
    assert error(preview(inviter, code.lower())) == (409, "code_not_for_this")
    body = wish(due_minor=40_00, referral=f"{code[:5].lower()}－{code[5:]}")
    assert friend.http.post("/api/account/purchase", json=body, headers=friend.once()).is_success
    assert error(preview(friend, code)) == (409, "code_not_for_this")


def test_a_redeem_code_says_why(service: Service, operator: Operator) -> None:
    mine, other = buyer(service, "mine"), buyer(service, "other")
    codes = operator.post("codes", batch="spring", number=2, amount="10.00")["codes"]
    old = operator.post("codes", batch="old", number=1, amount="10.00", expires="2020-01-31")

    def redeem(who: Buyer, code: str) -> httpx.Response:
        return who.http.post("/api/account/redeem", json={"code": code}, headers=who.once())

    typed = f" {codes[0].replace('-', ' — ').lower()}"
    assert redeem(mine, typed).is_success
    assert error(redeem(mine, codes[0])) == (409, "code_used_by_you")
    assert error(redeem(other, codes[0])) == (409, "code_used_up")
    assert error(redeem(other, old["codes"][0])) == (409, "code_expired")
    assert error(redeem(other, "BBBBB-CCCCC-DDDDD-FFFFF-GGGGG")) == (400, "code_unknown")
    address = ("--url", service.url, "--key", other.key)
    assert service.cli("redeem", codes[1].lower(), *address)["amount_minor"] == 10_00
    told = service.cli("redeem", codes[1], *address)
    assert "you have redeemed that code already" in str(told)


def test_the_console_says_it_in_words(service: Service) -> None:
    pages = Pages(service)
    pages.with_key(buyer(service, "reads").key)
    for language, code, sentence in (
        ("en", "nothing", "There is no such code."),
        ("en", "was good", "That code has expired."),
        ("en", "will be", "That code cannot be used yet."),
        ("en", "pro only", "That code is not for this purchase"),
        ("zh", "yearly", "该代码不适用于本次购买"),
        ("zh", "nothing", "没有这个代码"),
    ):
        shown = pages.http.get(
            f"/console/plans/buy?plan=lite&period=month&currency=CNY&codes={code}",
            headers={"accept-language": language},
        )
        assert sentence in shown.text, (language, code)
    both = pages.get(
        "/console/plans/buy?plan=lite&period=month&currency=CNY&codes=save 15, 双 十一"
    )
    assert "20.00" in both.text


# -- idempotency keys -----------------------------------------------------------------------------


def test_the_same_key_with_another_request_is_refused(service: Service) -> None:
    one = buyer(service, "keys", "500.00")
    once = one.once()
    body = wish(codes=["SAVE-15"])
    first = one.http.post("/api/account/purchase", json=body, headers=once)
    assert first.status_code == 201
    # The same, written otherwise.
    odd = (
        b'{ "codes":["SAVE-15"],"due_minor": 2000,\n "currency":"CNY","period":"month",'
        b'"plan":"lite", "seats": 0 }'
    )
    again = one.http.post("/api/account/purchase", content=odd, headers=once)
    assert (again.status_code, again.json()) == (201, first.json())
    before = one.balance()
    reused = (409, "idempotency_key_reused")
    for path, other in (
        ("purchase", {**body, "plan": "pro"}),
        ("purchase", {**body, "due_minor": 20_01}),
        ("packs", {"pack": "million", "currency": "CNY"}),
        ("redeem", {"code": "x"}),
        ("cancel", None),
        ("change", {"plan": "lite", "period": "month"}),
        ("purchase?note=1", body),
    ):
        refused = one.http.post(f"/api/account/{path}", json=other, headers=once)
        assert error(refused) == reused, path
    assert one.balance() == before
    # Another account's keys are its own.
    other = buyer(service, "keys-too", "500.00")
    assert other.http.post("/api/account/purchase", json=body, headers=once).status_code == 201


def test_a_request_that_did_nothing_leaves_its_key_free(service: Service) -> None:
    one = buyer(service, "free-again", "10.00")
    once = one.once()
    assert one.http.post("/api/account/purchase", json=wish(), headers=once).status_code == 409
    too_dear = one.http.post("/api/account/purchase", json=wish(due_minor=40_00), headers=once)
    assert too_dear.status_code == 402
    pack = {"pack": "million", "currency": "CNY"}
    assert one.http.post("/api/account/packs", json=pack, headers=once).status_code == 201
    # From here on it stands for that.
    assert one.http.post("/api/account/purchase", json=wish(), headers=once).status_code == 409


def test_of_many_at_once_one_has_an_effect(service: Service) -> None:
    one = buyer(service, "rush", "100.00")
    once, pack = one.once(), {"pack": "million", "currency": "CNY"}
    bodies = [pack] * 8 + [{**pack, "currency": "USD"}] * 4

    def ask(body: dict[str, str]) -> httpx.Response:
        with service.client(headers=dict(one.http.headers)) as http:
            return http.post("/api/account/packs", json=body, headers=once)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, bodies))
    whole = [one.json() for one in answers if one.status_code == 201]
    assert whole and all(one == whole[0] for one in whole)
    assert {one.status_code for one in answers} <= {201, 400, 409}
    assert one.balance() == 91_00


def test_operators_keys_are_bound_too(service: Service, operator: Operator) -> None:
    one = buyer(service, "bound")
    once = {"idempotency-key": "an operator's own"}
    body = {"email": one.email, "amount": "5.00", "currency": "CNY", "reference": "T-1"}
    for _ in range(2):
        assert operator.http.post("/api/admin/balance", json=body, headers=once).is_success
    other = {**body, "amount": "6.00"}
    refused = operator.http.post("/api/admin/balance", json=other, headers=once)
    assert error(refused) == (409, "idempotency_key_reused")
    assert one.balance() == 5_00


def test_a_form_that_was_sent_stands_for_what_it_said(service: Service) -> None:
    pages = Pages(service)
    pages.with_key(buyer(service, "form-twice", "100.00").key)
    sent = {"pack": "million", "currency": "CNY", "once": "a-form-of-mine-1"}
    assert "done=pack" in str(pages.post("/console/bills/packs", **sent).url)
    assert "done=pack" in str(pages.post("/console/bills/packs", **sent).url)
    other = pages.post("/console/bills/packs", **{**sent, "currency": "USD"})
    assert "problem=repeated" in str(other.url)
    elsewhere = pages.post("/console/redeem", code="x", once=sent["once"])
    assert "problem=repeated" in str(elsewhere.url)
    assert "sent before with other content" in elsewhere.text
