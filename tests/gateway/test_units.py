"""Plans that count something else than prompts, and turns that run away, through the service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.test_turns import RESULT, TOOL_CALL, user
from support.replies import SSE, Said, answer, openai_pieces
from support.service import Service, catalogue, opencode
from support.upstream import Cut, Reply, ScriptedUpstream

WINDOW = 'windows = [{ unit = "prompt", per = "5h", limit = 120 }]'


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    said = Said(text="Yes.", input=1000, cached=500, output=200)
    with ScriptedUpstream(lambda asked: answer(asked, said)) as opened:
        yield opened


def ask(service: Service, session: str, messages: list[dict[str, Any]]) -> httpx.Response:
    with service.client() as http:
        return http.post(
            "/api/coding/paas/v4/chat/completions",
            headers={**opencode(session), "authorization": f"Bearer {service.key}"},
            json={"model": "glm-4.6", "messages": messages},
        )


def with_windows(upstream: ScriptedUpstream, windows: str, more: str = "") -> str:
    text = catalogue(upstream.base_url)
    assert WINDOW in text
    return text.replace(WINDOW, f"windows = [{windows}]\n{more}")


def used(service: Service) -> list[tuple[str, Any, Any]]:
    shown = service.cli("status", "--url", service.url, "--key", service.key)
    return [(item["unit"], item["used"], item["left"]) for item in shown["windows"]]


def test_a_runaway_turn_is_stopped_and_its_person_told(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    text = catalogue(upstream.base_url).replace(
        "calls_per_prompt = 20", "calls_per_prompt = 3\nmax_calls_per_turn = 7"
    )
    with Service(tmp_path, text) as service:
        messages = [user("Go on for ever.")]
        for _ in range(7):
            assert ask(service, "run", messages).status_code == 200
            messages += [TOOL_CALL, RESULT]
        stopped = ask(service, "run", messages)
        # A refusal that OpenCode shows and does not repeat.
        assert stopped.status_code == 403
        assert stopped.json()["error"]["code"] == "1303"
        assert "This turn has made 7 model calls" in stopped.json()["error"]["message"]
        assert service.window()["used"] == 3
        assert len(upstream.calls) == 7
        # What the person types next is a turn of its own.
        assert ask(service, "run", [*messages, user("Go on, then.")]).status_code == 200


def test_tokens_are_counted_as_the_upstream_reports_them(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    windows = (
        '{ unit = "token", per = "5h", limit = 5000 }, { unit = "call", per = "1d", limit = 9 }'
    )
    with Service(tmp_path, with_windows(upstream, windows)) as service:
        for number in range(3):
            assert ask(service, f"s{number}", [user("Hello")]).status_code == 200
            assert used(service)[0] == (
                "token",
                min(5000, 1700 * (number + 1)),
                max(0, 5000 - 1700 * (number + 1)),
            )
        # The third went beyond what was left: that is the service's loss, and no window overdrawn.
        refused = ask(service, "s4", [user("Hello")])
        assert refused.json()["error"]["code"] == "1308"
        assert used(service) == [("token", 5000, 0), ("call", 3, 6)]


@pytest.mark.parametrize(("choice", "charged"), [("free", 0), ("delivered", 1)])
def test_what_an_upstream_cut_costs_what_the_operator_chose(
    choice: str, charged: int, tmp_path: Path
) -> None:
    pieces = openai_pieces(Said(text="Hello there"))
    with ScriptedUpstream(lambda _: Reply(pieces=[*pieces[:2], Cut()], content_type=SSE)) as up:
        text = f'[service]\ncut_by_upstream = "{choice}"\n{catalogue(up.base_url)}'
        with Service(tmp_path, text) as service, service.client() as http:
            answered = http.post(
                "/api/coding/paas/v4/chat/completions",
                headers={**opencode("s"), "authorization": f"Bearer {service.key}"},
                json={"model": "glm-4.6", "messages": [user("Hello")], "stream": True},
            )
            assert b'"error"' in answered.content
            assert service.window()["used"] == charged
            assert service.rows("SELECT outcome FROM calls") == [("cut by upstream",)]


def test_credits_weigh_each_class_of_token(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    windows = '{ unit = "credit", per = "5h", limit = 10, kind = "sliding" }'
    rates = (
        "rates = [{ credits = { input = 690, cached = 170, cache_write = 690, output = 2400 } }]"
    )
    with Service(tmp_path, with_windows(upstream, windows, rates)) as service:
        assert ask(service, "s", [user("Hello")]).status_code == 200
        weighed = (1000 * 690 + 500 * 170 + 200 * 2400) / 1_000_000
        assert used(service) == [("credit", round(weighed, 2), round(10 - round(weighed, 2), 2))]
