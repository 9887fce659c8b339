"""Addresses as people type them, each tried by the SDK that would; and what belongs to an address
beside its calls: greetings, telemetry, pages in a browser, compressed bodies."""

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import brotli
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from gateway.conftest import House
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHAT = "/api/coding/paas/v4/chat/completions"


@pytest.fixture(scope="module")
def open_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """SDKs are bare programs: here any client is admitted."""
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(
            tmp_path_factory.mktemp("typed"),
            catalogue(upstream.base_url, limit=10_000, clients="any"),
        ) as service,
    ):
        yield service


@pytest.mark.parametrize(
    "base",
    ["", "/", "/v1", "/api/anthropic", "/api/anthropic/", "/api/anthropic/v1", "//api//anthropic",
     "/api/anthropic/v1/messages", "/api/anthropic/api/anthropic"],
)  # fmt: skip
def test_anthropics_sdk(open_service: Service, base: str) -> None:
    client = anthropic.Anthropic(
        base_url=open_service.url + base, api_key=open_service.key, max_retries=0
    )
    hello: Any = [{"role": "user", "content": "Hello"}]
    message = client.messages.create(model="glm-4.6", max_tokens=9, messages=hello)
    assert message.content[0].text == "Yes."
    assert client.messages.count_tokens(model="glm-4.6", messages=hello).input_tokens > 0
    assert "glm-4.6" in [model.id for model in client.models.list()]
    assert client.models.retrieve("glm-4.6").id == "glm-4.6"


@pytest.mark.parametrize(
    "base",
    ["", "/", "/v1", "/v1/", "/v1/v1", "/api/coding/paas/v4", "/api/coding/paas/v4/",
     "/api/coding/paas/v4/v1", "/api/coding/paas/v4/v4", "/api//coding/paas/v4",
     "/api/coding/paas/v4/chat/completions", "/v1/chat/completions"],
)  # fmt: skip
def test_openais_sdk(open_service: Service, base: str) -> None:
    client = openai.OpenAI(
        base_url=open_service.url + base, api_key=open_service.key, max_retries=0
    )
    hello: Any = [{"role": "user", "content": "Hello"}]
    chat = client.chat.completions.create(model="glm-4.6", messages=hello)
    assert chat.choices[0].message.content == "Yes."
    if not base.endswith("completions"):
        assert client.responses.create(model="glm-4.6", input="Hello").output_text == "Yes."
        assert "glm-4.6" in [model.id for model in client.models.list()]
        assert client.models.retrieve("glm-4.6").id == "glm-4.6"


@pytest.mark.parametrize(
    "base", ["", "/", "/api/gemini", "/api/gemini/", "/api/gemini/v1beta", "/v1beta"]
)
def test_googles_sdk(open_service: Service, base: str) -> None:
    options = types.HttpOptions(base_url=open_service.url + base)
    client = genai.Client(api_key=open_service.key, http_options=options)
    assert client.models.generate_content(model="glm-4.6", contents="Hello").text == "Yes."
    pieces = client.models.generate_content_stream(model="glm-4.6", contents="Hello")
    assert "".join(piece.text or "" for piece in pieces) == "Yes."
    assert "models/glm-4.6" in [model.name for model in client.models.list()]


@pytest.mark.parametrize(
    ("headers", "path", "shape"),
    [
        ({}, "/v1/models", "object"),
        ({"anthropic-version": "2023-06-01"}, "/v1/models", "has_more"),
        ({"anthropic-version": "2023-06-01"}, "/api/paas/v4/v1/models", "has_more"),
        ({}, "/api/paas/v4/v1/models", "object"),
        ({}, "/v1beta/models", "models"),
        ({}, "/v1/models?client_version=0.169.0", "models"),
        ({}, "/models", "object"),
    ],
)
def test_a_list_of_models_has_its_callers_shape(
    open_service: Service, headers: dict[str, str], path: str, shape: str
) -> None:
    with open_service.client() as http:
        answered = http.get(path, headers={"authorization": open_service.key, **headers})
    assert answered.status_code == 200
    assert shape in answered.json()


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/api/anthropic/v1/completions", "/api/anthropic/v1/messages"),
        ("/api/anthropic/v1/chat/completions", CHAT),
        ("/api/coding/paas/v4/embeddings", CHAT),
        ("/api/coding/paas/v4/v1/messages", "/api/anthropic/v1/messages"),
        ("/api/openai/v1/chat/completions", CHAT),
        ("/api/v1/chat/completions", CHAT),
        ("/api/v1/embeddings", "/api/v1/responses"),
        ("/api/paas/v4/embeddings", "/api/paas/v4/chat/completions"),
        ("/paas/v4/chat/completions", "/api/paas/v4/chat/completions"),
        ("/anthropic/v1/messages", "/api/anthropic/v1/messages"),
        ("/openai/responses", "/api/coding/paas/v4/responses"),
        ("/v1/embeddings", CHAT),
        ("/api/gemini/v1beta/models/glm-4.6:embedContent",
         "/api/gemini/v1beta/models/{model}:generateContent"),
        ("/gemini/v1beta/models/glm-4.6:streamGenerateContent",
         "/api/gemini/v1beta/models/{model}:streamGenerateContent"),
    ],
)  # fmt: skip
def test_anything_else_near_names_the_right_address(
    open_service: Service, path: str, nearest: str
) -> None:
    with open_service.client() as http:
        answered = http.post(path, json={})
    assert answered.status_code == 404
    error = answered.json()["error"]
    assert f"The nearest is {nearest}." in error["message"]
    if "/messages" in nearest:
        assert answered.json()["type"] == "error"
    if "generateContent" in nearest.lower():
        assert error["status"] == "NOT_FOUND"
    assert "1222" in answered.text
    # A tool of the Anthropic protocol is told so in its own form, wherever it calls.
    with open_service.client() as http:
        told = http.post(path, json={}, headers={"anthropic-version": "2023-06-01"})
    assert told.json()["type"] == "error"


BASES = ["", "/api/anthropic", "/api/coding/paas/v4", "/api/paas/v4", "/api/v1", "/api/gemini"]


@pytest.mark.parametrize("base", BASES)
def test_hello_and_telemetry_need_no_key(open_service: Service, base: str) -> None:
    with open_service.client() as http:
        for method in ("HEAD", "GET"):
            assert http.request(method, f"{base}/api/hello").status_code == 200
        for path in ("/api/event_logging/batch", "/api/event_logging/v2/batch"):
            events = json.dumps({"events": ["x" * 1000] * 1000})
            answered = http.post(base + path, content=events)
            assert (answered.status_code, answered.json()) == (200, {})


def test_the_application_keeps_its_own_paths(open_service: Service) -> None:
    with open_service.client() as http:
        described = http.get("/api/openapi.json").json()
        for path in described["paths"]:
            # The gateway's refusals have a request id; the application's answers have none.
            answered = http.request("OPTIONS", path.replace("{", "").replace("}", ""))
            assert "x-request-id" not in answered.headers, path
        for path in ("/", "/console", "/console/keys", "/healthz", "/api/mcp/web_reader/mcp",
                     "/api/paas/v4/web_search", "/api/paas/v4/audio/transcriptions"):  # fmt: skip
            assert "x-request-id" not in http.get(path).headers, path


ORIGIN = {"origin": "https://editor.example.org"}


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (CHAT, "POST"),
        ("/v1/messages", "POST"),
        ("/api/gemini/v1beta/models/glm-4.6:streamGenerateContent?alt=sse", "POST"),
        ("/v1/models", "GET"),
        ("/api/anthropic/v1/completions", "POST"),
    ],
)
def test_a_page_in_a_browser_may_call(open_service: Service, path: str, method: str) -> None:
    asks = {
        **ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,x-stainless-os",
    }
    with open_service.client() as http:
        told = http.options(path, headers=asks)
        assert (told.status_code, told.content) == (204, b"")
        assert "content-length" not in told.headers
        assert told.headers["access-control-allow-origin"] == "*"
        assert (
            told.headers["access-control-allow-headers"] == asks["access-control-request-headers"]
        )
        if "completions" not in path or path == CHAT:
            assert method in told.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in told.headers
        # A name that is none is not said back.
        asks["access-control-request-headers"] = "a\tb"
        assert "access-control-allow-headers" not in http.options(path, headers=asks).headers
        refused = http.request(method, path, headers=ORIGIN, json={} if method == "POST" else None)
        assert refused.status_code in (401, 404)
        assert refused.headers["access-control-allow-origin"] == "*"
        for name in ("request-id", "retry-after", "x-ratelimit-remaining-requests"):
            assert name in refused.headers["access-control-expose-headers"]


def test_an_answer_to_a_page_allows_it_and_another_says_nothing(house: House) -> None:
    for stream in (False, True):
        answered = house.ask({**house.new_session(), **ORIGIN}, stream=stream)
        assert answered.status_code == 200
        assert answered.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in house.ask().headers


def test_options_that_are_no_preflight_are_another_method(open_service: Service) -> None:
    with open_service.client() as http:
        assert http.options(CHAT).status_code == 405


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "identity": bytes,
    "gzip, zstd": lambda body: zstd.compress(gzip.compress(body)),
}


def send(house: House, body: bytes, coding: str) -> httpx.Response:
    headers = {**house.new_session(), "content-encoding": coding}
    headers["content-type"] = "application/json"
    with house.service.client() as http:
        return http.post(CHAT, headers=headers, content=body)


@pytest.mark.parametrize("coding", PACKERS)
def test_a_compressed_body_is_read(house: House, coding: str) -> None:
    hello = [{"role": "user", "content": "Grüß Gott " * 1000}]
    body = json.dumps({"model": "glm-4.6", "messages": hello}).encode()
    assert send(house, PACKERS[coding](body), coding).status_code == 200
    assert house.upstream.calls[-1].body["messages"] == hello
    assert "content-encoding" not in house.upstream.calls[-1].headers


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_grows_over_the_limit_is_refused(house: House, coding: str) -> None:
    before = house.service.window()
    body = b'{"model": "glm-4.6", "messages": [{"role": "user", "content": "%b"}]}' % (
        b"x" * 60_000_000
    )
    answered = send(house, PACKERS[coding](body), coding)
    assert answered.status_code == 413
    assert house.service.window() == before


@pytest.mark.parametrize(
    ("coding", "body", "status", "told"),
    [
        ("compress", b"{}", 415, "br, deflate, gzip, zstd"),
        ("gzip", b"no gzip", 400, "gzip"),
        ("zstd", zstd.compress(b"{}" * 99)[:-3], 400, "zstd"),
        ("br", b"", 400, "br"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_refused(
    house: House, coding: str, body: bytes, status: int, told: str
) -> None:
    answered = send(house, body, coding)
    assert answered.status_code == status
    assert told in answered.json()["error"]["message"]
    assert not house.upstream.calls


def test_nobody_without_a_key_gets_a_body_decoded(house: House) -> None:
    with house.service.client() as http:
        answered = http.post(CHAT, headers={"content-encoding": "gzip"}, content=b"no gzip")
    assert answered.status_code == 401
