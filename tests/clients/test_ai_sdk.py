"""The AI SDK, of which many coding tools are made: text, tools over two turns, thinking and
structured output, in each protocol that it speaks, against both kinds of upstream."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from support import npm
from support.replies import Said, answer
from support.service import Service, catalogue
from support.tools.base import PINNED
from support.upstream import Asked, Reply, ScriptedUpstream

FOLDER = PINNED / "ai_sdk"
PROTOCOLS = ("anthropic", "chat", "responses")
PASSES = {("up-model", "anthropic"), ("up-model", "chat")}
CITY = {"city": "Ulm", "people": 126000}


def script(asked: Asked) -> Reply:
    """Two turns where a tool is offered and no result is there yet; a city where an object is
    wanted."""
    body = json.dumps(asked.body)
    thinking = "I add them."
    if '"add"' in body and '"sum\\\\\\"' not in body and '\\"sum\\"' not in body:
        return answer(asked, Said(thinking=thinking, calls=(("call_1", "add", {"a": 1, "b": 2}),)))
    if '"add"' in body:
        return answer(asked, Said(text="It is 3.", thinking=thinking))
    if '"city"' in body:
        return answer(asked, _city(asked))
    return answer(asked, Said(text="It is said."))


def _city(asked: Asked) -> Said:
    """As text, or as the call of the tool by which the SDK asks for an object."""
    tools = asked.body.get("tools") or []
    names = [tool.get("name") or tool["function"]["name"] for tool in tools]
    if names:
        return Said(calls=(("call_1", names[0], CITY),))
    return Said(text=json.dumps(CITY))


@pytest.fixture(scope="module", params=["openai", "anthropic"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with ScriptedUpstream(script) as upstream:
        config = catalogue(upstream.base_url, request.param, clients="any")
        with Service(tmp_path_factory.mktemp("ai-sdk"), config) as running:
            yield running


def sdk(service: Service, protocol: str, scenario: str) -> dict[str, Any]:
    packages = npm.install(FOLDER, "ai_sdk")
    program = packages.parent / "run.mjs"
    program.write_bytes((FOLDER / "run.mjs").read_bytes())
    done = subprocess.run(
        [str(npm.NODE), str(program), protocol, scenario, service.url, service.key],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_text(service: Service, protocol: str) -> None:
    for scenario in ("generate", "stream"):
        shown = sdk(service, protocol, scenario)
        assert (shown["text"], shown["finish"]) == ("It is said.", "stop")
        assert shown["usage"] == {"input": 25, "output": 7}
        if shown["model"] != "glm-4.6":
            # Where both sides speak the same protocol its bytes pass, with the upstream's name.
            assert (shown["model"], protocol) in PASSES
    assert shown["streamed"] == "It is said."
    assert shown["errors"] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("scenario", ["generate-tools", "stream-tools", "thinking"])
def test_two_turns_with_a_tool(service: Service, protocol: str, scenario: str) -> None:
    before = service.window()["used"]
    shown = sdk(service, protocol, scenario)
    assert shown["calls"] == [{"toolName": "add", "input": {"a": 1, "b": 2}}]
    assert shown["results"] == [{"sum": 3}]
    assert (shown["text"], shown["finish"]) == ("It is 3.", "stop")
    if scenario == "thinking" and protocol == "anthropic":
        assert shown["reasoning"] == "I add them."
    assert service.window()["used"] == before + 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_structured_output(service: Service, protocol: str) -> None:
    assert sdk(service, protocol, "structured")["output"] == CITY
