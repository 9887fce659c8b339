"""Claude Code in the versions that people run: whatever it does for a prompt by itself, one prompt
typed is one prompt charged."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clients.test_conversations import SUB, newest
from support import tools
from support.replies import Said, answer
from support.secure_page import SecurePage
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

VERSIONS = ["2.0.76", "2.1.100", ""]
Call = tuple[str, str, dict[str, Any]]


@dataclass
class Model:
    """Plays the model. ``helpers``: what was asked without tools, which no person typed."""

    page: str
    helpers: list[str] = field(default_factory=list)
    sub_agents: int = 0
    answers: int = 0

    def script(self, asked: Asked) -> Reply:
        offered = [tool["function"]["name"] for tool in asked.body.get("tools") or []]
        if not offered:
            return self._help(asked)
        text, _ = newest(asked.body["messages"])
        if SUB in text:
            self.sub_agents += 1
            return self._say(asked, "Four.")
        calls = self._next(text, _results(asked.body["messages"]), offered)
        done = "" if calls else f"Done with {text.split(':')[0]}."
        return self._say(asked, done, calls)

    def _say(self, asked: Asked, text: str, calls: tuple[Call, ...] = ()) -> Reply:
        self.answers += 1
        return answer(asked, Said(text=text, calls=calls, id=f"up-{self.answers}"))

    def _help(self, asked: Asked) -> Reply:
        self.helpers.append(asked.raw.decode())
        state = {"state": "done", "detail": "written", "tempo": "idle", "output": {}}
        is_check = "decide which of four states" in self.helpers[-1]
        return self._say(asked, json.dumps(state) if is_check else "A short text.")

    def _next(self, text: str, results: list[str], offered: list[str]) -> tuple[Call, ...]:
        """The tools to call for this prompt, after so many results."""
        if "FIRST" in text and not results:
            return (_write(text.split("PATH=")[1].split("=END")[0]),)
        if "SECOND" in text and not results:
            agent = "Agent" if "Agent" in offered else "Task"
            explore = {"description": "look", "prompt": SUB, "subagent_type": "Explore"}
            fetch = {"url": self.page, "prompt": "What does the lamp cost?"}
            return ("call_2", "WebFetch", fetch), ("call_3", agent, explore)
        if "JOB" in text and not results:
            return (("call_4", "EnterWorktree", {}),)
        if "JOB" in text and len(results) == 1:
            worktree = re.search(r"/\S+/worktrees/[\w-]+", results[0])
            assert worktree, results
            return (_write(f"{worktree[0]}/hello.txt"),)
        return ()


def _write(path: str) -> Call:
    return "call_1", "Write", {"file_path": path, "content": "hello\n"}


def _results(messages: list[dict[str, Any]]) -> list[str]:
    """Of the tools that were called since a person wrote."""
    results: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            results.append(str(message["content"]))
        elif message["role"] == "user" and newest([message])[0]:
            results.clear()
    return results


@dataclass
class Served:
    service: Service
    model: Model
    page: SecurePage


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with SecurePage(folder, "The lamp costs 12 euros.") as page:
        model = Model(page.url)
        with (
            ScriptedUpstream(model.script) as upstream,
            Service(folder, catalogue(upstream.base_url)) as service,
        ):
            yield Served(service, model, page)


def _check(service: Service, account: dict[str, Any], prompts: int) -> None:
    """So many prompts are charged, every call was recognised, and none refused."""
    window = service.window(account["key"])
    calls = service.rows(
        "SELECT client, why, model_asked FROM calls WHERE account_id = ?", account["account_id"]
    )
    assert (window["used"], window["reserved"]) == (prompts, 0), calls
    assert {client for client, _, _ in calls} == {"claude-code"}
    assert '"refused"' not in service.log


@pytest.mark.parametrize("version", VERSIONS)
def test_one_prompt_typed_is_one_prompt_charged(
    version: str, served: Served, tmp_path: Path
) -> None:
    service, model, page = served.service, served.model, served.page
    account = service.new_account(f"claude-{version or 'newest'}@example.com")
    settings = tmp_path / "home" / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True)
    # It would ask its maker's server about each page.
    settings.write_text(json.dumps({"skipWebFetchPreflight": True}))
    model.sub_agents, visits = 0, page.visits

    def typed(prompt: str, **more: Any) -> str:
        allowed = ("WebFetch", "Task")
        return tools.claude_code(
            service.url, account["key"], prompt, tmp_path,
            version=version, allowed=allowed, quiet=False, **more,
        ).seen  # fmt: skip

    target = tmp_path / "workspace" / "hello.txt"
    first = typed(f"FIRST: write hello into PATH={target}=END")
    assert "Done with FIRST." in first, first
    assert target.read_text() == "hello\n"
    _check(service, account, 1)
    # The models as `codeplan connect` maps them; a page and a sub-agent for one prompt.
    variables = {**tools.MAPPED, "NODE_EXTRA_CA_CERTS": str(page.certificate)}
    second = typed("SECOND: read the page and ask somebody.", continues=True, variables=variables)
    assert "Done with SECOND." in second, second
    assert (page.visits - visits, model.sub_agents) == (1, 1)
    assert any("The lamp costs 12 euros." in helper for helper in model.helpers)
    _check(service, account, 2)
    third = typed("THIRD: say that you are done.", more=("--model", "haiku"))
    assert "Done with THIRD." in third, third
    _check(service, account, 3)


def test_a_job_in_the_background_is_one_prompt_and_its_checks_are_free(
    served: Served, tmp_path: Path
) -> None:
    service, model = served.service, served.model
    account = service.new_account("claude-background@example.com")
    helpers = len(model.helpers)
    with tools.ClaudeJob(service.url, account["key"], tmp_path) as job:
        job.start("JOB: write hello into hello.txt.")
        job.wait_until("done")
        assert "hello.txt" in job.logs()
        written = [*job.workspace.glob(".claude/worktrees/*/hello.txt")]
        assert [file.read_text() for file in written] == ["hello\n"]
    asked = "\n".join(model.helpers[helpers:])
    assert "lowercase label for this job" in asked
    assert "decide which of four states" in asked
    _check(service, account, 1)
