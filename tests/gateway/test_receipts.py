"""Receipts say what happened, agree with windows and upstream, and come out the same again."""

from pathlib import Path
from typing import Any

import pytest

from gateway.conftest import House
from gateway.test_turns import RESULT, TOOL_CALL, user
from gateway.test_units import ask, with_windows
from support.replies import Said, answer
from support.service import Service
from support.upstream import Reply, ScriptedUpstream


def explain(service: Service, *arguments: str) -> Any:
    return service.cli("explain", *arguments, "--url", service.url, "--key", service.key)


def test_a_turn_with_a_tool_a_retry_and_a_title(house: House) -> None:
    house.script = lambda asked: answer(asked, Said(text="Yes.", input=30, cached=4, output=9))
    headers = house.new_session()
    before = house.service.window()["used"]
    title = [{"role": "system", "content": "You are a title generator."}, user("Fix it.")]
    assert house.ask(headers, messages=[user("Fix it.")], tools=[]).status_code == 200
    assert house.ask(headers, messages=title).status_code == 200
    request = house.ask(headers, messages=[user("Fix it."), TOOL_CALL, RESULT])
    receipt = explain(house.service, request.headers["x-request-id"], "--verify")
    prompt = receipt["prompt"]
    assert receipt["verified"] is True
    assert (prompt["state"], prompt["client"], prompt["calls"]) == ("settled", "opencode", 3)
    assert prompt["why"] == "a new prompt"
    (charge,) = prompt["charges"]
    assert (charge["charged"], charge["taken_before"], charge["taken_after"]) == (
        1, before, before + 1,
    )  # fmt: skip
    assert [call["why"] for call in receipt["calls"]] == [
        "a new prompt", "a side call of this turn", "a further call of this turn",
    ]  # fmt: skip
    assert receipt["calls"][0]["tokens"] == {
        "input": 30, "cached": 4, "cache_write": 0, "output": 9, "reasoning": 0,
    }  # fmt: skip
    assert receipt["calls"][0]["upstream_model"] == "up/GLM-4.6"
    listed = explain(house.service)["prompts"]
    assert listed[0]["id"] == prompt["id"]


def test_what_was_free_says_why(house: House) -> None:
    house.script = lambda _: Reply(status=500, body=b"{}")
    refused = house.ask()
    assert refused.status_code >= 500
    receipt = explain(house.service, refused.headers["x-request-id"], "--verify")
    assert receipt["prompt"]["state"] == "released"
    assert receipt["prompt"]["charges"][0]["charged"] == 0
    assert receipt["calls"][0]["free"].startswith("500")


def test_receipts_are_their_owners(house: House) -> None:
    house.script = lambda asked: answer(asked, Said(text="Yes."))
    identity = house.ask().headers["x-request-id"]
    other = house.service.cli(
        "admin", "account", "create", "other@example.org", "--plan", "lite",
        "--url", house.service.url, "--data", str(house.service.data),
    )["key"]  # fmt: skip
    with house.service.client() as http:
        for path in (f"/api/usage/prompts/{identity}", "/api/usage/prompts/prompt_x"):
            assert http.get(path, headers={"authorization": f"Bearer {other}"}).status_code == 404
        assert http.get(f"/api/usage/prompts/{identity}").status_code == 401
        limit = http.get("/api/usage/prompts?limit=0", headers={"x-api-key": other})
        assert limit.status_code == 400


@pytest.mark.parametrize("unit", ["token", "credit", "call"])
def test_charges_of_calls_come_out_the_same(unit: str, tmp_path: Path) -> None:
    said = Said(text="Yes.", input=1000, cached=500, output=200)
    with ScriptedUpstream(lambda asked: answer(asked, said)) as upstream:
        windows = f'{{ unit = "{unit}", per = "5h", limit = 2 }}'
        rates = (
            "rates = [{ times = 0.5, credits ="
            " { input = 690, cached = 170, cache_write = 690, output = 2400 } }]"
        )
        with Service(tmp_path, with_windows(upstream, windows, rates)) as service:
            answered = ask(service, "s", [user("Hello")])
            receipt = explain(service, answered.headers["x-request-id"], "--verify")
            assert receipt["verified"] is True
            (charge,) = receipt["calls"][0]["charges"]
            assert charge["charged"] == {"token": 2, "credit": 0.63, "call": 1}[unit]
            assert charge["taken_after"] <= charge["limit"]
