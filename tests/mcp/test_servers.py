"""The plan's MCP servers over HTTP: by the official client, and by the real Claude Code."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.shown import EYES, screenshot
from support.upstream import Asked, Reply, ScriptedUpstream

SEARCH, READER, VISION = "web_search_prime", "web_reader", "vision"
# As people name them in their tools' settings.
NAMES = {"web-search-prime": SEARCH, "web-reader": READER, "vision": VISION}


def offered(asked: Asked) -> list[str]:
    """The names of the tools that a call offers its model; those of a namespace too."""
    return [one["function"]["name"] for one in asked.body.get("tools", []) if "function" in one]


def script(asked: Asked) -> Reply:
    """A model that sees, and that calls each tool it is offered of ours, once, and then says so."""
    done = json.dumps(asked.body["messages"])
    if "image_url" in done and not asked.body.get("tools"):
        return answer(asked, Said("A red square."))
    tools_here = offered(asked)
    if "ToolSearch" in tools_here and "call_search" not in done:
        # Claude Code keeps servers' tools back until the model looks for them.
        wanted = {"query": f"select:{','.join(CLAUDE_TOOLS)}", "max_results": 5}
        return answer(asked, Said(calls=(("call_search", "ToolSearch", wanted),)))
    for place, (name, arguments) in enumerate(SCRIPT):
        tool = next((one for one in tools_here if one.endswith(name)), "")
        if tool and f"call_mcp_{place}" not in done:
            return answer(asked, Said(calls=((f"call_mcp_{place}", tool, arguments),)))
    return answer(asked, Said("I have looked it up."))


SHANGHAI = ZoneInfo("Asia/Shanghai")
CLAUDE_TOOLS = (
    "mcp__web-search-prime__web_search_prime",
    "mcp__web-reader__webReader",
    "mcp__vision__analyze_image",
    "mcp__web-search-prime__plan_status",
)
RED = f"data:image/png;base64,{base64.b64encode(screenshot(('red',))).decode()}"
SCRIPT: list[tuple[str, dict[str, Any]]] = []


@pytest.fixture(scope="module")
def service(
    servers: str, site: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    port = site.server_port
    SCRIPT[:] = [
        (SEARCH, {"search_query": "add two numbers"}),
        ("webReader", {"url": f"http://127.0.0.1:{port}/page.html"}),
        ("analyze_image", {"image_source": RED, "prompt": "What is it?"}),
        ("plan_status", {}),
    ]
    with ScriptedUpstream(script) as upstream:
        where = tmp_path_factory.mktemp("mcp")
        with Service(where, catalogue(upstream.base_url) + servers + EYES) as running:
            yield running


@asynccontextmanager
async def client(service: Service, server: str, key: str) -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
        transport = streamable_http_client(f"{service.url}/api/mcp/{server}/mcp", http_client=http)
        async with Client(transport) as opened:
            yield opened


def text_of(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


def left(service: Service, key: str) -> int:
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        shown = http.get("/api/account/plan").json()
        prompts = [window["used"] for window in shown["windows"]]
    assert prompts == [0] or key == service.key
    return int(shown["mcp_windows"][0]["left"])


async def test_the_search_by_both_names(service: Service) -> None:
    key = service.new_key("search@example.org")
    async with client(service, SEARCH, key) as opened:
        listed = await opened.list_tools()
        assert {tool.name for tool in listed.tools} == {SEARCH, "webSearchPrime", "plan_status"}
        found = json.loads(
            text_of(await opened.call_tool(SEARCH, {"search_query": "add two numbers"}))
        )
        assert found[0]["title"] == "Adding"
        assert found[0]["link"].endswith("/add.md")
        assert "their sum" in found[0]["content"]
        again = await opened.call_tool(
            "webSearchPrime", {"search_query": "两个数的乘积", "count": "3", "location": "cn"}
        )
        assert json.loads(text_of(again))[0]["title"] == "乘法"
        wrong = await opened.call_tool(SEARCH, {"search_query": ""})
        assert wrong.is_error
        assert "search_query" in text_of(wrong)
        status = json.loads(text_of(await opened.call_tool("plan_status", {})))
        assert status["mcp_windows"][0]["used"] == 2
        assert status["windows"][0]["left"] == 120
    # Two that succeeded are charged; what was wrong, and the status, are free.
    assert left(service, key) == 18


@pytest.mark.parametrize("server", [SEARCH, READER, VISION])
async def test_an_argument_that_is_null_is_not_given(
    service: Service, site: ThreadingHTTPServer, server: str
) -> None:
    """Of every tool: what is optional may be null, and what is not is missed by its name."""
    key = service.new_key(f"null-{server.replace('_', '-')}@example.org")
    page = f"http://127.0.0.1:{site.server_port}/page.html"
    known = {"search_query": "add two numbers", "url": page, "prompt": "What is it?"}
    async with client(service, server, key) as opened:
        for tool in (await opened.list_tools()).tools:
            if tool.name == "analyze_video":
                continue  # the picture is none; its arguments go the same way
            required = tool.input_schema.get("required", [])
            names = list(tool.input_schema["properties"])
            asked = {name: known.get(name, RED) if name in required else None for name in names}
            answered = await opened.call_tool(tool.name, asked)
            assert not answered.is_error, (tool.name, text_of(answered))
            for name in required[:1]:
                missed = await opened.call_tool(tool.name, {**asked, name: None})
                assert missed.is_error
                assert name in text_of(missed)


async def test_the_reader(service: Service, site: ThreadingHTTPServer) -> None:
    key = service.new_key("reader@example.org")
    base = f"http://127.0.0.1:{site.server_port}"
    async with client(service, READER, key) as opened:
        read = json.loads(
            text_of(await opened.call_tool("webReader", {"url": f"{base}/page.html"}))
        )
        assert read["title"] == "On adding"
        assert "everybody knows by heart" in read["content"]
        assert "Menu" not in read["content"]
        assert "Untrusted content" in read["notice"]
        for url, why in (
            (f"{base}/nothing.html", "answered 404"),
            ("http://127.0.0.1:1/", "not of the open Internet"),
            ("http://[::ffff:127.0.0.1]:1/", "not of the open Internet"),
            ("file:///etc/passwd", "only http and https"),
        ):
            failed = await opened.call_tool("webReader", {"url": url})
            assert failed.is_error
            assert why in text_of(failed)
    assert left(service, key) == 19
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        now = {"startTime": "2026-01-01 00:00:00", "endTime": "2026-01-01 01:00:00"}
        shown = http.get("/api/monitor/usage/quota/limit").json()["data"]["limits"]
        assert [one["type"] for one in shown] == ["TOKENS_LIMIT", "TIME_LIMIT"]
        assert (shown[1]["currentValue"], shown[1]["usage"]) == (1, 20)
        assert shown[1]["usageDetails"] == [
            {"modelCode": "search-prime", "usage": 0},
            {"modelCode": "web-reader", "usage": 1},
            {"modelCode": "vision", "usage": 0},
        ]
        assert http.get("/api/monitor/usage/tool-usage", params=now).json()["success"]


async def test_the_reader_reads_as_asked(service: Service, site: ThreadingHTTPServer) -> None:
    key = service.new_key("asks@example.org")
    base = f"http://127.0.0.1:{site.server_port}"
    async with client(service, READER, key) as opened:

        async def read(**more: Any) -> dict[str, Any]:
            asked = {"url": f"{base}/rich.html", **more}
            return dict(json.loads(text_of(await opened.call_tool("webReader", asked))))

        plain = await read()
        assert f"[a link]({base}/add.md)" in plain["content"]
        assert f"![a shot]({base}/shot.png)" in plain["content"]
        assert "data:image" not in plain["content"]
        assert "| one | 1 |" in plain["content"]
        assert "links" not in plain and "images" not in plain
        listed = await read(with_links_summary=True, with_images_summary="true")
        assert listed["links"] == [{"title": "a link", "url": f"{base}/add.md"}]
        assert listed["images"] == [{"title": "a shot", "url": f"{base}/shot.png"}]
        bare = await read(retain_images=False, no_gfm=True)
        assert "shot.png" not in bare["content"]
        assert "one · 1" in bare["content"]
        words = await read(return_format="text")
        assert "[a link]" not in words["content"] and "a link" in words["content"]
        kept_out = await opened.call_tool("webReader", {"url": f"{base}/kept-out.html"})
        assert "robots.txt does not let it be read" in text_of(kept_out)
    assert left(service, key) == 16


def test_search_and_reader_without_mcp(service: Service, site: ThreadingHTTPServer) -> None:
    key = service.new_key("plain@example.org")
    base = f"http://127.0.0.1:{site.server_port}"
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        asked = {"search_query": "add two numbers", "search_engine": "search-prime", "count": 1}
        found = http.post("/api/paas/v4/web_search", json={**asked, "request_id": "mine"})
        assert found.status_code == 200, found.text
        assert found.json()["request_id"] == "mine"
        assert [one["title"] for one in found.json()["search_result"]] == ["Adding"]
        nulls = {"search_query": "add two numbers", "count": None, "location": None}
        assert http.post("/api/paas/v4/web_search", json=nulls).status_code == 200
        page = http.post(
            "/api/paas/v4/reader", json={"url": f"{base}/page.html", "timeout": None}
        ).json()
        assert "knows by heart" in page["reader_result"]["content"]
        for path, body, status, code in (
            ("web_search", b"{", 400, "1210"),
            ("web_search", b"[]", 400, "1210"),
            ("web_search", b'{"search_query": ""}', 400, "1210"),
            ("reader", b'{"url": "http://127.0.0.1:1/"}', 502, "1234"),
            ("reader", b" " * 70_000, 400, "1210"),
        ):
            refused = http.post(f"/api/paas/v4/{path}", content=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert left(service, key) == 17
    bare = service.account("bare@example.org", plan=None)["key"]
    with service.client(headers={"authorization": f"Bearer {bare}"}) as http:
        refused = http.post("/api/paas/v4/web_search", json={"search_query": "sub"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "1113")
    with service.client() as http:
        assert http.post("/api/paas/v4/reader", json={"url": base}).status_code == 401


async def test_the_older_stream(service: Service) -> None:
    key, other = service.new_key("older@example.org"), service.new_key("else@example.org")
    at = f"{service.url}/api/mcp/{SEARCH}/sse"
    with service.client() as http:
        assert http.get(at).status_code == 401
        assert http.get(at, params={"Authorization": key}).status_code == 401
    headers = {"authorization": f"Bearer {key}"}
    with (
        service.client(headers=headers) as http,
        http.stream("GET", at) as stream,
    ):
        lines = stream.iter_lines()
        spoken = next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))
        said = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        with service.client(headers={"authorization": f"Bearer {other}"}) as thief:
            assert thief.post(spoken, json=said).status_code == 404
        assert http.post(spoken, json=said).status_code == 202
    async with Client(sse_client(at, headers=headers)) as opened:
        found = await opened.call_tool(SEARCH, {"search_query": "add two numbers"})
        assert json.loads(text_of(found))[0]["title"] == "Adding"
    assert left(service, key) == 19


async def test_a_used_up_month_says_so(service: Service) -> None:
    key = service.new_key("much@example.org")
    async with client(service, SEARCH, key) as opened:
        for _ in range(20):
            assert not (await opened.call_tool(SEARCH, {"search_query": "sub"})).is_error
        refused = await opened.call_tool(SEARCH, {"search_query": "sub"})
        assert refused.is_error
        assert "MCP usage limit reached for 1 month" in text_of(refused)
        assert not (await opened.call_tool("plan_status", {})).is_error


def test_nobody_comes_without_a_key_or_into_anothers_session(service: Service) -> None:
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {},
                   "clientInfo": {"name": "test", "version": "1"}},
    }  # fmt: skip
    accept = {"accept": "application/json, text/event-stream"}
    address = f"/api/mcp/{SEARCH}/mcp"
    mine = {**accept, "authorization": f"Bearer {service.new_key('mine@example.org')}"}
    other = {**accept, "authorization": f"Bearer {service.new_key('other@example.org')}"}
    with service.client() as http:
        assert http.post(address, json=hello, headers=accept).status_code == 401
        wrong = {**accept, "authorization": "Bearer cp-wrong"}
        assert http.post(address, json=hello, headers=wrong).status_code == 401
        begun: httpx.Response = http.post(address, json=hello, headers=mine)
        assert begun.status_code == 200
        session = {"mcp-session-id": begun.headers["mcp-session-id"]}
        told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        ready = http.post(address, json=told, headers={**mine, **session})
        # An empty answer, as the protocol has it: Codex takes anything else for an error.
        assert (ready.status_code, ready.content) == (202, b"")
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        assert http.post(address, json=ping, headers={**other, **session}).status_code == 404
        assert http.post(address, json=ping, headers={**mine, **session}).status_code == 200


def agree(service: Service, email: str, key: str) -> None:
    """Quota, receipts and charts after a conversation that called each server once."""
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        shown = http.get("/api/account/plan").json()
        calls = service.rows(
            "SELECT id, model, model_asked, state FROM calls WHERE protocol = 'mcp' AND"
            f" account_id = (SELECT id FROM accounts WHERE email = '{email}') ORDER BY id"
        )
        receipts = [http.get(f"/api/usage/prompts/{call[0]}").json() for call in calls]
        hour = service.rows("SELECT max(started_at) FROM calls")[0][0]
        moments = [datetime.fromtimestamp(hour / 1000 + step, SHANGHAI) for step in (-1800, 1800)]
        since, until = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in moments)
        span = {"startTime": since, "endTime": until}
        used = http.get("/api/monitor/usage/tool-usage", params=span).json()["data"]["totalUsage"]
    # One prompt, one search, one page, one look; the status is free.
    assert shown["windows"][0]["used"] == 1
    assert shown["mcp_windows"][0]["used"] == 3
    assert [call[1:] for call in calls] == [
        ("mcp/web_search_prime", "web_search_prime", "settled"),
        ("mcp/web_reader", "webReader", "settled"),
        ("mcp/vision", "analyze_image", "settled"),
    ]
    assert [receipt["calls"][0]["state"] for receipt in receipts] == ["settled"] * 3
    assert (used["totalNetworkSearchCount"], used["totalWebReadMcpCount"]) == (1, 1)
    assert used["totalSearchMcpCount"] == 3


def test_the_real_claude_code_calls_each(service: Service, tmp_path: Path) -> None:
    key = service.new_key("claude@example.org")
    settings = {
        "mcpServers": {
            name: {
                "type": "http",
                "url": f"{service.url}/api/mcp/{server}/mcp",
                "headers": {"Authorization": f"Bearer {key}"},
            }
            for name, server in NAMES.items()
        }
    }
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps(settings))
    ran = tools.claude_code(
        service.url,
        key,
        "Look up how to add.",
        tmp_path,
        more=("--mcp-config", str(config), "--strict-mcp-config"),
        allowed=CLAUDE_TOOLS,
    )
    assert ran.status == 0, ran.seen
    assert "I have looked it up." in ran.seen
    agree(service, "claude@example.org", key)


def test_the_real_codex_calls_each(service: Service, tmp_path: Path) -> None:
    key = service.new_key("codex@example.org")
    addresses = {name: f"{service.url}/api/mcp/{at}/mcp" for name, at in NAMES.items()}
    ran = tools.codex(service.url, key, "Look up how to add.", tmp_path, servers=addresses)
    assert ran.status == 0, ran.seen
    assert "I have looked it up." in ran.seen
    agree(service, "codex@example.org", key)
