"""The MCP servers before the official conformance suite and the official inspector."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from codeplan.accounts.directory import Accounts
from codeplan.kit.clock import SystemClock
from codeplan.mcp.hosts import Hosts
from codeplan.mcp.serving import McpSite
from codeplan.store.sqlite.store import open_store
from codeplan.vision.jobs import JOBS
from support import npm
from support.everything import everything
from support.keyed import keyed
from support.replies import Said, answer
from support.service import Service, catalogue
from support.serving import served
from support.shown import EYES, screenshot, video
from support.upstream import ScriptedUpstream

SERVERS = ("web_search_prime", "web_reader", "vision")
# Those that need no tools made for the suite.
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)
# Those that need them, before a server that has them.
WITH_TOOLS = (
    "logging-set-level",
    "tools-call-simple-text",
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-with-logging",
    "tools-call-error",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "json-schema-2020-12",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "server-sse-polling",
)
LOOKS = tuple((job.name, job.sources) for job in JOBS if job.sources != ("video_source",))
PINNED = Path(__file__).parent / "tools"


@pytest.fixture(scope="module")
def service(servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    reached = '[payments]\npublic_url = "https://plans.example.org"\n'
    with ScriptedUpstream(lambda asked: answer(asked, Said("Yes."))) as upstream:
        settings = catalogue(upstream.base_url) + servers + EYES + reached
        with Service(tmp_path_factory.mktemp("conformance"), settings) as running:
            yield running


@pytest.fixture(scope="module")
def sent(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of files that were sent for the vision server."""
    film = video(tmp_path_factory.mktemp("film") / "film.mp4")
    files = {"picture": screenshot(), "video": film.read_bytes()}
    with service.client(headers={"authorization": f"Bearer {service.key}"}) as http:
        return {
            name: str(http.post("/api/mcp/vision/files", content=body).json()["id"])
            for name, body in files.items()
        }


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


Check = dict[str, Any]


async def run_scenario(
    packages: Path, url: str, scenario: str, folder: Path
) -> tuple[int, list[Check], str]:
    """How the suite ended, its checks, and what it said."""
    suite = packages / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    ended, said = await node(
        suite, "server", "--url", url, "--scenario", scenario, "--output-dir", folder
    )
    checks = [
        check for file in folder.rglob("checks.json") for check in json.loads(file.read_text())
    ]
    return ended, checks, said


async def pass_scenario(packages: Path, url: str, scenario: str, folder: Path) -> None:
    ended, checks, said = await run_scenario(packages, url, scenario, folder)
    failed = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
    assert (ended, failed) == (0, []), said
    assert any(check["status"] == "SUCCESS" for check in checks), said


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("server", SERVERS)
async def test_the_conformance_suite(
    service: Service, packages: Path, tmp_path: Path, server: str, scenario: str
) -> None:
    async with keyed(service.url, service.key) as door:
        await pass_scenario(packages, f"{door}/api/mcp/{server}/mcp", scenario, tmp_path)


async def test_streams_can_be_taken_up_again(
    service: Service, packages: Path, tmp_path: Path
) -> None:
    """The polling scenario as far as it goes without its tool, which no server of ours has: its
    call is refused, on a stream that says how to come back to it."""
    async with keyed(service.url, service.key) as door:
        ran = await asyncio.gather(
            *(
                run_scenario(
                    packages,
                    f"{door}/api/mcp/{server}/mcp",
                    "server-sse-polling",
                    tmp_path / server,
                )
                for server in SERVERS
            )
        )
    for ended, checks, said in ran:
        states = {check["id"]: check["status"] for check in checks}
        assert ended == 0, said
        assert states["server-sse-priming-event"] == "SUCCESS", said
        assert states["server-sse-retry-field"] == "SUCCESS", said
        assert "FAILURE" not in states.values(), said


@pytest.fixture
async def with_tools(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a server with the suite's own tools, with the key put in."""
    store = await open_store(tmp_path, SystemClock())
    accounts = Accounts(store, SystemClock())
    made = await accounts.create("suite@example.org")
    site = McpSite([everything()], accounts, Hosts(""))
    async with (
        site.running(),
        served(Starlette(routes=site.routes())) as url,
        keyed(url, made.key) as door,
    ):
        yield f"{door}/api/mcp/everything/mcp"
    await store.close()


@pytest.mark.parametrize("scenario", WITH_TOOLS)
async def test_the_suites_tools(
    with_tools: str, packages: Path, tmp_path: Path, scenario: str
) -> None:
    await pass_scenario(packages, with_tools, scenario, tmp_path)


@pytest.mark.parametrize(
    ("server", "tool", "arguments", "expected"),
    [
        ("web_search_prime", "web_search_prime", ["search_query=add two numbers"], "their sum"),
        ("web_search_prime", "webSearchPrime", ["search_query=add two numbers"], "their sum"),
        ("web_search_prime", "plan_status", [], "mcp_windows"),
        ("web_reader", "webReader", ["url={site}/page.html"], "knows by heart"),
        ("web_reader", "plan_status", [], "mcp_windows"),
        *(
            ("vision", tool, [*(f"{name}={{picture}}" for name in sources), "prompt=?"], "Yes.")
            for tool, sources in LOOKS
        ),
        ("vision", "analyze_video", ["video_source={video}", "prompt=?"], "Yes."),
        ("vision", "plan_status", [], "mcp_windows"),
    ],
)
async def test_the_inspector_calls_each_tool(
    service: Service, packages: Path, site: ThreadingHTTPServer, sent: dict[str, str],
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
    known = {"site": base, "picture": sent["picture"], "video": sent["video"]}
    given = [part for argument in arguments for part in ("--tool-arg", argument.format(**known))]
    assert expected in await inspect("--method", "tools/call", "--tool-name", tool, *given)
