"""The limit that refused is the one that headers, body and monitor describe: the plan's, a key's, a
seat's, or what a key may spend of the balance in a day; in every protocol."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

CHAT = "/api/coding/paas/v4/chat/completions"
HELLO = [{"role": "user", "content": "Hello"}]
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": (CHAT, {"model": "glm-4.6", "messages": HELLO}),
    "anthropic": (
        "/api/anthropic/v1/messages",
        {"model": "glm-4.6", "max_tokens": 64, "messages": HELLO},
    ),
    "responses": ("/api/v1/responses", {"model": "glm-4.6", "input": "Hello"}),
    "gemini": (
        "/api/gemini/v1beta/models/glm-4.6:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    ),
}
PREFIX = "anthropic-ratelimit-unified-"
PRICES = 'prices = [{ currency = "CNY", input = "4.00", output = "16.00" }]\noutput_tokens = 100\n'
SMALL = """
prices.CNY = { month = "40.00" }
mcp = [{ per = "1mo", limit = 1 }]

[[plans]]
id = "large"
name = "Large"
prices.CNY = { month = "100.00" }
windows = [{ unit = "prompt", per = "5h", limit = 8 }]
models = ["glm-4.6"]
clients = "any"

[[plans]]
id = "small"
name = "Small"
prices.CNY = { month = "20.00" }
windows = [{ unit = "prompt", per = "5h", limit = 4 }]
models = ["glm-4.6"]
clients = "any"

[money]
seats_at_least = 2
overage = true

[search]
engines = ["embedded"]
folders = [{ path = "HANDBOOK" }]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream:
        text = catalogue(upstream.base_url, limit=600, clients="any")
        text = text.replace('id = "glm-4.6"\n', f'id = "glm-4.6"\n{PRICES}', 1)
        folder = tmp_path_factory.mktemp("limits")
        (folder / "handbook").mkdir()
        (folder / "handbook" / "x.md").write_text("# x\n\nAbout x.\n")
        more = SMALL.replace("HANDBOOK", str(folder / "handbook"))
        with Service(folder, text + more) as opened:
            yield opened


class Person:
    """Somebody with a key, which may be another one."""

    def __init__(self, service: Service, email: str, plan: str | None = "lite") -> None:
        self.service, self.email = service, email
        self.key = service.new_key(email, plan)

    def ask(self, form: str = "openai", session: str = "", key: str = "") -> httpx.Response:
        path, body = CALLS[form]
        headers = {"authorization": f"Bearer {key or self.key}", "x-session-id": session}
        return self.at("POST", path, body, headers)

    def at(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        with self.service.client() as http:
            sent = {"authorization": f"Bearer {self.key}", **(headers or {})}
            return http.request(method, path, json=body, headers=sent)

    def limits(self, key: str = "") -> list[dict[str, Any]]:
        """As quota widgets read them."""
        path = "/api/monitor/usage/quota/limit"
        shown = self.at("GET", path, headers={"authorization": key or self.key}).json()
        found: list[dict[str, Any]] = shown["data"]["limits"]
        return found

    def pays_in(self, amount: str) -> None:
        self.service.cli("admin", "account", "credit", self.email, amount, "--reference", "a test",
                    "--url", self.service.url, "--data", str(self.service.data))  # fmt: skip


def message_of(refused: httpx.Response) -> str:
    return str(refused.json()["error"]["message"])


def reset_in(message: str) -> int:
    """Epoch seconds of the time that the text names, by its own zone."""
    at = message.split("reset at ")[1].split(").")[0].replace(" (UTC", "")
    return round(datetime.fromisoformat(at).timestamp())


def assert_described(refused: httpx.Response, span: str, whose: str) -> int:
    """That status, headers and body tell of one limit; when it resets, in epoch seconds."""
    message = message_of(refused)
    assert f"limit reached for {span}." in message
    assert f"It is {whose}" in message
    told = refused.headers
    assert told[f"{PREFIX}status"] == "rejected"
    assert told[f"{PREFIX}reset"] == str(reset_in(message))
    claim = told[f"{PREFIX}representative-claim"]
    assert claim == ("five_hour" if span == "5 hour" else span.replace(" ", "_"))
    assert "retry-after" not in told  # tools would obey it for hours, in silence
    return reset_in(message)


@pytest.mark.parametrize("form", CALLS)
def test_a_keys_own_limit(service: Service, form: str) -> None:
    person = Person(service, f"{form}@example.org")
    wanted = {"name": "small", "prompts_a_month": 1}
    key = person.at("POST", "/api/account/keys", wanted).json()["key"]
    assert person.ask(form, "one", key).status_code == 200
    refused = person.ask(form, "two", key)
    assert refused.status_code == 402, refused.text
    at = assert_described(refused, "1 month", "this key's limit: 1 prompt.")
    assert refused.headers["x-ratelimit-limit-requests"] == "1"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert "1310" in refused.text
    # The plan's own window stays as it is.
    assert refused.headers[f"{PREFIX}5h-status"] == "allowed"
    month = next(one for one in person.limits(key) if one["unit"] == 5)
    assert (month["percentage"], month["remaining"], month["scope"]) == (100, 0, "key")
    assert -(-month["nextResetTime"] // 1000) == at
    # Another key of the same person goes on.
    assert person.ask(form, "three").status_code == 200


def test_a_seats_limit(service: Service) -> None:
    owner = Person(service, "owner@example.org")
    asked = {"name": "Works", "email": "works@example.org"}
    team = owner.at("POST", "/api/account/teams", asked).json()["id"]
    service.cli("admin", "account", "credit", "works@example.org", "500.00", "--reference", "x",
                "--url", service.url, "--data", str(service.data))  # fmt: skip
    bought = owner.at(
        "POST",
        f"/api/account/purchase?team={team}",
        {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 80_00, "seats": 2},
        {"idempotency-key": "seats-of-works"},
    )
    assert bought.status_code in (200, 201), bought.text
    key = owner.at("POST", f"/api/account/teams/{team}/keys").json()["key"]
    me = owner.at("GET", f"/api/account/teams/{team}").json()["members"][0]["account_id"]
    capped = owner.at("PUT", f"/api/account/teams/{team}/members/{me}", {"prompts_a_month": 2})
    assert capped.status_code == 200, capped.text
    assert [owner.ask("openai", f"s{n}", key).status_code for n in range(3)] == [200, 200, 402]
    refused = owner.ask("anthropic", "s4", key)
    at = assert_described(refused, "1 month", "your seat's limit in the organisation: 2 prompts.")
    month = next(one for one in owner.limits(key) if one["unit"] == 5)
    assert (month["percentage"], month["scope"]) == (100, "member")
    assert -(-month["nextResetTime"] // 1000) == at


def test_what_a_key_may_spend_of_the_balance_in_a_day(service: Service) -> None:
    person = Person(service, "spender@example.org")
    person.pays_in("10.00")
    key = person.at("POST", "/api/account/keys", {"name": "m", "prompts_a_month": 1}).json()["key"]
    bearer = {"authorization": f"Bearer {key}"}
    switch = {"a_day": "0.01", "currency": "CNY"}
    assert person.at("PUT", "/api/account/overage", switch, bearer).status_code == 200
    answers = []
    while not answers or answers[-1].status_code == 200:
        answers.append(person.ask("openai", f"s{len(answers)}", key))
        assert len(answers) < 100
    assert any("x-codeplan-billing" in one.headers for one in answers)
    # A new day lets it go on before the month's end does (or at the same moment).
    assert_described(
        answers[-1], "1 day", "this key's limit for going on with the balance: ¥0.01 a day."
    )
    money = next(one for one in person.limits(key) if one["type"] == "MONEY_LIMIT")
    assert (money["usage"], money["currency"], money["number"]) == (0.01, "CNY", 1)
    assert 0 < money["percentage"] <= 100


def test_nothing_is_over_its_limit_after_a_change_to_a_smaller_plan(service: Service) -> None:
    person = Person(service, "smaller@example.org", None)
    person.pays_in("200.00")
    wanted = {"plan": "large", "period": "month", "currency": "CNY", "due_minor": 100_00}
    person.at("POST", "/api/account/purchase", wanted, {"idempotency-key": "a-large-plan"})
    smaller = {"plan": "small", "period": "month"}
    once = {"idempotency-key": "a-small-plan"}
    changed = person.at("POST", "/api/account/change", smaller, once)
    assert changed.status_code == 200, changed.text
    for number in range(6):
        assert person.ask("openai", f"s{number}").status_code == 200
    assert person.limits()[0]["percentage"] == 75
    # Its period ends; the five hours, by the service's own clock, do not.
    service.cli("admin", "clock", person.email, "--days", "32",
                "--url", service.url, "--data", str(service.data))  # fmt: skip
    shown = person.at("GET", "/api/account/plan").json()
    assert shown["plan"]["id"] == "small"
    (window,) = shown["windows"]
    assert (window["limit"], window["used"], window["left"]) == (4, 4, 0)
    limit = person.limits()[0]
    assert (limit["percentage"], limit["currentValue"], limit["remaining"]) == (100, 4, 0)
    refused = person.ask("openai", "more")
    assert_described(refused, "5 hour", "the plan's limit: 4 prompts.")
    assert refused.headers[f"{PREFIX}5h-utilization"] == "1.0000"


def test_the_limit_of_mcp_calls_by_plain_http(service: Service) -> None:
    person = Person(service, "searcher@example.org")
    search = {"search_query": "x"}
    assert person.at("POST", "/api/paas/v4/web_search", search).status_code == 200
    refused = person.at("POST", "/api/paas/v4/web_search", search)
    assert refused.status_code == 429
    assert_described(refused, "1 month", "the plan's limit: 1 MCP call.")
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
