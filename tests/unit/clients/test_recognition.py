"""Every recorded call is recognised, and its turn understood. The recordings are of real tools."""

import json
from pathlib import Path
from typing import Any

import pytest

from codeplan.clients.base import SeenCall
from codeplan.clients.known import UNKNOWN, recognise
from codeplan.clients.refusal import Refusal, Wait
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.protocol.anthropic import outline as anthropic
from codeplan.protocol.openai_chat import outline as openai
from codeplan.protocol.openai_responses import outline as responses

CAPTURES = Path(__file__).parents[2] / "captures"
EXPECTED = {
    "claude-code": "claude-code",
    "cline": "cline",
    "codex": "codex",
    "kilo": "kilo-code",
    "opencode": "opencode",
    "qwen-code": "qwen-code",
    "sdk": "",
}


def seen(call: dict[str, Any]) -> SeenCall:
    """The recorded call, its tools put back as far as recognition looks at them."""
    body = {k: v for k, v in call["body"].items() if not k.startswith("tools_")}
    names = call["body"].get("tools_names") or []
    headers = {name.lower().encode(): value.encode() for name, value in call["headers"]}
    if call["path"].split("?")[0].endswith("/messages"):
        body["tools"] = [{"name": name} for name in names]
        return SeenCall("anthropic", headers, anthropic.read(json.dumps(body).encode()))
    if call["path"].endswith("/responses"):
        body["tools"] = [{"type": "function", "name": name} for name in names]
        return SeenCall("openai_responses", headers, responses.read(json.dumps(body).encode()))
    body["tools"] = [{"type": "function", "function": {"name": name}} for name in names]
    return SeenCall("openai_chat", headers, openai.read(json.dumps(body).encode()))


def recorded() -> list[tuple[str, int, SeenCall]]:
    found = []
    for path in sorted(CAPTURES.glob("*.json")):
        for number, call in enumerate(json.loads(path.read_text())["calls"]):
            address = call["path"].split("?")[0]
            if call["method"] == "POST" and address.endswith(
                ("/messages", "/completions", "/responses")
            ):
                found.append((path.stem, number, seen(call)))
    return found


RECORDED = recorded()


@pytest.mark.parametrize(
    ("capture", "call"), [pytest.param(name, call, id=f"{name}-{n}") for name, n, call in RECORDED]
)
def test_each_tool_is_known(capture: str, call: SeenCall) -> None:
    expected = [client for start, client in EXPECTED.items() if capture.startswith(start)]
    if expected:
        assert recognise(call).id == expected[0]


def claims(capture: str) -> list[Claim]:
    return [recognise(call).claim(call).claim for name, _, call in RECORDED if name == capture]


def test_what_each_call_claims_to_be() -> None:
    assert claims("claude-code") == [Claim.AUTHORED, Claim.CONTINUATION]
    assert claims("opencode") == [Claim.SIDE, Claim.AUTHORED, Claim.CONTINUATION]
    assert claims("kilo") == [Claim.AUTHORED, Claim.CONTINUATION, Claim.SIDE]
    assert claims("qwen-code") == [Claim.AUTHORED, Claim.CONTINUATION]
    assert claims("claude-code-compact") == [Claim.AUTHORED, Claim.SIDE, Claim.SIDE]
    assert set(claims("claude-code-subagent")[1:6]) == {Claim.SUB_AGENT}
    assert claims("claude-code-resume") == [Claim.AUTHORED]


@pytest.mark.parametrize("capture", ["claude-code", "kilo", "qwen-code", "qwen-code-anthropic"])
def test_all_steps_of_a_recorded_turn_have_one_key(capture: str) -> None:
    keys = set()
    for name, _, call in RECORDED:
        claim = recognise(call).claim(call)
        if name == capture and claim.claim is not Claim.SIDE:
            keys.add((claim.conversation, claim.ordinal, claim.text_hash))
    assert len(keys) == 1


def test_the_title_call_is_a_side_call_in_its_session() -> None:
    title, main = (call for name, _, call in RECORDED[-1:] + RECORDED if name == "opencode"
                   and recognise(call).claim(call).claim is not Claim.CONTINUATION)  # fmt: skip
    client = recognise(title)
    assert client.session(title) == client.session(main)


def test_a_forged_user_agent_alone_is_nobody() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}'
    forged = {b"user-agent": b"claude-cli/2.1.331 (external, cli)", b"x-app": b"cli"}
    assert recognise(SeenCall("anthropic", forged, anthropic.read(body))) is UNKNOWN


WINDOW = Refusal(429, "1308", "used up", Wait.WINDOW, retry_after_seconds=3600)
MOMENT = Refusal(429, "1302", "too many", Wait.MOMENT, retry_after_seconds=2)


@pytest.mark.parametrize(
    ("capture", "status"),
    [("claude-code", 429), ("opencode", 403), ("kilo", 403), ("cline", 403), ("qwen-code", 403)],
)
def test_each_tool_is_told_in_the_way_that_stops_it(capture: str, status: int) -> None:
    client = next(recognise(call) for name, _, call in RECORDED if name == capture)
    form = client.refuse(WINDOW)
    assert form.status == status
    if status == 429:
        assert (b"x-should-retry", b"false") in form.headers
    waits = client.refuse(MOMENT)
    assert waits.status == 429
    assert (b"retry-after", b"2") in waits.headers


def from_source(user_agent: str, system: str, tools: list[str]) -> SeenCall:
    """A call of a tool that does not run here, as its public source makes it."""
    body = {
        "model": "glm-4.6",
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": "Hello"}],
        "tools": [{"type": "function", "function": {"name": name}} for name in tools],
    }
    headers = {b"user-agent": user_agent.encode()}
    return SeenCall("openai_chat", headers, openai.read(json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("user_agent", "system", "client"),
    [
        ("RooCode/3.52.1", "You are Roo, a highly skilled software engineer", "roo-code"),
        (
            "Charm-Crush/v0.97.1 (https://charm.land/crush)",
            "You are Crush, a powerful AI Assistant that runs in the CLI.",
            "crush",
        ),
        ("Zed/0.210.0 (linux; x86_64)", "You are a highly skilled software engineer", "zed"),
        ("goose/1.28", "You are a general-purpose AI agent called goose, created by", "goose"),
        ("factory-cli/0.89.0", "You are Droid, an AI software engineering agent built by", "droid"),
        (
            "axios/1.7",
            "You are an AI coding assistant, powered by GLM-4.6. You operate in Cursor.",
            "cursor",
        ),
        ("x", "<identity>\nYou are Trae AI, a powerful agentic AI coding assistant.", "trae"),
        ("node", "<important_rules>\n  You are in agent mode.\n", "continue"),
        ("GeminiCLI/0.5.0 (linux; x64)", "You are an interactive CLI agent", "gemini-cli"),
        ("OpenAI/JS 5.0", "You are Cline, a highly skilled software engineer", "cline"),
    ],
)
def test_tools_that_do_not_run_here(user_agent: str, system: str, client: str) -> None:
    call = from_source(user_agent, system, ["read"])
    assert recognise(call).id == client
    assert recognise(call).claim(call).claim is Claim.AUTHORED


def test_crushs_titles_are_side_calls() -> None:
    call = from_source("Charm-Crush/v0.97.1", "you will generate a short title", [])
    assert recognise(call).claim(call).claim is Claim.SIDE


def test_codex_names_its_turn_itself() -> None:
    def claims_of(capture: str) -> list[TurnClaim]:
        return [recognise(call).claim(call) for name, _, call in RECORDED if name == capture]

    first, second = claims_of("codex")[:2]
    assert (first.claim, second.claim) == (Claim.AUTHORED, Claim.CONTINUATION)
    assert first.text_hash == second.text_hash
    assert {claim.text_hash for claim in claims_of("codex-resume")} != {first.text_hash}
