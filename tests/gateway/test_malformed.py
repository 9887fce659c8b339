"""A hundred bad requests of all kinds: each a 4xx in its protocol's shape, nothing charged."""

import json
from typing import Any

import pytest

from gateway.conftest import House

ANTHROPIC = "/api/anthropic/v1/messages"
COUNT = "/api/anthropic/v1/messages/count_tokens"
CODING = "/api/coding/paas/v4/chat/completions"
GENERAL = "/api/paas/v4/chat/completions"
RESPONSES = "/api/v1/responses"
GEMINI = "/api/gemini/v1beta/models/glm-4.6:generateContent"
POSTED = (ANTHROPIC, COUNT, CODING, GENERAL, RESPONSES, GEMINI)
LISTS = (
    "/api/anthropic/v1/models",
    "/api/coding/paas/v4/models",
    "/api/paas/v4/models",
    "/api/v1/models",
    "/api/gemini/v1beta/models",
)
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
SAID = b'"messages": [{"role": "user", "content": "x"}]'

BAD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{model:",
    "half a JSON": b'{"model": "glm-4.6", "messages": [{"role": "us',
    "a list": b"[]",
    "a string": b'"glm-4.6"',
    "null": b"null",
    "bad UTF-8": b'{"model": "glm-4.6", "messages": [{"role": "user", "content": "\xff\xfe"}]}',
    "a lone NUL": b"\x00",
    "no model": b'{"messages": [{"role": "user", "content": "x"}]}',
    "no messages": b'{"model": "glm-4.6"}',
    "messages empty": b'{"model": "glm-4.6", "messages": []}',
    "messages a string": b'{"model": "glm-4.6", "messages": "hello"}',
    "a message a number": b'{"model": "glm-4.6", "messages": [5]}',
    "no role": b'{"model": "glm-4.6", "messages": [{"content": "x"}]}',
    "content a number": b'{"model": "glm-4.6", "messages": [{"role": "user", "content": 5}]}',
    "model a number": b'{"model": 46, "messages": [{"role": "user", "content": "x"}]}',
    "stream a string": b'{"model": "glm-4.6", "stream": "yes", ' + SAID + b"}",
    "tools a string": b'{"model": "glm-4.6", "tools": "all", ' + SAID + b"}",
    "nested too deep": b'{"model": "m", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "unknown model": b'{"model": "gpt-9", "messages": [{"role": "user", "content": "x"}]}',
}  # fmt: skip
CASES: list[tuple[str, str, str, bytes | None, bool]] = [
    *[("POST", path, what, body, True) for path in POSTED for what, body in BAD_BODIES.items()],
    *[("POST", path, "no key", json.dumps({"model": "glm-4.6", "messages": HELLO}).encode(), False)
      for path in POSTED],
    *[("GET", path, "no key", None, False) for path in LISTS],
    *[(method, path, "wrong method", b"{}", True)
      for path in POSTED for method in ("GET", "PUT", "DELETE", "PATCH")],
    *[("POST", path, "wrong method", b"{}", True) for path in LISTS],
    *[("POST", path, "no such address", b"{}", True)
      for path in ("/api/anthropic/v1/complete", "/api/coding/paas/v4/", "/api/paas/v4/embeddings",
                   "/api/anthropic/%2e%2e/%2e%2e/etc/passwd", "/api/coding/paas/v4/%2e%2e/x")],
]  # fmt: skip


def test_there_are_a_hundred_of_them() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize(
    ("method", "path", "what", "body", "with_key"),
    CASES,
    ids=[f"{method} {path} {what}" for method, path, what, _, _ in CASES],
)
def test_a_bad_request_is_refused_in_its_protocols_shape(
    house: House, method: str, path: str, what: str, body: bytes | None, with_key: bool
) -> None:
    before = house.service.window()
    headers = house.new_session()
    if not with_key:
        del headers["authorization"]
    with house.service.client() as http:
        answered = http.request(method, path, headers=headers, content=body)
    assert 400 <= answered.status_code < 500
    told = answered.json()
    assert told["request_id"] == answered.headers["x-request-id"]
    if path.startswith("/api/gemini"):
        assert told["error"]["code"] == answered.status_code
        assert set(told["error"]) >= {"message", "status", "details"}
    elif path.startswith("/api/anthropic"):
        assert told["type"] == "error"
        assert set(told["error"]) >= {"type", "message"}
    else:
        assert set(told["error"]) >= {"code", "message", "type"}
    assert "Traceback" not in answered.text
    assert "codeplan/" not in answered.text
    assert house.service.window() == before
    assert not house.upstream.calls


@pytest.mark.parametrize("path", POSTED)
def test_a_body_of_60_megabytes_is_refused(house: House, path: str) -> None:
    before = house.service.window()
    body = b'{"model": "glm-4.6", "messages": [{"role": "user", "content": "%b"}]}' % (
        b"x" * 60_000_000
    )
    with house.service.client() as http:
        answered = http.post(path, headers=house.new_session(), content=body)
        assert answered.status_code == 413
        assert "larger than" in answered.json()["error"]["message"]
        # In pieces of unknown number too.
        chunks = (body[start : start + 1_000_000] for start in range(0, len(body), 1_000_000))
        assert http.post(path, headers=house.new_session(), content=chunks).status_code == 413
    assert house.service.window() == before


def test_a_wrong_key_is_refused_in_every_form(house: House) -> None:
    for form in ("authorization", "x-api-key"):
        for value in ("cp-wrong", "Bearer cp-wrong", "Bearer x", "'; DROP TABLE accounts; --"):
            headers = house.new_session()
            del headers["authorization"]
            answered = house.ask({**headers, form: value})
            assert answered.status_code == 401
            assert answered.headers["content-type"] == "application/json"


def test_nothing_of_it_broke_anything(house: House) -> None:
    assert house.ask().status_code == 200
    assert "call broke" not in house.service.log
