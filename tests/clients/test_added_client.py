"""A tool that only an operator's `[[clients]]` knows: recognised, counted, refused in its own form,
and set up by `codeplan connect`. The tool is a script over the official SDK, which reads its own
configuration."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.test_connect import codeplan
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

TOOL = """
import json, pathlib, sys
import openai
settings = json.loads((pathlib.Path.home() / ".zeta" / "settings.json").read_text())["codeplan"]
client = openai.OpenAI(
    base_url=settings["url"], api_key=settings["key"], max_retries=0,
    default_headers={"User-Agent": "zeta/1.0", "X-Zeta-Run": sys.argv[1]},
)
tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]

def ask(messages, **more):
    return client.chat.completions.create(
        model=settings["model"], messages=messages, max_tokens=settings["answer"], **more)

messages = [{"role": "system", "content": "You are Zeta."}]
try:
    for prompt in sys.argv[2:]:
        messages.append({"role": "user", "content": prompt})
        ask([{"role": "user", "content": "TITLE: " + prompt}])
        message = ask(messages, tools=tools).choices[0].message
        while message.tool_calls:
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls:
                messages.append({"role": "tool", "tool_call_id": call.id, "content": "a file"})
            message = ask(messages, tools=tools).choices[0].message
        messages.append({"role": "assistant", "content": message.content})
        messages.append({"role": "user", "content": "[zeta] are you done?"})
        checked = ask(messages, tools=tools).choices[0].message
        messages.append({"role": "assistant", "content": checked.content})
        print(message.content)
except openai.APIStatusError as error:
    print(error.status_code, error.body["message"])
"""
ENTRY = """
[[clients]]
id = "zeta"
name = "Zeta"
user_agent = "zeta/*"
session = "header:x-zeta-run"
side = ["TITLE:"]
nudges = ["[zeta]"]
refuse = 400
programs = ["zeta"]
headless = ["run", "{prompt}"]

[[clients.set_up]]
files = ".zeta/settings.json"
folders = { ZETA_HOME = ".zeta" }
removes = [["old", "*", "url"]]
unless = [{ path = ["small"], allowed = ["{small}"] }]
includes = [{ path = ["enabled"], item = "zeta" }]
excludes = [{ path = ["disabled"], item = "zeta" }]
outranks = [{ variable = "ZETA_MODEL", path = ["codeplan", "model"], value = "{large}" }]
above = "./.zeta/settings.json"
overriding = "ZETA_URL"
format = "json"
then = "Start it as ever: zeta"
values = [
  { path = ["codeplan", "url"], value = "{url}/api/coding/paas/v4" },
  { path = ["codeplan", "key"], value = "{key}" },
  { path = ["codeplan", "model"], value = "{large}" },
  { path = ["codeplan", "answer"], value = "{output}" },
]
"""


def _model(asked: Asked) -> Reply:
    newest = asked.body["messages"][-1]
    if newest["role"] == "user" and newest["content"].startswith("LOOK"):
        return answer(asked, Said(text="Looking.", calls=(("call_1", "look", {}),)))
    return answer(asked, Said(text="Done."))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with ScriptedUpstream(_model) as upstream:
        config = catalogue(upstream.base_url, limit=2)
        config = config.replace('id = "glm-4.6"\n', 'id = "glm-4.6"\noutput = 12345\n', 1)
        with Service(tmp_path_factory.mktemp("added"), config + ENTRY) as running:
            yield running


def test_a_tool_that_an_entry_alone_adds(service: Service, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    changed = codeplan(
        home, "connect", "zeta", "--url", service.url, "--yes", CODEPLAN_KEY=service.key
    )
    settings = home / ".zeta" / "settings.json"
    assert (changed["tool"], changed["files"]) == ("zeta", [str(settings)])
    assert changed["changed"]
    # Nothing is run because a service says so.
    assert changed["trial"]["outcome"] == "not_tried"
    assert json.loads(settings.read_text())["codeplan"]["answer"] == 12345

    def zeta(run: str, *prompts: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", TOOL, run, *prompts],
            env={"HOME": str(home), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Its titles are side calls, its questions to itself nobody's, its turn with a tool one prompt.
    assert zeta("one", "LOOK around") == "Done.\n"
    assert service.window()["used"] == 1
    assert zeta("two", "Write it") == "Done.\n"
    assert service.window()["used"] == 2
    assert {client for (client,) in service.rows("SELECT client FROM calls")} == {"zeta"}
    assert {one for (one,) in service.rows("SELECT session FROM prompts")} == {"one", "two"}
    refused = zeta("three", "More")
    assert refused.startswith("400 Usage limit reached for 5 hour. Your limit will reset at ")
    assert service.window()["used"] == 2
    codeplan(home, "disconnect", "zeta")
    assert not settings.exists()


def test_a_tool_that_nobody_knows_is_named(service: Service, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codeplan.cli", "connect", "omega", "--url", service.url, "--yes"],
        env={"HOME": str(tmp_path), "PATH": "", "CODEPLAN_KEY": service.key},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "there is no tool 'omega'; there are " in done.stderr
    assert "zeta" in done.stderr
