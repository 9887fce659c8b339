"""Errors as this protocol writes them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from codeplan.protocol.overlong import Overlong, Words

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


def encode(
    status: int,
    code: str,
    message: str,
    request_id: str,
    kind: str = "",
    more: Mapping[str, Any] | None = None,
    _retry_seconds: int | None = None,
) -> bytes:
    """``{"type": "error", "error": {"type", "code", "message"}, "request_id"}``.

    With a code, the message takes the form that clients of GLM Coding Plan parse:
    ``[1308][text][request id]``.
    """
    text = f"[{code}][{message}][{request_id}]" if code else message
    error: dict[str, Any] = {"type": kind or _KINDS.get(status, "api_error"), "message": text}
    if code:
        error["code"] = code
    error |= more or {}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})


def overlong(sent: Overlong) -> Words:
    """In the words on which Claude Code shortens its conversation, or what it asks for."""
    if sent.fits_alone:
        return Words(
            "input length and `max_tokens` exceed context limit:"
            f" {sent.tokens} + {sent.answer} > {sent.most},"
            " decrease input length or `max_tokens` and try again"
        )
    return Words(f"prompt is too long: {sent.tokens} tokens > {sent.most} maximum")
