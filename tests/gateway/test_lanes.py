"""Who is let in at which address, and what the others are told."""

from pathlib import Path

import httpx
import pytest

from gateway.conftest import House
from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import ScriptedUpstream

CODING = "/api/coding/paas/v4/chat/completions"
GENERAL = "/api/paas/v4/chat/completions"


@pytest.mark.parametrize(
    "form", [("authorization", "Bearer {}"), ("authorization", "{}"), ("x-api-key", "{}")]
)
def test_a_key_comes_in_every_form(house: House, form: tuple[str, str]) -> None:
    headers = house.new_session()
    del headers["authorization"]
    headers[form[0]] = form[1].format(house.service.key)
    assert house.ask(headers).status_code == 200


def test_a_bare_sdk_is_refused_with_the_general_address(house: House) -> None:
    used = house.service.window()["used"]
    answered = house.ask({"authorization": f"Bearer {house.service.key}"})
    assert answered.status_code == 403
    assert "/api/paas/v4" in answered.json()["error"]["message"]
    assert answered.json()["error"]["code"] == "1220"
    assert house.service.window()["used"] == used
    assert not house.upstream.calls


def test_a_forged_user_agent_is_not_claude_code(house: House) -> None:
    with house.service.client() as http:
        answered = http.post(
            "/api/anthropic/v1/messages",
            headers={
                "x-api-key": house.service.key,
                "user-agent": "claude-cli/2.1.331 (external, cli)",
            },
            json={
                "model": "glm-4.6",
                "max_tokens": 5,
                "messages": [{"role": "user", "content": "Hello"}],
            },
        )
    assert answered.status_code == 403
    assert answered.json()["error"]["type"] == "permission_error"


def test_the_general_address_wants_balance(house: House) -> None:
    answered = house.ask({"authorization": f"Bearer {house.service.key}"}, GENERAL)
    assert answered.status_code == 429
    assert answered.json()["error"]["code"] == "1113"
    assert answered.headers["x-should-retry"] == "false"
    assert not house.upstream.calls


def test_a_plan_holders_tool_draws_on_the_plan_at_the_general_address(house: House) -> None:
    used = house.service.window()["used"]
    assert house.ask(path=GENERAL).status_code == 200
    assert house.service.window()["used"] == used + 1


def test_an_account_without_a_plan_is_told_so(house: House) -> None:
    made = house.service.account(f"no-plan-{house.number}@example.org", plan=None)
    headers = {**house.new_session(), "authorization": f"Bearer {made['key']}"}
    answered = house.ask(headers)
    # OpenCode goes on trying at 429, and stops and shows the text at 403.
    assert answered.status_code == 403
    assert answered.json()["error"]["code"] == "1113"
    assert "no coding plan" in answered.json()["error"]["message"]


def test_models_are_matched_in_any_case_by_alias_and_with_the_clients_mark(house: House) -> None:
    for asked, served in (
        ("GLM-4.6", "up/GLM-4.6"),
        ("claude-sonnet-4-5-20250929", "up/GLM-4.6"),
        ("claude-haiku-4-5", "up/GLM-4.5-Air"),
        ("glm-4.6[1m]", "up/GLM-4.6"),
    ):
        assert house.ask(model=asked).status_code == 200
        assert house.upstream.calls[-1].body["model"] == served


def test_an_unknown_model_is_told_what_the_plan_has(house: House) -> None:
    answered = house.ask(model="gpt-9")
    assert answered.status_code == 400
    assert answered.json()["error"]["code"] == "1211"
    assert "glm-4.6, glm-4.5-air" in answered.json()["error"]["message"]


def test_a_used_up_plan_never_falls_through_to_money(tmp_path: Path) -> None:
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, limit=1)) as service,
        service.client() as http,
    ):

        def ask(address: str, session: str) -> httpx.Response:
            return http.post(
                f"{address}/chat/completions",
                headers={**opencode(session), "authorization": f"Bearer {service.key}"},
                json={"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello"}]},
            )

        assert ask("/api/coding/paas/v4", "a").status_code == 200
        for address in ("/api/coding/paas/v4", "/api/paas/v4"):
            assert ask(address, "b").json()["error"]["code"] == "1308"
        assert len(upstream.calls) == 1
