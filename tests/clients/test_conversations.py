"""Whole conversations of the real tools: three prompts typed are three prompts charged, with tools,
a sub-agent, a stream that is cut and tried again, and a compaction."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.test_main_job import WRITES
from support import tools
from support.replies import SSE, Said, answer, openai_pieces
from support.service import Service, catalogue
from support.upstream import Asked, Cut, Reply, ScriptedUpstream

RUNS: dict[str, Callable[..., tools.Ran]] = {
    "claude-code": tools.claude_code,
    "opencode": tools.opencode,
    "codex": tools.codex,
    "qwen-code": tools.qwen_code,
    "cline": tools.cline,
}
# How each tool starts a sub-agent, where it has one that a model can start.
AGENTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Agent": lambda prompt: {
        "description": "ask", "prompt": prompt, "subagent_type": "general-purpose"},
    "task": lambda prompt: {
        "description": "ask", "prompt": prompt, "subagent_type": "general"},
    "multi_agent_v1__spawn_agent": lambda prompt: {"message": prompt},
    "agent": lambda prompt: {
        "description": "ask", "prompt": prompt, "subagent_type": "general-purpose"},
}  # fmt: skip
# What tools put into messages of the user's role by themselves.
TOOLS_OWN = (
    "<system-reminder>", "<task-notification>", "<subagent_notification>", "[SYSTEM]",
    "The connection dropped mid-response",
)  # fmt: skip
WAIT = "multi_agent_v1__wait_agent"
SUB = "SUBTASK: say what two and two is."


class Model:
    """Plays the model: what it does depends on the newest text that a person wrote."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.cut = False
        self.sub_agent_asked = False

    def script(self, asked: Asked) -> Reply:
        text, after_tool = newest(asked.body["messages"])
        offered = [tool["function"]["name"] for tool in asked.body.get("tools") or []]
        if not offered or "managed memory extraction" in asked.raw.decode():
            return answer(asked, Said(text="A title"))
        if SUB in text:
            self.sub_agent_asked = True
            return answer(asked, Said(text="Four."))
        if after_tool:
            agent = re.search(r'agent_id\\*":\s*\\*"([^"\\]+)', str(asked.body["messages"][-1]))
            if agent and WAIT in offered:
                return self._call(asked, {WAIT: lambda one: {"targets": [one]}}, offered, agent[1])
            return self._done(asked, offered, text)
        if "FIRST" in text:
            return self._call(asked, WRITES, offered, str(self.target))
        if "SECOND" in text and any(name in AGENTS for name in offered):
            return self._call(asked, AGENTS, offered, SUB)
        if "THIRD" in text and not self.cut:
            self.cut = True
            pieces = openai_pieces(Said(text="This is cut off"))
            return Reply(pieces=[*pieces[:2], Cut()], content_type=SSE)
        return self._done(asked, offered, text)

    def _call(
        self,
        asked: Asked,
        known: dict[str, Callable[[str], dict[str, Any]]],
        offered: list[str],
        about: str,
    ) -> Reply:
        name = next(name for name in known if name in offered)
        call = (f"call_{len(asked.raw)}", name, known[name](about))
        return answer(asked, Said(text="Doing it.", calls=(call,)))

    def _done(self, asked: Asked, offered: list[str], text: str) -> Reply:
        word = next((word for word in ("FIRST", "SECOND", "THIRD") if word in text), "it")
        return answer(asked, Said(text=f"Done with {word}."))


def newest(messages: list[dict[str, Any]]) -> tuple[str, bool]:
    """The newest text that a person wrote, and whether a tool's result is newer than it."""
    after_tool = False
    for message in reversed(messages):
        if message["role"] == "tool":
            after_tool = True
        if message["role"] != "user":
            continue
        content = message["content"]
        parts = [content] if isinstance(content, str) else [p.get("text", "") for p in content]
        own = [part for part in parts if not part.lstrip().startswith(TOOLS_OWN)]
        if own:
            return own[-1], after_tool
    return "", after_tool


@pytest.mark.parametrize("tool", RUNS)
def test_three_prompts_typed_are_three_prompts_charged(tool: str, tmp_path: Path) -> None:
    target = tmp_path / "workspace" / "hello.txt"
    model = Model(target)
    # On its terminal Cline shows a cut and leaves the retry to its person.
    model.cut = tool == "cline"
    with (
        ScriptedUpstream(model.script) as upstream,
        Service(tmp_path, catalogue(upstream.base_url)) as service,
    ):

        def typed(prompt: str, continues: bool) -> str:
            ran = RUNS[tool](service.url, service.key, prompt, tmp_path, continues=continues)
            return ran.seen

        first = typed("FIRST: write the file.", False)
        assert target.read_text() == "hello\n", first
        assert service.window()["used"] == 1, service.rows("SELECT * FROM calls")
        second = typed("SECOND: ask somebody.", True)
        assert "SECOND." in second
        assert model.sub_agent_asked == (tool != "cline")
        assert service.window()["used"] == 2, service.rows("SELECT why, outcome FROM calls")
        third = typed("THIRD: go on.", True)
        assert "THIRD." in third
        assert model.cut
        assert service.window()["used"] == 3, service.rows("SELECT why, outcome FROM calls")
        if tool == "claude-code":
            typed("/compact", True)
            assert service.window()["used"] == 3, service.rows("SELECT why, outcome FROM calls")
        receipts = service.cli("explain", "--url", service.url, "--key", service.key)["prompts"]
        assert [prompt["state"] for prompt in receipts].count("settled") == 3


def _for_ever(asked: Asked) -> Reply:
    offered = [tool["function"]["name"] for tool in asked.body.get("tools") or []]
    if not offered or "managed memory extraction" in asked.raw.decode():
        return answer(asked, Said(text="A title"))
    text = asked.raw.decode()
    start = text.index("PATH=") + len("PATH=")
    name = next(name for name in WRITES if name in offered)
    arguments = WRITES[name](f"{text[start : text.index('=END', start)]}-{len(text)}")
    call = (f"call_{len(text)}", name, arguments)
    return answer(asked, Said(text="Once more.", calls=(call,)))


@pytest.mark.parametrize("tool", RUNS)
def test_a_runaway_tool_is_stopped_and_its_person_sees_why(tool: str, tmp_path: Path) -> None:
    with (
        ScriptedUpstream(_for_ever) as upstream,
        Service(
            tmp_path,
            catalogue(upstream.base_url).replace(
                "calls_per_prompt = 20", "calls_per_prompt = 4\nmax_calls_per_turn = 10"
            ),
        ) as service,
    ):
        prompt = f"Write PATH={tmp_path}/workspace/hello=END"
        ran = RUNS[tool](service.url, service.key, prompt, tmp_path)
        assert "This turn has made 10 model calls" in ran.seen, ran.seen
        # Ten calls of four a prompt: three prompts, and nothing for what was refused.
        assert service.window()["used"] == 3
        calls = service.rows("SELECT count(*) FROM calls WHERE why NOT LIKE 'a side call%'")
        assert calls == [(10,)]
