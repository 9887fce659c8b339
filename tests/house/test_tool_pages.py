"""Every known tool has a page, and what it says to paste is what `codeplan connect` and the console
write."""

import re
from shlex import quote

import pytest

from codeplan.clients.base import Client
from codeplan.clients.refusal import Refusal, Wait
from codeplan.clients.set_up import Plan
from codeplan.clients.written import written
from codeplan.config.build import build_catalogue
from codeplan.config.build_clients import built_in_clients
from codeplan.config.load import load
from codeplan.plan.turns import FREE_SIDE_CALLS
from support.npm import ROOT

PAGES = ROOT / "docs" / "tools"
PLAN = Plan("http://127.0.0.1:8787", "cp-…", "glm-4.6", "glm-4.5-air")
TOOLS = [client for client in built_in_clients().known if not client.sees]
HEADINGS = ("Set it up", "Limits of the model", "When quota is used up", "What counts")
tool = pytest.mark.parametrize("client", TOOLS, ids=lambda client: client.id)


def page_of(client: Client) -> str:
    return (PAGES / f"{client.id}.md").read_text()


def to_paste(client: Client) -> list[str]:
    """What a person takes from the page, without the limits that only a catalogue has."""
    lines = client.environment(PLAN).items()
    exports = [f"export {name}={value if '…' in value else quote(value)}" for name, value in lines]
    files = [written(set_up) for set_up in client.set_up(PLAN)]
    return [*exports, *files, *(one.text for one in client.paste(PLAN))]


@tool
def test_its_page_has_the_form_of_all(client: Client) -> None:
    assert tuple(re.findall(r"^## (.+)$", page_of(client), re.MULTILINE)) == HEADINGS


@tool
def test_its_page_has_what_is_to_be_pasted(client: Client) -> None:
    texts = to_paste(client)
    assert texts
    page = page_of(client)
    assert f"codeplan connect {client.id} --url {PLAN.url}" in page
    for text in texts:
        assert text.strip() in page
    for paste in client.paste(PLAN):
        assert paste.where in page
    for set_up in client.set_up(PLAN):
        assert f"~/{set_up.files[0]}" in page


def test_every_page_is_of_a_known_tool_and_in_the_index() -> None:
    index = (PAGES / "README.md").read_text()
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == {client.id for client in TOOLS} | {"others"}
    assert set(re.findall(r"\]\((\S+)\.md\)", index)) >= pages | {"../mcp"}
    for client in TOOLS:
        assert f"[{client.name}]({client.id}.md)" in index
    assert "(docs/tools/README.md)" in (ROOT / "README.md").read_text()


def test_the_vision_servers_page_has_its_own_lines() -> None:
    (vision,) = (client for client in built_in_clients().known if client.sees)
    page = (ROOT / "docs" / "mcp.md").read_text()
    assert f"codeplan connect {vision.id} --url" in page
    for paste in vision.paste(PLAN):
        assert paste.text.strip() in page
        assert "/api/paas/v4/" in paste.text
        assert "/api/coding/" not in paste.text


def test_what_one_prompt_buys_is_what_the_promise_says() -> None:
    """The figures of the built-in plans."""
    page = (ROOT / "docs" / "promise.md").read_text()
    rows = re.findall(r"^   \| (\w+) \| (\d+) \| (\d+) \|", page, re.MULTILINE)
    plans = build_catalogue(load(None)).plans.values()
    figures = [(one.name, str(one.calls_per_prompt), str(FREE_SIDE_CALLS)) for one in plans]
    assert rows == figures


def test_what_clients_md_says_of_refusals_is_what_the_code_does() -> None:
    """The table of statuses names each tool with the status that its used-up window has, and what
    its person sees."""
    page = (ROOT / "docs" / "clients.md").read_text()
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| (?:.*)$", page, re.MULTILINE))
    seen = dict(re.findall(r"^\| `([a-z-]+)` \| \d{3} \| ([a-z ]+) \|", page, re.MULTILINE))
    words = {"own_words": "own words"}
    for client in TOOLS:
        refusal = Refusal(429, "1308", "used up", Wait.WINDOW, 60, 1)
        assert told[client.id] == str(client.refuse(refusal).status), client.id
        assert seen[client.id] == words.get(client.at_limit, client.at_limit), client.id
