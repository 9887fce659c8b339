"""More of the real tools, each on a plan's own settings: a prompt with a tool loop is one, the next
is the second, and a used-up window stops the tool at once."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

RUNS: dict[str, Callable[..., tools.Ran]] = {
    "continue": tools.continue_cli,
    "kimi-code": tools.kimi_code,
    "kimi-code over Anthropic": tools.kimi_code_anthropic,
    "copilot-cli": tools.copilot_cli,
    "copilot-cli over Anthropic": tools.copilot_cli_anthropic,
    "pi": tools.pi,
    "pi over Anthropic": tools.pi_anthropic,
}
ALL = [*RUNS, "droid"]
OLD_VERSIONS: dict[str, Callable[..., tools.Ran]] = {
    f"claude-code {version}": partial(tools.claude_code, version=version)
    for version in ("2.0.76", "2.1.100")
}
FIRST = "FIRST: write hello into PATH={target}=END"
SECOND = "SECOND: say that you are done."
# How tools name what writes a file, and its arguments.
WRITERS = ("Write", "write", "Create", "create")
PATHS, CONTENTS = ("path", "file_path", "filepath"), ("content", "file_text")


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    tools.install_more()


def _client(tool: str) -> str:
    return tool.split(" over ")[0]


def _model(asked: Asked) -> Reply:
    """Writes the file that the first prompt names, and says which prompt it has done."""
    messages = asked.body["messages"]
    typed = [str(message["content"]) for message in messages if message["role"] == "user"]
    if any("SECOND" in text for text in typed):
        return answer(asked, Said(text="Done with SECOND."))
    if messages[-1]["role"] == "tool":
        return answer(asked, Said(text="Done with FIRST."))
    first = next(text for text in typed if "PATH=" in text)
    path = first.split("PATH=")[1].split("=END")[0]
    return answer(asked, Said(text="Writing.", calls=(_writing(asked, path),)))


def _writing(asked: Asked, path: str) -> tuple[str, str, dict[str, Any]]:
    """A call of the tool's own function, by its schema."""
    functions = {tool["function"]["name"]: tool["function"] for tool in asked.body["tools"]}
    name = next(name for name in WRITERS if name in functions)
    values = dict.fromkeys(PATHS, path) | dict.fromkeys(CONTENTS, "hello\n")
    known = functions[name]["parameters"]["properties"]
    return "call_1", name, {name: value for name, value in values.items() if name in known}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("served")
    with (
        ScriptedUpstream(_model) as upstream,
        Service(folder, catalogue(upstream.base_url)) as service,
    ):
        yield service


@pytest.mark.parametrize("tool", ALL)
def test_a_tool_loop_is_one_prompt_and_what_is_typed_next_the_second(
    tool: str, served: Service, tmp_path: Path
) -> None:
    account = served.new_account(f"{tool.replace(' ', '-')}@example.com")
    key, target = account["key"], tmp_path / "workspace" / "hello.txt"
    prompt = FIRST.format(target=target)
    if tool == "droid":
        second = tools.droid(served.url, key, prompt, tmp_path, then=SECOND)
    else:
        first = RUNS[tool](served.url, key, prompt, tmp_path)
        assert "Done with FIRST." in first.seen, first.seen
        assert served.window(key)["used"] == 1
        second = RUNS[tool](served.url, key, SECOND, tmp_path, continues=True)
        assert "Done with SECOND." in second.seen, second.seen
    assert target.read_text() == "hello\n", second.seen
    window = served.window(key)
    prompts = served.cli("explain", "--url", served.url, "--key", key)["prompts"]
    assert (window["used"], window["reserved"]) == (2, 0), prompts
    calls = served.rows("SELECT client FROM calls WHERE account_id = ?", account["account_id"])
    assert {client for (client,) in calls} == {_client(tool)}
    assert len(calls) == 3


@pytest.fixture(scope="module")
def used_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, ScriptedUpstream]]:
    """A plan of one prompt, which is used: by a tool whose place here is the last."""
    folder = tmp_path_factory.mktemp("used-up")
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(folder, catalogue(upstream.base_url, limit=1)) as service,
    ):
        tools.pi(service.url, service.key, "Say yes.", folder)
        assert service.window()["used"] == 1
        yield service, upstream


def _refusals(service: Service) -> list[datetime]:
    """When calls were refused, by the service's log."""
    lines = [json.loads(line) for line in service.log.splitlines() if '"refused"' in line]
    return [datetime.fromisoformat(line["timestamp"]) for line in lines]


@pytest.mark.parametrize("tool", [*ALL, *OLD_VERSIONS])
def test_at_a_used_up_window_the_tool_stops_at_once(
    tool: str, used_up: tuple[Service, ScriptedUpstream], tmp_path: Path
) -> None:
    service, upstream = used_up
    before = len(_refusals(service))
    run = {**RUNS, **OLD_VERSIONS, "droid": tools.droid}[tool]
    ran = run(service.url, service.key, "Say yes again.", tmp_path)
    ended = datetime.now(UTC)
    refusals = _refusals(service)[before:]
    # 2.0.76 makes three calls of its own beside the prompt's, and each of the four twice, whatever
    # it is told: streamed, then whole.
    assert 1 <= len(refusals) <= (8 if tool == "claude-code 2.0.76" else 2)
    # From the refusal on: how long a tool takes to start is its own affair.
    assert (ended - refusals[0]).total_seconds() < 15
    assert len(upstream.calls) == 1
    assert service.window()["used"] == 1
    if tool == "droid":
        # It keeps every refusal's words to itself.
        assert ran.status != 0
        assert "Exec failed" in ran.seen, ran.seen
    else:
        assert "Usage limit reached for 5 hour. Your limit will reset at " in ran.seen, ran.seen
        assert "(UTC+08:00)" in ran.seen
