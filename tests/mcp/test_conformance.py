"""The MCP servers before the official conformance suite and the official inspector."""

import asyncio
import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from support import npm
from support.keyed import keyed
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

SERVERS = ("web_search_prime", "web_reader")
# Those that need no tools, prompts or resources made for the suite, as server-sse-polling does.
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)
PINNED = Path(__file__).parent / "tools"


@pytest.fixture(scope="module")
def service(servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    reached = '[payments]\npublic_url = "https://plans.example.org"\n'
    with ScriptedUpstream(lambda asked: answer(asked, Said("Yes."))) as upstream:
        settings = catalogue(upstream.base_url) + servers + reached
        with Service(tmp_path_factory.mktemp("conformance"), settings) as running:
            yield running


@pytest.fixture(scope="module")
def packages() -> Path:
    return npm.install(PINNED, "mcp")


async def node(*arguments: str | Path) -> tuple[int, str]:
    """How it ended, and what it said."""
    started = await asyncio.create_subprocess_exec(
        npm.NODE, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(started.communicate(), 120)
    assert started.returncode is not None
    return started.returncode, said.decode()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("server", SERVERS)
async def test_the_conformance_suite(
    service: Service, packages: Path, tmp_path: Path, server: str, scenario: str
) -> None:
    suite = packages / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    async with keyed(service.url, service.key) as door:
        url = f"{door}/api/mcp/{server}/mcp"
        ended, said = await node(
            suite, "server", "--url", url, "--scenario", scenario, "--output-dir", tmp_path
        )
    checks = [
        check for file in tmp_path.rglob("checks.json") for check in json.loads(file.read_text())
    ]
    failed = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
    assert (ended, failed) == (0, []), said
    assert any(check["status"] == "SUCCESS" for check in checks), said


@pytest.mark.parametrize(
    ("server", "tool", "arguments", "expected"),
    [
        ("web_search_prime", "web_search_prime", ["search_query=add two numbers"], "their sum"),
        ("web_search_prime", "webSearchPrime", ["search_query=add two numbers"], "their sum"),
        ("web_search_prime", "plan_status", [], "mcp_windows"),
        ("web_reader", "webReader", ["url={site}/page.html"], "knows by heart"),
        ("web_reader", "plan_status", [], "mcp_windows"),
    ],
)
async def test_the_inspector_calls_each_tool(
    service: Service, packages: Path, site: ThreadingHTTPServer,
    server: str, tool: str, arguments: list[str], expected: str,
) -> None:  # fmt: skip
    base = f"http://127.0.0.1:{site.server_port}"
    at = f"{service.url}/api/mcp/{server}/mcp"

    async def inspect(*method: str) -> str:
        _, said = await node(
            packages / ".bin" / "mcp-inspector", "--cli", at, "--transport", "http",
            "--header", f"Authorization: Bearer {service.key}", *method,
        )  # fmt: skip
        return said

    listed = await inspect("--method", "tools/list")
    assert f'"{tool}"' in listed
    given = [part for argument in arguments for part in ("--tool-arg", argument.format(site=base))]
    assert expected in await inspect("--method", "tools/call", "--tool-name", tool, *given)
