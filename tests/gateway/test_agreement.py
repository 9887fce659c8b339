"""`codeplan status`, the three monitor addresses and the store say the same."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx

from gateway.conftest import House
from support.replies import Said, answer

SHANGHAI = ZoneInfo("Asia/Shanghai")


def monitor(house: House, path: str, form: str = "{}", **query: str) -> httpx.Response:
    with house.service.client() as http:
        return http.get(
            f"/api/monitor/usage/{path}",
            params=query,
            headers={"authorization": form.format(house.service.key)},
        )


def range_of(start: datetime, length: timedelta) -> dict[str, str]:
    form = "%Y-%m-%d %H:%M:%S"
    return {"startTime": start.strftime(form), "endTime": (start + length).strftime(form)}


def test_all_of_them_agree(house: House) -> None:
    assert house.service.window()["used"] == 0
    house.script = lambda asked: answer(asked, Said(text="Yes.", input=100, cached=50, output=25))
    for _ in range(7):
        assert house.ask().status_code == 200
    assert house.ask(model="glm-4.5-air").status_code == 200

    shown = house.service.cli("status", "--url", house.service.url, "--key", house.service.key)
    window = shown["windows"][0]
    quota = monitor(house, "quota/limit").json()
    start = datetime.now(SHANGHAI).replace(minute=0, second=0) - timedelta(hours=23)
    models = monitor(house, "model-usage", **range_of(start, timedelta(hours=25))).json()
    tools = monitor(house, "tool-usage", **range_of(start, timedelta(hours=25))).json()

    used, reserved, closes_at = house.service.rows("SELECT used, reserved, closes_at FROM windows")[
        0
    ]
    assert (used, reserved) == (8_000_000, 0)
    assert (window["used"], window["reserved"], window["left"]) == (8, 0, window["limit"] - 8)
    assert datetime.fromisoformat(window["resets_at"]).timestamp() == closes_at // 1000
    assert quota["success"] is True
    assert quota["data"]["level"] == "lite"
    assert quota["data"]["limits"] == [
        {
            "type": "TOKENS_LIMIT",
            "unit": 3,
            "number": 5,
            "usage": window["limit"],
            "currentValue": 8,
            "remaining": window["left"],
            "percentage": 8 * 100 // window["limit"],
            "nextResetTime": closes_at,
        }
    ]
    calls, tokens = house.service.rows(
        "SELECT count(*), sum(input + cached + output) FROM calls WHERE state = 'settled'"
    )[0]
    assert (calls, tokens) == (8, 8 * 175)
    total = models["data"]["totalUsage"]
    assert (total["totalModelCallCount"], total["totalTokensUsage"]) == (8, 8 * 175)
    assert sum(models["data"]["modelCallCount"]) == 8
    assert sum(models["data"]["tokensUsage"]) == 8 * 175
    assert [(item["modelName"], item["totalTokens"]) for item in total["modelSummaryList"]] == [
        ("glm-4.6", 7 * 175),
        ("glm-4.5-air", 175),
    ]
    assert models["data"]["granularity"] == "hourly"
    assert len(models["data"]["x_time"]) == 25
    assert tools["data"]["totalUsage"]["totalSearchMcpCount"] == 0
    assert tools["data"]["x_time"] == models["data"]["x_time"]


def test_monitor_addresses_take_the_bare_key_and_bearer(house: House) -> None:
    for form in ("{}", "Bearer {}"):
        assert monitor(house, "quota/limit", form).json()["success"] is True


def test_monitor_addresses_fail_with_http_200_as_their_clients_expect(house: House) -> None:
    start = datetime.now(SHANGHAI) - timedelta(days=40)
    bad = [
        monitor(house, "quota/limit", "cp-wrong{}"),
        monitor(house, "model-usage", **range_of(start, timedelta(days=32))),
        monitor(house, "model-usage", startTime="2026-11-24T00:00:00Z", endTime="x"),
        monitor(house, "tool-usage"),
    ]
    for answered in bad:
        assert answered.status_code == 200
        assert answered.json()["success"] is False
    made = house.service.account("monitor@example.org", plan=None)
    with house.service.client() as http:
        answered = http.get(
            "/api/monitor/usage/quota/limit", headers={"authorization": made["key"]}
        )
    assert answered.json()["success"] is False
    assert "coding plan" in answered.json()["msg"]


def test_days_beyond_a_week(house: House) -> None:
    start = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0) - timedelta(days=29)
    data = monitor(house, "model-usage", **range_of(start, timedelta(days=30))).json()["data"]
    assert data["granularity"] == "daily"
    assert len(data["x_time"]) == 30


def test_the_subscription_list(house: House) -> None:
    with house.service.client() as http:
        listed = http.get(
            "/api/biz/subscription/list", headers={"authorization": house.service.key}
        ).json()
    assert listed["data"][0]["status"] == "VALID"
    assert listed["data"][0]["billingCycle"] == "monthly"


def test_every_answer_says_what_is_left(house: House) -> None:
    answered = house.ask()
    used = house.service.window()["used"]
    share = float(answered.headers["anthropic-ratelimit-unified-5h-utilization"])
    assert share == round(used / house.service.window()["limit"], 4)
    assert answered.headers["anthropic-ratelimit-unified-representative-claim"] == "five_hour"


def test_the_status_line_says_what_is_left(house: House) -> None:
    assert house.ask().status_code == 200
    shown = house.service.window()
    environment = {
        **os.environ,
        "ANTHROPIC_BASE_URL": f"{house.service.url}/api/anthropic",
        "ANTHROPIC_AUTH_TOKEN": house.service.key,
    }
    command = [sys.executable, "-m", "codeplan.cli", "statusline"]
    line = subprocess.run(command, env=environment, input="{}", capture_output=True, text=True)
    assert line.stdout.startswith(f"Lite: 5 hour {shown['left']} of {shown['limit']} left")
    environment["ANTHROPIC_AUTH_TOKEN"] = "cp-nobody"
    line = subprocess.run(command, env=environment, input="{}", capture_output=True, text=True)
    assert line.stdout == "codeplan: no plan for this key\n"
