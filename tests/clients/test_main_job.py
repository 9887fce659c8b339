"""The whole point: real coding tools answered through a plan, and the plan knows what it cost."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import Asked, Reply, ScriptedUpstream

RUNS = {
    "claude-code": tools.claude_code,
    "opencode": tools.opencode,
    "codex": tools.codex,
    "qwen-code": tools.qwen_code,
    "qwen-code in its Anthropic mode": tools.qwen_code_anthropic,
    "cline": tools.cline,
    "kilo-code": tools.kilo_code,
}
QUESTION = "In one sentence, what does def add(a,b): return a+b do?"


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    tools.install()


def test_the_embedded_model_answers_both_tools_and_each_costs_one_prompt(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        claude = tools.claude_code(service.url, service.key, QUESTION, tmp_path / "a")
        assert claude.status == 0
        assert len(claude.seen.strip()) > 10
        assert claude.seconds < 60
        assert service.window()["used"] == 1
        opencode = tools.opencode(service.url, service.key, QUESTION, tmp_path / "b")
        assert opencode.status == 0
        assert len(opencode.seen.strip()) > 10
        assert opencode.seconds < 60
        window = service.window()
        assert (window["used"], window["limit"], window["reserved"]) == (2, 120, 0)
        assert window["resets_at"]
        # OpenCode's title call runs beside its first step and costs nothing. On a slow machine it
        # is still under way when OpenCode ends, and is then cut.
        until = time.monotonic() + 60
        while len(calls := service.rows("SELECT client, why, state, output FROM calls")) < 3:
            assert time.monotonic() < until, calls
            time.sleep(0.05)
        assert [client for client, _, _, _ in calls].count("opencode") == 2
        asked = [row for row in calls if not row[1].startswith("a side call")]
        assert len(asked) == 2
        assert all(state == "settled" and output > 0 for _, _, state, output in asked)
        assert service.window()["used"] == 2


# How each tool's own function writes a file: the first that a call offers is used.
WRITES: dict[str, Callable[[str], dict[str, Any]]] = {
    "Write": lambda path: {"file_path": path, "content": "hello\n"},
    "write": lambda path: {"filePath": path, "content": "hello\n"},
    "write_file": lambda path: {"file_path": path, "content": "hello\n"},
    "exec_command": lambda path: {"cmd": f"echo hello > {path}"},
    "run_commands": lambda path: {"commands": [f"echo hello > {path}"]},
}


def _writes_a_file(asked: Asked) -> Reply:
    """Asks for the file on the first step, and is done once the tool's result is there."""
    offered = [_name(tool) for tool in asked.body.get("tools") or []]
    raw = asked.raw.decode()
    if not offered or "managed memory extraction" in raw:
        return answer(asked, Said(text="A title"))
    if '"tool_use_id"' in raw or '"tool_call_id"' in raw:
        return answer(asked, Said(text="Written."))
    name = next(name for name in WRITES if name in offered)
    call = ("call_1", name, WRITES[name](_workspace(asked)))
    return answer(asked, Said(text="Writing.", calls=(call,)))


def _name(tool: dict[str, Any]) -> str:
    return str(tool.get("name") or tool["function"]["name"])


def _workspace(asked: Asked) -> str:
    """The path that the test's prompt names."""
    text = asked.raw.decode()
    start = text.index("PATH=") + len("PATH=")
    return text[start : text.index("=END", start)]


@pytest.mark.parametrize("tool", RUNS)
def test_a_plain_question_is_one_prompt(tool: str, tmp_path: Path) -> None:
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="It adds numbers."))) as upstream,
        Service(tmp_path, catalogue(upstream.base_url)) as service,
    ):
        ran = RUNS[tool](service.url, service.key, QUESTION, tmp_path)
        assert ran.status == 0, ran.seen
        assert "It adds numbers." in ran.seen
        window = service.window()
        assert (window["used"], window["reserved"]) == (1, 0), service.rows("SELECT * FROM calls")
        _check_client(service, tool)


def _check_client(service: Service, tool: str) -> None:
    """Every call was recognised, and its session known where the tool has one."""
    expected = tool.split(" in ")[0]
    assert {client for (client,) in service.rows("SELECT client FROM calls")} == {expected}
    sessions = {session for (session,) in service.rows("SELECT session FROM prompts")}
    assert len(sessions) == 1
    assert (sessions == {""}) == (expected in ("qwen-code", "cline"))


@pytest.mark.parametrize("tool", RUNS)
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_file_written_by_a_tool_call_is_one_prompt(
    tool: str, protocol: str, tmp_path: Path
) -> None:
    target = tmp_path / "workspace" / "hello.txt"
    with (
        ScriptedUpstream(_writes_a_file) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, protocol)) as service,
    ):
        prompt = f"Write hello into PATH={target}=END"
        ran = RUNS[tool](service.url, service.key, prompt, tmp_path)
        assert target.read_text() == "hello\n", ran.seen
        assert len(upstream.calls) >= 2
        assert service.window()["used"] == 1
        assert service.rows("SELECT count(*), sum(calls) FROM prompts")[0][0] == 1
        _check_client(service, tool)
        assert {call.body["model"] for call in upstream.calls} <= {"up/GLM-4.6", "up/GLM-4.5-Air"}


@pytest.fixture(scope="module")
def used_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, ScriptedUpstream]]:
    """A plan whose 120 prompts are used."""
    folder = tmp_path_factory.mktemp("used-up")
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(folder, catalogue(upstream.base_url)) as service,
        service.client() as http,
    ):
        for number in range(120):
            answered = http.post(
                "/api/coding/paas/v4/chat/completions",
                headers={**opencode(f"ses_{number}"), "authorization": f"Bearer {service.key}"},
                json={"model": "glm-4.6", "messages": [{"role": "user", "content": "Say yes."}]},
            )
            assert answered.status_code == 200
        yield service, upstream


def _refusals(service: Service) -> list[datetime]:
    """When calls were refused, by the service's log."""
    lines = [json.loads(line) for line in service.log.splitlines() if '"refused"' in line]
    return [datetime.fromisoformat(line["timestamp"]) for line in lines]


@pytest.mark.parametrize("tool", RUNS)
def test_at_prompt_121_the_tool_stops_at_once_and_shows_the_reset_time(
    tool: str, used_up: tuple[Service, ScriptedUpstream], tmp_path: Path
) -> None:
    service, upstream = used_up
    assert service.window()["used"] == 120
    refused_before = len(_refusals(service))
    ran = RUNS[tool](service.url, service.key, "Say yes again.", tmp_path)
    ended = datetime.now(UTC)
    refusals = _refusals(service)[refused_before:]
    assert 1 <= len(refusals) <= 2
    # From the refusal on: how long a tool takes to start is its own affair.
    assert (ended - refusals[0]).total_seconds() < 15
    assert len(upstream.calls) == 120
    if tool == "codex":
        # It words the limit itself, in its person's own zone.
        assert "hit your usage limit" in ran.seen, ran.seen
        assert "chatgpt.com" not in ran.seen
        resets_at = datetime.fromisoformat(service.window()["resets_at"]).astimezone()
        assert re.search(rf"ry again at .*{resets_at:%-I:%M %p}", ran.seen), ran.seen
    else:
        assert "Usage limit reached for 5 hour. Your limit will reset at " in ran.seen, ran.seen
        assert "(UTC+08:00)" in ran.seen
    assert service.window()["used"] == 120
