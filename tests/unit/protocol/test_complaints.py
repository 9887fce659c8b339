"""Errors of upstreams, in the shapes and words in which servers give them."""

import json
from typing import Any

import pytest

from codeplan.protocol import complaints, overlong
from codeplan.protocol.complaints import Complaint


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no", "type": "invalid_request_error"}}, "no"),
        ({"error": "no"}, "no"),
        ({"error": {"message": None, "code": "bad_thing"}}, "bad_thing"),
        ({"type": "error", "error": {"type": "api_error", "message": "no"}}, "no"),
        ({"object": "error", "message": "no", "code": 400}, "no"),
        ({"detail": "no"}, "no"),
        ({"detail": [{"loc": ["body", "tools"], "msg": "field required"}]},
         "body.tools: field required"),
        ({"detail": {"message": "no"}}, "no"),
        ({"code": 1214, "msg": "no", "success": False}, "no"),
        ({"code": "InvalidParameter", "message": "no", "request_id": "x"}, "no"),
        ({"base_resp": {"status_code": 2013, "status_msg": "no"}}, "no"),
        ({"errors": [{"message": "one"}, {"message": "two"}]}, "one"),
        ({"errors": ["one", "two"]}, "one; two"),
        ([{"error": 1}], "the upstream answered 422"),
        ({}, "the upstream answered 422"),
        (7, "the upstream answered 422"),
        (None, "the upstream answered 422"),
    ],
)  # fmt: skip
def test_shapes(body: Any, message: str) -> None:
    complaint = complaints.read_body(json.dumps(body).encode(), 422)
    assert (complaint.status, complaint.message) == (422, message)


def test_what_is_no_json() -> None:
    assert complaints.read_body(b"upstream connect error", 503).message == "upstream connect error"
    page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    assert complaints.read_body(page, 502).message == "the upstream answered 502"
    assert complaints.read_body(b"\xff\xfe", 500).status == 500


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 503, "message": "x"}, 503),
        ({"code": "429", "message": "x"}, 429),
        ({"code": "rate_limit_exceeded", "message": "x"}, 429),
        ({"type": "invalid_request_error", "message": "x"}, 400),
        ({"type": "BadRequestError", "message": "x"}, 400),
        ({"type": "overloaded_error", "message": "x"}, 529),
        ({"code": "context_length_exceeded", "type": "tokens", "message": "x"}, 400),
        ({"code": 1305, "message": "x"}, 502),
        ({"code": None, "message": "x"}, 502),
    ],
)
def test_the_status_of_an_error_inside_a_200(error: dict[str, Any], status: int) -> None:
    assert complaints.read({"error": error}, 502).status == status


TOO_LONG = [
    ("This model's maximum context length is 131072 tokens. However, you requested 140000 tokens"
     " (139000 in the messages, 1000 in the completion).", (139000, 131072, 1000)),
    ("This model's maximum context length is 8192 tokens. However, your messages resulted in 9001"
     " tokens. Please reduce the length of the messages.", (9001, 8192, 0)),
    ("Your input exceeds the context window of this model.", (0, 0, 0)),
    ("prompt is too long: 205000 tokens > 200000 maximum", (205000, 200000, 0)),
    ("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input"
     " length or `max_tokens` and try again", (190000, 200000, 20000)),
    ("The decoder prompt (length 40001) is longer than the maximum model length of 32768.",
     (40001, 32768, 0)),
    ("The input (70000 tokens) is longer than the model's context length (65536 tokens).",
     (70000, 65536, 0)),
    ("request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
     (9000, 8192, 0)),
    ("the request exceeds the available context size. try increasing the context size", (0, 0, 0)),
    ("the input length exceeds the context length", (0, 0, 0)),
    ("Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded"
     " with context length of only 4096 tokens", (5000, 4096, 0)),
    ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"
     " `inputs` tokens and 100 `max_new_tokens`", (5000, 4096, 0)),
    ("Prompt exceeds max length", (0, 0, 0)),
    ("Invalid request: Your request exceeded model token limit: 131072", (0, 131072, 0)),
    ("Range of input length should be [1, 98304]", (0, 98304, 0)),
    ("invalid params, context window exceeds limit", (0, 0, 0)),
    ("Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum"
     " context length", (40000, 32768, 0)),
    ("This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
     (140000, 131072, 0)),
    ("The prompt is too long: 140000, model maximum context length: 131072", (140000, 131072, 0)),
    ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
     (1200000, 1048576, 0)),
    ("prompt token count of 140000 exceeds the limit of 128000", (140000, 128000, 0)),
    ("Input is too long for requested model.", (0, 0, 0)),
    ("Prompt length (5000) exceeds maximum input length (4096)", (5000, 4096, 0)),
    ("模型上下文长度超出限制", (0, 0, 0)),
]  # fmt: skip
NOT_TOO_LONG = [
    "Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 12000.",
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
    "tools.0.name: String should have at most 64 characters",
    "Invalid 'messages[3].content': string too long. Expected a maximum length of 10485760",
    "messages: at least one message is required",
    "max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens",
    "messages.1.content.0.image: image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes",
    "tool call id too long",
    "temperature must be <= 2",
]


@pytest.mark.parametrize(("text", "figures"), TOO_LONG)
@pytest.mark.parametrize("status", [400, 413, 500])
def test_calls_that_are_too_long(text: str, figures: tuple[int, int, int], status: int) -> None:
    sent = overlong.read(Complaint(status, text))
    assert sent is not None
    assert (sent.tokens, sent.most, sent.answer) == figures


@pytest.mark.parametrize("text", NOT_TOO_LONG)
def test_calls_that_are_wrong_otherwise(text: str) -> None:
    assert overlong.read(Complaint(400, text)) is None


def test_a_limit_of_tokens_a_minute_is_no_length() -> None:
    text = "Rate limit reached. Please reduce the length of the messages."
    assert overlong.read(Complaint(400, text)) is None
    assert overlong.read(Complaint(429, TOO_LONG[0][0])) is None


def test_a_code_says_it_too() -> None:
    assert overlong.read(Complaint(400, "no", code="context_length_exceeded")) is not None
