"""Calls that are paid by the token at the general address: packs first, then the balance, to the
millionth; never below zero; and never plan quota for money or money for plan quota."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import Asked, Cut, Reply, Script, ScriptedUpstream

GENERAL = "/api/paas/v4/chat/completions"
CODING = "/api/coding/paas/v4/chat/completions"
PRICES = """
prices = [
  { currency = "CNY", up_to_tokens = 1000, input = "4.00", cached = "0.80", output = "16.00" },
  { currency = "CNY", input = "8.00", cached = "1.60", output = "32.00" },
]
output_tokens = 100
"""
MORE = """
[[packs]]
id = "small"
name = "Forty tokens"
tokens = 40
days = 30
models = ["glm-4.6"]
prices = { CNY = "1.00" }

[money]
overage = {overage}
"""
# 20 read anew at 4 yuan a million, 5 from the cache at 0.80, 7 written at 16.
CALL = Said(text="Yes.", input=20, cached=5, output=7)
COST = 20 * 400 + 5 * 80 + 7 * 1600


def config(upstream: ScriptedUpstream, limit: int = 3, overage: str = "true") -> str:
    text = catalogue(upstream.base_url, limit=limit)
    text = text.replace('id = "glm-4.6"\n', f'id = "glm-4.6"\n{PRICES}', 1)
    return text + MORE.replace("{overage}", overage)


@dataclass
class Market:
    service: Service
    upstream: ScriptedUpstream
    script: Script
    number: int = 0

    def person(self, plan: str | None = None, balance: str = "") -> "Payer":
        self.number += 1
        email = f"payer{self.number}@example.org"
        made = self.service.account(email, plan)
        payer = Payer(self, email, made["key"], made["account_id"])
        if balance:
            payer.pay_in(balance)
        return payer


@dataclass
class Payer:
    market: Market
    email: str
    key: str
    id: str
    sessions: int = 0

    def pay_in(self, amount: str, kind: str = "top_up") -> None:
        service = self.market.service
        more = ("--bonus",) if kind == "bonus" else ()
        service.cli("admin", "account", "credit", self.email, amount, "--reference", "a test",
                    *more, "--url", service.url, "--data", str(service.data))  # fmt: skip

    def ask(self, path: str = GENERAL, tool: bool = False, **body: Any) -> httpx.Response:
        """By a script of one's own, or by a coding tool."""
        self.sessions += 1
        headers = {"authorization": f"Bearer {self.key}"}
        if tool:
            headers |= opencode(f"{self.email} {self.sessions}")
        call = {"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello"}], **body}
        with self.market.service.client() as http:
            return http.post(path, headers=headers, json=call)

    def http(self) -> httpx.Client:
        return self.market.service.client(headers={"authorization": f"Bearer {self.key}"})

    def get(self, path: str) -> Any:
        with self.http() as http:
            return http.get(path).json()

    def millionths(self) -> tuple[int, int]:
        """What can be spent, and what is held."""
        have = self.get("/api/account/balance").get("CNY")
        return (have["total_millionths"], have["held_millionths"]) if have else (0, 0)

    def used(self) -> tuple[int, int]:
        """Of the plan's window: used, and held."""
        window = self.get("/api/account/plan")["windows"][0]
        return window["used"], window["reserved"]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    holder: list[Market] = []

    def script(asked: Asked) -> Reply:
        return holder[0].script(asked)

    folder = tmp_path_factory.mktemp("market")
    with ScriptedUpstream(script) as upstream, Service(folder, config(upstream)) as service:
        holder.append(Market(service, upstream, _says))
        yield holder[0]


@pytest.fixture(autouse=True)
def _as_usual(market: Market) -> None:
    market.script = _says
    market.upstream.calls.clear()


def _says(asked: Asked) -> Reply:
    return answer(asked, CALL)


def code(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["error"]["code"]


def test_nothing_to_pay_with_asks_no_upstream(market: Market) -> None:
    payer = market.person()
    assert code(payer.ask()) == (429, "1113")
    payer.pay_in("0.01")
    short = payer.ask(max_tokens=10_000_000)
    assert code(short) == (429, "1113")
    assert "may cost" in short.json()["error"]["message"]
    assert market.upstream.calls == []
    assert payer.millionths() == (1_000_000, 0)


def test_packs_come_first_then_bonus_then_cash_each_to_the_millionth(market: Market) -> None:
    payer = market.person(balance="1.00")
    with payer.http() as http:
        bought = http.post("/api/account/packs", json={"pack": "small", "currency": "CNY"},
                           headers={"idempotency-key": "a-small-pack"})  # fmt: skip
        assert bought.status_code == 201
    payer.pay_in("0.01", "bonus")
    payer.pay_in("1.00")
    before = payer.millionths()[0]
    first = payer.ask(max_tokens=8)
    assert first.status_code == 200
    # The pack's forty tokens are held for it, thirty-two are used: nothing else is.
    assert payer.millionths() == (before, 0)
    assert payer.get("/api/account/packs")["packs"][0]["left"] == 8
    second = payer.ask()
    assert second.status_code == 200
    beyond = COST * 24 // 32
    assert payer.millionths() == (before - beyond, 0)
    assert payer.get("/api/account/packs")["packs"][0]["state"] == "spent"
    assert payer.ask().status_code == 200
    assert payer.millionths() == (before - beyond - COST, 0)
    balance = payer.get("/api/account/balance")["CNY"]
    assert (balance["bonus_minor"], balance["cash_minor"]) == (0, 100)
    receipt = payer.get(f"/api/usage/prompts/{second.headers['request-id']}")
    assert receipt["paid"]["cost_millionths"] == beyond
    assert (receipt["paid"]["tokens"], receipt["paid"]["tokens_of_packs"]) == (32, 8)
    assert receipt["calls"][0]["tokens"]["cached"] == 5


def test_a_longer_context_has_its_own_price(market: Market) -> None:
    payer = market.person(balance="10.00")
    market.script = lambda asked: answer(asked, Said(text="Yes.", input=900, cached=0, output=1))
    assert payer.ask(messages=[{"role": "user", "content": "x" * 1000}]).status_code == 200
    first = 900 * 400 + 1600
    assert payer.millionths()[0] == 10_00 * 10**6 - first
    assert payer.ask(messages=[{"role": "user", "content": "x" * 9000}]).status_code == 200
    # What counts is what was read, not how long the request was.
    assert payer.millionths()[0] == 10_00 * 10**6 - 2 * first
    market.script = lambda asked: answer(asked, Said(text="Yes.", input=999, cached=2, output=1))
    assert payer.ask(messages=[{"role": "user", "content": "x"}]).status_code == 200
    assert payer.millionths()[0] == 10_00 * 10**6 - 2 * first - 999 * 800 - 2 * 160 - 3200


def test_several_answers_are_held_for_in_full(market: Market) -> None:
    """Enough for one answer of so many tokens, and not for three."""
    payer = market.person(balance="0.01")
    assert payer.ask(max_tokens=500, n=3).status_code == 429
    assert payer.ask(max_tokens=500).status_code == 200


def test_many_at_once_never_go_below_zero(market: Market) -> None:
    """Enough for seven to be held at once: each call costs less than it holds, so more follow."""
    payer = market.person(balance="0.01")
    with ThreadPoolExecutor(24) as pool:
        answered = list(pool.map(lambda _: payer.ask(max_tokens=7).status_code, range(120)))
    paid = answered.count(200)
    assert set(answered) == {200, 429}
    assert 1 <= paid <= 10**6 // COST
    assert payer.millionths() == (10**6 - paid * COST, 0)


def test_what_came_back_of_a_call_that_failed(market: Market) -> None:
    payer = market.person(balance="1.00")
    market.script = lambda _: Reply(status=500, body=b"{}")
    assert payer.ask().status_code == 503
    assert payer.millionths() == (10**8, 0)

    def cut(asked: Asked) -> Reply:
        whole = answer(asked, CALL)
        return Reply(pieces=[*list(whole.pieces)[:2], Cut()], content_type=whole.content_type)

    market.script = cut
    payer.ask(stream=True)
    assert payer.millionths() == (10**8, 0)
    rows = market.service.rows("SELECT state FROM calls WHERE account_id = ?", payer.id)
    assert rows == [("released",), ("released",)]


def test_a_call_that_costs_more_than_there_is_takes_what_there_is(market: Market) -> None:
    payer = market.person(balance="0.01")
    market.script = lambda asked: answer(asked, Said(text="Yes.", input=10**6, output=7))
    assert payer.ask().status_code == 200
    assert payer.millionths() == (0, 0)


def test_a_plan_and_a_balance_never_cross(market: Market) -> None:
    """A tool on the general address draws on the plan and waits when it is used up; a script with
    the same key on the same address draws on the balance; at once."""
    payer = market.person(plan="lite", balance="1.00")
    with ThreadPoolExecutor(16) as pool:
        tools = [pool.submit(payer.ask, GENERAL, True) for _ in range(20)]
        scripts = [pool.submit(payer.ask, GENERAL, False) for _ in range(20)]
        by_tool = [one.result() for one in tools]
        by_script = [one.result() for one in scripts]
    assert [one.status_code for one in by_script] == [200] * 20
    assert sorted(one.status_code for one in by_tool) == [200] * 3 + [403] * 17
    refused = next(one for one in by_tool if one.status_code == 403)
    assert "Usage limit reached for 5 hour" in refused.text
    assert payer.used() == (3, 0)
    assert payer.millionths() == (10**8 - 20 * COST, 0)
    # The plan's own address is for tools alone, whatever the balance.
    assert code(payer.ask(CODING)) == (403, "1220")


def test_a_key_goes_on_with_the_balance_only_where_its_owner_said_so(market: Market) -> None:
    payer = market.person(plan="lite", balance="1.00")
    for _ in range(3):
        assert payer.ask(CODING, tool=True).status_code == 200
    assert payer.ask(CODING, tool=True).status_code == 403
    with payer.http() as http:
        assert http.get("/api/account/overage").json() == {
            "on": False, "a_day": None, "allowed": True,
        }  # fmt: skip
        # A tenth of a yuan: each call holds far less.
        shown = http.put("/api/account/overage", json={"a_day": "0.10"}).json()
        assert shown == {"on": True, "a_day": "¥0.10", "allowed": True}
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda _: payer.ask(CODING, True).status_code, range(8)))
    assert at_once == [200] * 8
    assert payer.millionths() == (10**8 - 8 * COST, 0)
    assert payer.used() == (3, 0)
    row = market.service.rows(
        "SELECT why FROM calls WHERE account_id = ? ORDER BY id DESC LIMIT 1", payer.id
    )
    assert row == [("it goes on with your balance",)]
    # Up to the cap, and no further, also at once.
    with payer.http() as http:
        http.put("/api/account/overage", json={"a_day": "0.01"})
    market.script = lambda asked: answer(asked, Said(text="Yes.", input=500, output=7))
    long = [{"role": "user", "content": "x" * 1100}]

    def ask(_: int) -> int:
        return payer.ask(CODING, True, messages=long).status_code

    with ThreadPoolExecutor(8) as pool:
        capped = list(pool.map(ask, range(8)))
    assert 403 in capped
    assert 10**8 - payer.millionths()[0] <= 10**6
    with payer.http() as http:
        http.put("/api/account/overage", json={"a_day": ""})
    assert payer.ask(CODING, tool=True).status_code == 403


def test_an_operator_may_forbid_it(tmp_path: Path) -> None:
    with (
        ScriptedUpstream(_says) as upstream,
        Service(tmp_path, config(upstream, limit=1, overage="false")) as service,
    ):
        payer = Market(service, upstream, _says).person(plan="lite", balance="1.00")
        with payer.http() as http:
            refused = http.put("/api/account/overage", json={"a_day": "0.10"})
        assert refused.status_code == 400
        assert payer.ask(CODING, tool=True).status_code == 200
        assert payer.ask(CODING, tool=True).status_code == 403
        assert payer.millionths() == (10**8, 0)


def test_what_a_killed_service_held_comes_back(tmp_path: Path) -> None:
    gate_reached: list[Asked] = []
    with ScriptedUpstream(_says) as upstream:
        market = Market(Service(tmp_path, config(upstream)), upstream, _says)
        market.service.start()
        payer = market.person(balance="1.00")
        from support.upstream import Pause

        pause = Pause()

        def waits(asked: Asked) -> Reply:
            gate_reached.append(asked)
            whole = answer(asked, CALL)
            return Reply(pieces=[pause, *whole.pieces], content_type=whole.content_type)

        upstream.script = waits
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(payer.ask, stream=True)
            assert pause.reached.wait(20)
            total, held = payer.millionths()
            assert held > 0
            assert total + held == 10**8
            market.service.kill()
            pause.open()
            assert running.exception(20) is not None
        market.service.start()
        assert payer.millionths() == (10**8, 0)
        upstream.script = _says
        assert payer.ask().status_code == 200
        market.service.stop()
