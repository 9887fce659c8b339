"""Links in a call's content, wherever a server would look for one."""

import json
from typing import Any

import pytest

from codeplan.protocol.links import is_public, links_in


def first_link(body: bytes) -> str:
    return next(links_in(body), "")


LINK = "http://169.254.169.254/latest/meta-data/"
DATA = "data:image/png;base64,iVBORw0KGgo="
JPEG = "/9j/4AAQSkZJRgABAQ=="


def chat(part: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, part]}]}


LINKED: list[dict[str, Any]] = [
    chat({"type": "image_url", "image_url": {"url": LINK}}),
    chat({"type": "image_url", "image_url": LINK}),
    chat({"image_url": {"url": LINK}}),
    chat({"type": "text", "video_url": {"url": LINK}}),
    chat({"type": "audio_url", "audio_url": {"url": LINK}}),
    chat({"type": "image_url", "image_url": {"url": " HTTP://10.0.0.1/x"}}),
    chat({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}),
    chat({"type": "image_url", "image_url": {"url": "/srv/secret.png"}}),
    chat({"type": "image", "source": {"type": "url", "url": LINK}}),
    chat({"type": "document", "source": {"type": "url", "url": LINK}}),
    chat({"type": "file", "file": {"file_url": LINK}}),
    chat({"type": "tool_result", "content": [{"type": "image", "source": {"url": LINK}}]}),
    {"messages": [], "system": [{"type": "image", "source": {"type": "url", "url": LINK}}]},
    {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": LINK}]}]},
    {"input": [{"type": "function_call_output", "output": [
        {"type": "input_image", "image_url": LINK}]}]},
    {"contents": [{"parts": [{"fileData": {"fileUri": LINK}}]}]},
    {"contents": [{"parts": [{"file_data": {"file_uri": LINK}}]}]},
]  # fmt: skip
WITHOUT: list[dict[str, Any]] = [
    chat({"type": "image_url", "image_url": {"url": DATA}}),
    chat({"type": "image_url", "image_url": {"url": DATA.upper()}}),
    chat({"type": "image", "source": {"type": "base64", "data": JPEG}}),
    chat({"type": "image_url", "image_url": JPEG}),
    chat({"type": "image_url", "text": None, "image_url": None}),
    chat({"type": "text", "text": f"See {LINK} and image_url"}),
    chat({"type": "tool_use", "input": {"url": LINK, "image_url": LINK}}),
    chat({"type": "search_result", "source": "https://example.org/page", "content": []}),
    {"messages": [{"role": "assistant", "content": None, "tool_calls": [
        {"function": {"name": "fetch", "arguments": json.dumps({"image_url": LINK})}}]}]},
    {"messages": [{"role": "tool", "content": json.dumps({"image_url": LINK})}]},
    {"contents": [{"parts": [{"functionCall": {"args": {"url": LINK}}}]}]},
]  # fmt: skip


@pytest.mark.parametrize("call", LINKED, ids=str)
def test_a_link_is_seen(call: dict[str, Any]) -> None:
    assert first_link(json.dumps(call).encode())


def test_a_link_behind_an_escape_is_seen() -> None:
    body = (
        json.dumps(LINKED[0])
        .replace("image_url", "image_\\u0075rl")
        .replace('"url"', '"\\u0075rl"')
    )
    assert first_link(body.encode()) == LINK


@pytest.mark.parametrize("call", WITHOUT, ids=str)
def test_what_is_no_link_passes(call: dict[str, Any]) -> None:
    assert first_link(json.dumps(call).encode()) == ""


@pytest.mark.parametrize(
    "link",
    ["https://example.org/a.png", "http://cdn.example.co.uk:8080/x?y=1#z", "HTTPS://EXAMPLE.ORG/",
     "https://xn--fiqs8s.xn--fiqs8s/"],
)  # fmt: skip
def test_a_public_host(link: str) -> None:
    assert is_public(link)


@pytest.mark.parametrize(
    "link",
    [LINK, "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://[::1]/",
     "http://[::ffff:10.0.0.1]/", "http://localhost/", "http://vllm:8000/", "http://db.internal/",
     "http://metadata.google.internal/", "http://printer.local/", "http://x.localhost./",
     "file:///etc/passwd", "/etc/passwd.png", "ftp://example.org/x", "gopher://example.org/",
     "http://example.org\\@10.0.0.1/", "http://example.org@10.0.0.1/",
     "http://10.0.0.1 .example.org",
     "http://a\tb.example.org/", "//10.0.0.1/x.png", "http://exa\nmple.org", "http:/10.0.0.1/x",
     "http://[", "http://１２７.0.0.1/", "http://example。org/"],
)  # fmt: skip
def test_no_public_host(link: str) -> None:
    assert not is_public(link)
