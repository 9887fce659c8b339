"""Money over HTTP: an operator's credit, the preview, a purchase, an upgrade in the middle of a
window, and what is refused."""

from pathlib import Path
from typing import Any

import httpx

from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import ScriptedUpstream

PRICED = """
prices.CNY = {{ month = "{month}", quarter = "{quarter}" }}
windows = [{{ unit = "prompt", per = "5h", limit = {limit} }}]"""


def _config(base_url: str) -> str:
    text = catalogue(base_url, limit=2)
    head, _, plan = text.partition("[[plans]]")
    old = 'windows = [{ unit = "prompt", per = "5h", limit = 2 }]'
    lite = plan.replace(old, PRICED.format(month="40.00", quarter="120.00", limit=2))
    pro = plan.replace(old, PRICED.format(month="200.00", quarter="600.00", limit=3))
    pro = pro.replace('id = "lite"', 'id = "pro"').replace('name = "Lite"', 'name = "Pro"')
    return f"{head}[[plans]]{lite}\n[[plans]]{pro}"


def test_from_nothing_to_an_upgrade(tmp_path: Path) -> None:
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(tmp_path, _config(upstream.base_url)) as service,
        service.client() as http,
    ):
        made = service.account("buyer@example.org", plan=None)
        own = {"authorization": f"Bearer {made['key']}"}

        def get(path: str) -> Any:
            return http.get(path, headers=own).json()

        def buy(plan: str, due_minor: int, key: str) -> httpx.Response:
            body = {"plan": plan, "period": "month", "currency": "CNY", "due_minor": due_minor}
            headers = {**own, "idempotency-key": key}
            return http.post("/api/account/purchase", headers=headers, json=body)

        def ask(session: str) -> httpx.Response:
            return http.post(
                "/api/coding/paas/v4/chat/completions",
                headers={**own, **opencode(session)},
                json={"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello"}]},
            )

        # Without a plan it says so, and without money nothing is bought.
        assert ask("a").json()["error"]["code"] == "1113"
        assert get("/api/account/preview?plan=lite")["due"] == "¥40.00"
        short = buy("lite", 40_00, "first-key")
        assert (short.status_code, short.json()["error"]["code"]) == (402, "1113")
        for _ in range(2):
            service.cli(
                "admin", "account", "credit", "buyer@example.org", "250.00", "--reference", "T-1",
                "--idempotency-key", "transfer-1",
                "--url", service.url, "--data", str(service.data),
            )  # fmt: skip
        assert get("/api/account/balance")["CNY"]["total"] == "¥250.00"
        # The failed purchase wrote nothing under its key, so the key can be used again.
        assert buy("lite", 40_00, "first-key").status_code == 201
        assert buy("lite", 40_00, "first-key").status_code == 201
        assert get("/api/account/balance")["CNY"]["cash_minor"] == 210_00
        assert [ask(session).status_code for session in ("a", "b", "c")] == [200, 200, 403]
        # The upgrade is in force at once, and the window goes on from what was used.
        upgrade = get("/api/account/preview?plan=pro")
        assert [line["kind"] for line in upgrade["lines"]] == ["list", "credit"]
        stale = buy("pro", upgrade["due_minor"] + 1, "second-key")
        assert (stale.status_code, stale.json()["error"]["code"]) == (409, "price_changed")
        assert buy("pro", upgrade["due_minor"], "third-key").status_code in (201, 409)
        if get("/api/account/plan")["plan"]["id"] != "pro":
            again = get("/api/account/preview?plan=pro")  # a cent went by meanwhile
            assert buy("pro", again["due_minor"], "fourth-key").status_code == 201
        window = get("/api/account/plan")["windows"][0]
        assert (window["used"], window["limit"]) == (2, 3)
        assert [ask(session).status_code for session in ("d", "e")] == [200, 403]
        lower = http.get("/api/account/preview?plan=lite", headers=own)
        assert (lower.status_code, lower.json()["error"]["code"]) == (409, "only_at_periods_end")
        entries = get("/api/account/entries")
        assert [entry["kind"] for entry in entries] == ["purchase", "purchase", "top_up"]
        # Receipts of the plan that was left still come out the same.
        newest = get("/api/usage/prompts")["prompts"]
        for prompt in newest:
            receipt = get(f"/api/usage/prompts/{prompt['id']}?verify=true")
            assert receipt["verified"] is True
        plans = [get(f"/api/usage/prompts/{p['id']}")["plan"]["id"] for p in newest]
        assert plans == ["pro", "lite", "lite"]


def test_what_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path) as service, service.client() as http:
        own = {"authorization": f"Bearer {service.key}"}
        keyed = {**own, "idempotency-key": "a-key-of-mine"}
        wish = {"plan": "lite", "period": "month", "currency": "CNY", "due_minor": 4000}

        def code(answered: httpx.Response) -> tuple[int, str]:
            return answered.status_code, answered.json()["error"]["code"]

        post = http.post
        assert code(post("/api/account/purchase", json=wish)) == (401, "1000")
        assert code(post("/api/account/purchase", headers=own, json=wish)) == (400, "1213")
        assert code(post("/api/account/purchase", headers=keyed, content=b"{")) == (400, "1210")
        unknown = {**wish, "plan": "ultra"}
        assert code(post("/api/account/purchase", headers=keyed, json=unknown)) == (400, "1211")
        dollars = {**wish, "currency": "USD"}
        assert code(post("/api/account/purchase", headers=keyed, json=dollars)) == (400, "1211")
        forged = {"email": "demo@localhost", "amount": "1", "currency": "CNY", "reference": "x"}
        assert code(post("/api/admin/balance", headers=keyed, json=forged)) == (
            401, "operator_token",
        )  # fmt: skip
        assert http.get("/api/account/balance", headers=own).json() == {}
