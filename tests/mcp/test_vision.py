"""The vision server: hosted, by the official client; and the local one from npm, unchanged, at the
general address. Both see by the vision model, or read text without one."""

import base64
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from PIL import Image

from support import npm
from support.media import encoded
from support.replies import Said, answer
from support.service import Service, catalogue
from support.shown import ERROR, EYES, screenshot, video
from support.upstream import Asked, Reply, ScriptedUpstream
from support.vision import FILES, hosted, pictures, send, standing, text_of

PINNED = Path(__file__).parent / "tools"
VISION = f"{EYES}frames_per_second = 2.0\nmost_frames = 5\n"


def see(asked: Asked) -> Reply:
    if "Nothing." in json.dumps(asked.body["messages"]):
        return answer(asked, Said(""))
    if "Break." in json.dumps(asked.body["messages"]):
        return Reply(500, b'{"error": {"message": "out of memory"}}')
    return answer(asked, Said(f"I see {len(pictures(asked))}."))


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(see) as running:
        yield running


@pytest.fixture(scope="module")
def service(
    upstream: ScriptedUpstream, servers: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    config = catalogue(upstream.base_url) + servers + VISION
    with Service(tmp_path_factory.mktemp("vision"), config) as running:
        yield running


@pytest.fixture(scope="module")
def blind(servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One without a vision model."""
    config = catalogue("http://127.0.0.1:9/v1") + servers
    with Service(tmp_path_factory.mktemp("blind"), config) as running:
        yield running


@pytest.fixture(scope="module")
def shown(folder: Path) -> dict[str, str]:
    """Files, by what they show."""
    shot, film, gif = folder / "shot.png", folder / "film.mp4", folder / "shot.gif"
    shot.write_bytes(screenshot())
    gif.write_bytes(screenshot(kind="GIF"))
    return {"shot": str(shot), "film": str(video(film)), "gif": str(gif)}


@asynccontextmanager
async def local(service: Service, key: str) -> AsyncIterator[Client]:
    """`npx @z_ai/mcp-server`, with nothing but its address and its key set."""
    packages = npm.install(PINNED, "mcp")
    npx = Path(npm.NODE).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js"
    environment = {
        "PATH": npm.path_with_node(),
        "HOME": os.environ["HOME"],
        "Z_AI_BASE_URL": f"{service.url}/api/paas/v4/",
        "Z_AI_API_KEY": key,
    }
    started = StdioServerParameters(
        command=str(npm.NODE),
        args=[str(npx), "--no-install", "@z_ai/mcp-server"],
        env=environment,
        cwd=str(packages.parent),
    )
    async with Client(stdio_client(started)) as opened:
        yield opened


EIGHT: tuple[tuple[str, dict[str, str], int], ...] = (
    ("analyze_image", {"image_source": "shot"}, 1),
    ("extract_text_from_screenshot", {"image_source": "shot", "programming_language": "py"}, 1),
    ("ui_to_artifact", {"image_source": "shot", "output_type": "spec"}, 1),
    ("diagnose_error_screenshot", {"image_source": "shot", "context": "at start"}, 1),
    ("understand_technical_diagram", {"image_source": "shot", "diagram_type": "flow"}, 1),
    ("analyze_data_visualization", {"image_source": "shot", "analysis_focus": "trend"}, 1),
    ("ui_diff_check", {"expected_image_source": "shot", "actual_image_source": "shot"}, 2),
    ("analyze_video", {"video_source": "film"}, 5),
)


def given(arguments: dict[str, str], sources: dict[str, str]) -> dict[str, str]:
    return {"prompt": "What is it?"} | {
        name: sources.get(value, value) for name, value in arguments.items()
    }


async def test_the_local_server_runs_its_eight_tools(
    service: Service, upstream: ScriptedUpstream, shown: dict[str, str]
) -> None:
    key = service.new_key("local@example.org")
    async with local(service, key) as opened:
        listed = {tool.name for tool in (await opened.list_tools()).tools}
        assert listed == {name for name, _, _ in EIGHT}
        for name, arguments, number in EIGHT:
            result = await opened.call_tool(name, given(arguments, shown))
            assert f"I see {number}." in text_of(result), (name, text_of(result))
            asked = upstream.calls[-1]
            assert asked.body["model"] == "zai-org/GLM-4.5V"
            # It asks for 131,072 tokens, more than a model may have room for.
            assert asked.body["max_tokens"] == 8192
            assert all(link.startswith("data:image/") for link in pictures(asked))
    assert standing(service, key) == (0, 8)
    rows = service.rows(
        "SELECT model, model_asked, client, state, upstream, output FROM calls WHERE account_id ="
        " (SELECT id FROM accounts WHERE email = 'local@example.org') ORDER BY id"
    )
    assert rows == [
        ("mcp/vision", name, "zai-mcp-server", "settled", "up", 7) for name, _, _ in EIGHT
    ]


async def test_the_hosted_server_runs_the_same(
    service: Service, shown: dict[str, str], site: ThreadingHTTPServer
) -> None:
    key = service.new_key("hosted@example.org")
    sent = {name: send(service, key, path) for name, path in shown.items()}
    other = service.new_key("thief@example.org")
    base = f"http://127.0.0.1:{site.server_port}"
    async with hosted(service, key) as opened:
        listed = {tool.name for tool in (await opened.list_tools()).tools}
        assert listed == {name for name, _, _ in EIGHT} | {"plan_status"}
        for name, arguments, number in EIGHT:
            result = await opened.call_tool(name, given(arguments, sent))
            answered, _, seen = text_of(result).partition("\n\n")
            assert answered == f"I see {number}.", name
            spans = {"analyze_video": "(What was seen: 5 frames from 0.0 s to 3.2 s of a video"}
            assert seen.startswith(spans.get(name, "")) and bool(seen) == (name in spans), seen
        by_link = {"image_source": f"{base}/shot.gif", "prompt": "What is it?"}
        assert text_of(await opened.call_tool("analyze_image", by_link)) == "I see 1."
        inside = f"data:image/png;base64,{base64.b64encode(screenshot()).decode()}"
        by_data = {"image_source": inside, "prompt": "What is it?"}
        assert text_of(await opened.call_tool("analyze_image", by_data)) == "I see 1."
    assert standing(service, key) == (0, 10)
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        day = {"startTime": "2020-01-01 00:00:00", "endTime": "2020-01-02 00:00:00"}
        assert http.get("/api/monitor/usage/tool-usage", params=day).json()["success"]
    async with hosted(service, other) as opened:
        theirs = await opened.call_tool("analyze_image", given({"image_source": "shot"}, sent))
        assert theirs.is_error
        assert "there is no file" in text_of(theirs)
    assert standing(service, other) == (0, 0)


async def test_what_cannot_be_looked_at_is_free(
    service: Service, site: ThreadingHTTPServer
) -> None:
    key = service.new_key("wrong@example.org")
    page = f"http://127.0.0.1:{site.server_port}/page.html"
    large = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024)).decode()
    async with hosted(service, key) as opened:
        for source, why in (
            ("shot.png", "cannot read files of your machine"),
            ("data:image/png;base64,!!!", "its base64 is damaged"),
            (f"data:image/png;base64,{large}", "larger than 5 MB"),
            ("data:image/png;base64,aGVsbG8=", "expected a picture"),
            ("data:image/png;base64,iVBORw0KGgphYmM=", "is damaged"),
            (page, "an HTML page is not read"),
            ("http://127.0.0.1:1/shot.png", "not of the open Internet"),
            ("http://169.254.169.254/latest", "not of the open Internet"),
        ):
            result = await opened.call_tool(
                "analyze_image", {"image_source": source, "prompt": "?"}
            )
            assert result.is_error, source[:60]
            assert why in text_of(result), text_of(result)
        film = {"video_source": "data:video/mp4;base64,I0VYVE0zVQo=", "prompt": "?"}
        assert "expected a video" in text_of(await opened.call_tool("analyze_video", film))
        kind = {"image_source": page, "prompt": "?", "output_type": "poem"}
        assert "one of code" in text_of(await opened.call_tool("ui_to_artifact", kind))
    assert standing(service, key) == (0, 0)
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        assert http.post(FILES, content=b"not a picture").status_code == 400
        assert (
            http.post(FILES, content=b"\x89PNG\r\n\x1a\n" + bytes(9 * 1024**2)).status_code == 413
        )
        no_file = http.post(FILES, files={"other": b"x"})
        assert (no_file.status_code, "field 'file'" in no_file.text) == (400, True)
    with service.client() as http:
        assert http.post(FILES, content=screenshot()).status_code == 401


async def test_a_model_that_fails_is_free(service: Service, shown: dict[str, str]) -> None:
    key = service.new_key("breaks@example.org")
    asked = {"image_source": send(service, key, shown["shot"]), "prompt": "Break."}
    async with hosted(service, key) as opened:
        failed = await opened.call_tool("analyze_image", asked)
        assert failed.is_error
        assert "The vision model did not answer" in text_of(failed)
        assert "out of memory" in text_of(failed)
        empty = await opened.call_tool("analyze_image", asked | {"prompt": "Nothing."})
        assert (empty.is_error, "answer was empty" in text_of(empty)) == (True, True)
    assert standing(service, key) == (0, 0)


async def test_a_used_up_month_is_told_by_both(service: Service, shown: dict[str, str]) -> None:
    key = service.new_key("much@example.org")
    told = "MCP usage limit reached for 1 month. Your limit will reset at"
    asked = {"image_source": send(service, key, shown["shot"]), "prompt": "What is it?"}
    async with hosted(service, key) as opened:
        for _ in range(20):
            assert not (await opened.call_tool("analyze_image", asked)).is_error
        assert told in text_of(await opened.call_tool("analyze_image", asked))
    async with local(service, key) as opened:
        result = await opened.call_tool(
            "analyze_image", {"image_source": shown["shot"], "prompt": "What is it?"}
        )
        assert told in text_of(result)
    assert standing(service, key) == (0, 20)


async def test_without_a_vision_model_text_is_read(blind: Service, shown: dict[str, str]) -> None:
    key = blind.new_key("blind@example.org")
    async with local(blind, key) as opened:
        arguments = {"image_source": shown["shot"], "prompt": "Read it."}
        read = text_of(await opened.call_tool("extract_text_from_screenshot", arguments))
        assert "NameError: name 'quantty' is not defined" in read
        missing = text_of(await opened.call_tool("analyze_image", arguments))
        assert "No vision model is set up at this service" in missing
    assert standing(blind, key) == (0, 1)
    async with hosted(blind, key) as opened:
        sent = send(blind, key, shown["shot"])
        arguments = {"image_source": sent, "prompt": "Read it."}
        read = text_of(await opened.call_tool("extract_text_from_screenshot", arguments))
        assert [line.strip() for line in read.split("\n")] == [line.strip() for line in ERROR]
        missing = await opened.call_tool("ui_to_artifact", arguments)
        assert missing.is_error
        assert "Without one only extract_text_from_screenshot works" in text_of(missing)
        nothing = base64.b64encode(encoded(Image.new("RGB", (300, 200), "white"), "PNG")).decode()
        empty = {"image_source": f"DATA:IMAGE/PNG;BASE64, {nothing}", "prompt": "Read it."}
        told = await opened.call_tool("extract_text_from_screenshot", empty)
        assert (told.is_error, text_of(told)) == (True, "There is no text in the picture.")
    assert standing(blind, key) == (0, 2)
    rows = blind.rows("SELECT state, upstream_model FROM calls WHERE protocol = 'mcp' ORDER BY id")
    assert rows.count(("settled", "rapidocr")) == 2


def test_who_has_no_plan_pays_no_money_for_it(service: Service) -> None:
    """At the general address other calls are paid by the token; these never are."""
    key = service.account("nobody@example.org", plan=None)["key"]
    call = {"model": "glm-4.5v", "messages": [{"role": "user", "content": "?"}]}
    headers = {"authorization": f"Bearer {key}", "x-title": "4.5V MCP Local"}
    with service.client(headers=headers) as http:
        refused = http.post("/api/paas/v4/chat/completions", json=call)
    assert refused.status_code == 429
    assert json.loads(refused.content)["error"]["code"] == "1113"
