"""Every recorded call is recognised, and its turn understood. The recordings are of real tools."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from codeplan.clients.base import SeenCall
from codeplan.clients.refusal import Refusal, Wait
from codeplan.clients.registry import AGENT, UNKNOWN
from codeplan.config.build_clients import built_in_clients
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.protocol.anthropic import outline as anthropic
from codeplan.protocol.gemini import outline as gemini
from codeplan.protocol.openai_chat import outline as openai
from codeplan.protocol.openai_responses import outline as responses

CAPTURES = Path(__file__).parents[2] / "captures"
# By how a recording's name begins, the longest first.
EXPECTED = {
    "claude-code-router": "claude-code-router",
    "litellm-in-front-of-claude-code": "claude-code-router",
    "claude-code": "claude-code",
    "aider": "aider",
    "cline": "cline",
    "codex": "codex",
    "continue": "continue",
    "copilot": "copilot-cli",
    "droid": "droid",
    "gemini-cli": "gemini-cli",
    "gptme": "gptme",
    "grok": "grok-cli",
    "kilo": "kilo-code",
    "kimi": "kimi-code",
    "llm": "",
    "mini-swe-agent": "mini-swe-agent",
    "opencode": "opencode",
    "openhands": "openhands",
    "pi": "pi",
    "qwen-code": "qwen-code",
    "sdk": "",
    "second-prompt-continue": "continue",
    "second-prompt-copilot": "copilot-cli",
    "second-prompt-pi": "pi",
    "vibe": "vibe",
    "vision-mcp": "zai-mcp-server",
}
recognise = built_in_clients().recognise


def seen(call: dict[str, Any]) -> SeenCall:
    """The recorded call, its tools put back as far as recognition looks at them."""
    body = {k: v for k, v in call["body"].items() if not k.startswith("tools_")}
    names = call["body"].get("tools_names") or []
    headers = {name.lower().encode(): value.encode() for name, value in call["headers"]}
    if "GenerateContent" in call["path"] or "generateContent" in call["path"]:
        return SeenCall("gemini", headers, gemini.read(json.dumps(body).encode()))
    if call["path"].split("?")[0].endswith("/messages"):
        body["tools"] = [{"name": name} for name in names]
        return SeenCall("anthropic", headers, anthropic.read(json.dumps(body).encode()))
    if call["path"].endswith("/responses"):
        body["tools"] = [{"type": "function", "name": name} for name in names]
        return SeenCall("openai_responses", headers, responses.read(json.dumps(body).encode()))
    body["tools"] = [{"type": "function", "function": {"name": name}} for name in names]
    return SeenCall("openai_chat", headers, openai.read(json.dumps(body).encode()))


def is_count(call: SeenCall) -> bool:
    """Whether it is one of Claude Code's that count tokens, which older versions send with no
    session; counting is any program's right."""
    return call.protocol == "anthropic" and call.outline.most_tokens is None


def recorded() -> list[tuple[str, int, SeenCall]]:
    found = []
    for path in sorted(CAPTURES.glob("*.json")):
        for number, call in enumerate(json.loads(path.read_text())["calls"]):
            address = call["path"].split("?")[0]
            if call["method"] == "POST" and address.endswith(
                ("/messages", "/completions", "/responses", "enerateContent")
            ):
                found.append((path.stem, number, seen(call)))
    return found


RECORDED = recorded()


@pytest.mark.parametrize(
    ("capture", "call"), [pytest.param(name, call, id=f"{name}-{n}") for name, n, call in RECORDED]
)
def test_each_tool_is_known(capture: str, call: SeenCall) -> None:
    expected = next(client for start, client in EXPECTED.items() if capture.startswith(start))
    if not is_count(call):
        assert recognise(call).id == expected


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
    for capture in ("pi-0.73.1-openai", "kimi-code-2.1.0-openai", "droid-0.215", "vibe-3.0"):
        assert claims(capture) == [Claim.AUTHORED, Claim.CONTINUATION]
    for capture in ("second-prompt-pi", "second-prompt-copilot", "second-prompt-continue"):
        assert claims(capture) == [Claim.AUTHORED, Claim.CONTINUATION, Claim.AUTHORED]
    assert claims("gptme-0.35") == [
        Claim.AUTHORED, Claim.SIDE, Claim.CONTINUATION, Claim.CONTINUATION, Claim.CONTINUATION
    ]  # fmt: skip
    assert claims("mini-swe-agent-2.4") == [Claim.AUTHORED, *3 * [Claim.CONTINUATION]]
    assert claims("aider-0.86") == [Claim.AUTHORED, Claim.SIDE]
    assert claims("gemini-cli") == [Claim.AUTHORED, Claim.CONTINUATION]
    assert claims("gemini-cli-subagent") == [Claim.AUTHORED, *3 * [Claim.SUB_AGENT]]
    assert claims("gemini-cli-default-models") == [Claim.SIDE, Claim.AUTHORED]
    assert claims("gemini-cli-web-search") == [Claim.AUTHORED, Claim.SIDE, Claim.CONTINUATION]


@pytest.mark.parametrize(
    "capture",
    sorted({name for name, _, _ in RECORDED if name.startswith("claude-code-2.")}),
)
def test_every_version_of_claude_code_types_once(capture: str) -> None:
    """Whatever it asks beside its one prompt is its own: warm-ups, counts, history, pages, the
    label and the state of a job in the background."""
    kinds = [recognise(call).claim(call) for name, _, call in RECORDED
             if name == capture and not is_count(call)]  # fmt: skip
    typed = [claim for claim in kinds if claim.claim is Claim.AUTHORED]
    assert len({(claim.conversation, claim.ordinal, claim.text_hash) for claim in typed}) == 1
    assert {claim.claim for claim in kinds} <= {Claim.AUTHORED, Claim.CONTINUATION, Claim.SIDE}


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


@pytest.mark.parametrize(
    "call",
    [pytest.param(call, id=f"{name}-{n}") for name, n, call in RECORDED if call.offers_tools],
)
def test_a_tools_main_call_has_an_agents_shape_even_without_its_name(call: SeenCall) -> None:
    """What is told apart by name today is served under any name, but for what has fewer tools."""
    client = recognise(call)
    if client.id not in ("codex", "mini-swe-agent") and not is_sub_agent(call):
        nameless = SeenCall(call.protocol, {}, structs.replace(call.outline, system=()))
        assert built_in_clients().recognise(nameless) is AGENT


def is_sub_agent(call: SeenCall) -> bool:
    return recognise(call).claim(call).claim is Claim.SUB_AGENT


WINDOW = Refusal(429, "1308", "used up", Wait.WINDOW, retry_after_seconds=3600)
MOMENT = Refusal(429, "1302", "too many", Wait.MOMENT, retry_after_seconds=2)


@pytest.mark.parametrize(
    ("capture", "status"),
    [
        ("claude-code", 402),
        ("opencode", 403),
        ("kilo", 403),
        ("cline", 403),
        ("qwen-code", 403),
        ("kimi-code-2.1.0-openai", 402),
        ("copilot-cli-1.0.102-openai", 402),
    ],
)
def test_each_tool_is_told_in_the_way_that_stops_it(capture: str, status: int) -> None:
    client = next(recognise(call) for name, _, call in RECORDED if name == capture)
    form = client.refuse(WINDOW)
    assert form.status == status
    assert (b"x-should-retry", b"false") in form.headers
    # Some obey it for hours, in silence.
    assert b"retry-after" not in dict(form.headers)
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
