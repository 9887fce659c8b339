"""What one prompt can buy, however it is asked for: forged sessions, side calls of every dress,
sub-agents, retries, companions of an agent, and all of them at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from codeplan.gateway.serving import SIDE_TOKENS, SUMMARY_TOKENS
from codeplan.plan.turns import FREE_SIDE_CALLS
from gateway.test_admission import TOOLS, ask, plan, system
from support.replies import Said, answer
from support.service import Service, opencode
from support.upstream import Asked, Reply, ScriptedUpstream

CALLS_PER_PROMPT = 20
MESSAGES = "/api/anthropic/v1/messages"
CLAUDE = {
    "user-agent": "claude-cli/2.1.332 (external, cli)",
    "x-app": "cli",
    "x-claude-code-session-id": "0a1b2c3d-0000-4000-8000-000000000000",
    "anthropic-version": "2023-06-01",
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(_model) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def service(
    upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("rides")
    with Service(folder, plan(upstream.base_url)) as running:
        yield running


def _model(asked: Asked) -> Reply:
    """Answers, but for what is asked to fail."""
    if "FAIL" in str(asked.body["messages"][-1].get("content")):
        return Reply(400, b'{"error": {"message": "no", "type": "invalid_request_error"}}')
    return answer(asked, Said(text="Yes."))


Call = Callable[[Service, str, int], httpx.Response]


def _message(service: Service, key: str, text: str, **more: Any) -> httpx.Response:
    body = {
        "model": "glm-4.6",
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": text}],
        **more,
    }
    headers = {**CLAUDE, "x-api-key": key}
    with service.client() as http:
        return http.post(MESSAGES, headers=headers, json=body)


SCHEMA = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
CLAUDE_TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("Bash", "Write")]
# How each agent's one prompt is typed.
TYPED: dict[str, Call] = {
    "claude": lambda service, key, _: _message(
        service, key, "Write a poem.", tools=CLAUDE_TOOLS, system="You are Claude Code"
    ),
    "opencode": lambda service, key, _: ask(
        service, key, "Write a poem.", tools=TOOLS, headers=opencode("ses_1")
    ),
    "nobody": lambda service, key, _: ask(service, key, "Write a poem.", tools=TOOLS),
}
# What is then tried as a part of it, again and again. The last two must not be served at all.
FORGED: dict[str, tuple[str, Call]] = {
    "a title of Claude Code": (
        "claude",
        lambda service, key, n: _message(service, key, f"Novel, chapter {n}", output_config=SCHEMA),
    ),
    "a compaction with tools": (
        "claude",
        lambda service, key, n: _message(
            service, key, f"CRITICAL: Respond with TEXT ONLY. Do NOT call any tools. {n}",
            tools=CLAUDE_TOOLS,
        ),
    ),
    "a warm-up": (
        "claude", lambda service, key, _: _message(service, key, "Warmup", tools=CLAUDE_TOOLS)
    ),
    "a sub-agent of Claude Code": (
        "claude",
        lambda service, key, n: _message(
            service, key, f"Novel, chapter {n}", tools=CLAUDE_TOOLS,
            system="x-anthropic-billing-header: cc_version=2; cc_is_subagent=true;",
        ),
    ),
    "a title of OpenCode": (
        "opencode",
        lambda service, key, n: ask(
            service, key, system("You are a title generator"), f"Novel, chapter {n}",
            headers=opencode("ses_1"),
        ),
    ),
    "a sub-agent of OpenCode": (
        "opencode",
        lambda service, key, n: ask(
            service, key, f"Novel, chapter {n}", tools=TOOLS,
            headers={**opencode(f"ses_{n + 2}"), "x-parent-session-id": "ses_1"},
        ),
    ),
    "a retry": (
        "nobody", lambda service, key, _: ask(service, key, "Write a poem.", tools=TOOLS)
    ),
    "a forged tool's result": (
        "nobody",
        lambda service, key, n: ask(
            service, key, "Write a poem.",
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": f"c{n}", "type": "function", "function": {"name": "x", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": f"c{n}", "content": f"Now write chapter {n}"},
            tools=TOOLS,
        ),
    ),
    "an errand that quotes the turn": (
        "nobody",
        lambda service, key, n: ask(service, key, f"Chapter {n}", "Write a poem."),
    ),
    "a call in a session copied from the agent": (
        "opencode",
        lambda service, key, n: ask(
            service, key, f"Novel, chapter {n}", headers={"x-session-id": "ses_1"}
        ),
    ),
}  # fmt: skip


def settled(service: Service, key: str) -> tuple[int, int]:
    """The prompts that were charged, and the calls that an upstream answered."""
    used = int(service.window(key)["used"])
    with service.client() as http:
        bearer = {"authorization": f"Bearer {key}"}
        prompts = http.get("/api/usage/prompts?limit=200", headers=bearer).json()["prompts"]
    return used, sum(one["calls"] for one in prompts)


@pytest.mark.parametrize("forged", FORGED)
def test_what_one_prompt_buys_is_bounded(service: Service, forged: str) -> None:
    agent, call = FORGED[forged]
    name = "".join(one for one in forged if one.isalnum())
    key = service.new_key(f"{name}@example.org")
    assert TYPED[agent](service, key, 0).status_code == 200
    tries = 3 * CALLS_PER_PROMPT
    answered = sum(call(service, key, n).status_code == 200 for n in range(tries))
    # Each of these is tried for nothing: it is served, or it is not, but never now and then.
    assert answered == (0 if forged.startswith("a bare call") else tries)
    used, calls = settled(service, key)
    assert calls <= used * CALLS_PER_PROMPT
    # What no prompt carries is free, up to a number.
    assert answered + 1 <= used * CALLS_PER_PROMPT + FREE_SIDE_CALLS


def test_all_of_them_at_once_are_bounded_too(service: Service) -> None:
    key = service.new_key("all-at-once@example.org")
    for typed in TYPED.values():
        assert typed(service, key, 0).status_code == 200
    tries = [(call, n) for n in range(12) for _, call in FORGED.values()]
    with ThreadPoolExecutor(16) as pool:
        answered = list(pool.map(lambda one: one[0](service, key, one[1]).status_code, tries))
    used, calls = settled(service, key)
    assert calls <= used * CALLS_PER_PROMPT
    delivered = answered.count(200) + len(TYPED)
    assert delivered <= used * CALLS_PER_PROMPT + FREE_SIDE_CALLS


@pytest.mark.parametrize("asked", [{"n": 2}, {"n": 128}, {"best_of": 5}, {"n": 1, "best_of": 2}])
def test_a_call_of_a_plan_gets_one_answer(service: Service, asked: dict[str, int]) -> None:
    key = service.new_key(f"answers{''.join(map(str, asked.values()))}@example.org")
    refused = ask(service, key, "Write a poem.", tools=TOOLS, headers=opencode("ses_1"), **asked)
    assert refused.status_code == 400
    assert "one" in refused.json()["error"]["message"]
    assert settled(service, key) == (0, 0)
    one = ask(service, key, "Write a poem.", tools=TOOLS, headers=opencode("ses_1"), n=1)
    assert one.status_code == 200


def test_what_a_side_call_may_answer(service: Service, upstream: ScriptedUpstream) -> None:
    """Its own words for it, the smaller of the two; a summary more than a title; a turn's own calls
    what they ask for. By Anthropic's protocol, which is translated, and by the upstream's own."""
    key = service.new_key("short@example.org")
    title = system("You are a title generator")
    talk = ("Hello", {"role": "assistant", "content": "Yes."}, "Now sum it up")

    def limit(answered: httpx.Response) -> int:
        assert answered.status_code == 200
        return int(upstream.calls[-1].body["max_tokens"])

    def titled(*messages: Any, **more: Any) -> int:
        return limit(ask(service, key, title, *messages, headers=opencode("ses_s"), **more))

    TYPED["opencode"](service, key, 0)
    assert titled("Hello") == SIDE_TOKENS
    assert titled("Hello", max_tokens=64_000) == SIDE_TOKENS
    assert titled("Hello", max_tokens=9) == 9
    assert titled(*talk, max_tokens=64_000) == SUMMARY_TOKENS
    own = {"max_tokens": 64_000, "tools": TOOLS, "headers": opencode("ses_s")}
    assert limit(ask(service, key, "Write a poem.", **own)) == 64_000
    TYPED["claude"](service, key, 0)
    assert limit(_message(service, key, "Novel", output_config=SCHEMA)) == SIDE_TOKENS
    assert limit(_message(service, key, "Write a poem.", tools=CLAUDE_TOOLS)) == 64_000


def test_side_calls_keep_no_prompt_alive(service: Service) -> None:
    """Only the turn's own calls do: the store says when the last one was."""
    key = service.new_key("alive@example.org")
    TYPED["opencode"](service, key, 0)
    (before,) = service.rows(
        "SELECT turn_call_at, last_call_at FROM prompts ORDER BY id DESC LIMIT 1"
    )
    assert FORGED["a title of OpenCode"][1](service, key, 1).status_code == 200
    (after,) = service.rows(
        "SELECT turn_call_at, last_call_at FROM prompts ORDER BY id DESC LIMIT 1"
    )
    assert after[0] == before[0]
    assert after[1] >= before[1]


def test_prompts_that_fail_give_no_free_side_calls(service: Service) -> None:
    key = service.new_key("failing@example.org")
    answered = 0
    for round_ in range(4):
        failed = ask(service, key, f"FAIL {round_}", tools=TOOLS, headers=opencode("ses_f"))
        assert failed.status_code == 400
        for number in range(15):
            title = ask(
                service, key, system("You are a title generator"), f"Chapter {round_}.{number}",
                headers=opencode(f"ses_f{round_}"),
            )  # fmt: skip
            answered += title.status_code == 200
    used, _ = settled(service, key)
    assert answered <= FREE_SIDE_CALLS + used * CALLS_PER_PROMPT
    assert used >= 1
