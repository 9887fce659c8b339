"""Errors as OpenAI's protocols write them; Chat and Responses have one shape."""

from collections.abc import Mapping
from typing import Any

import msgspec

OVERLONG = "context_length_exceeded"
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
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
    """``{"error": {"code", "message", "type"}, "request_id"}``; codes are GLM's, as strings."""
    error = {
        "code": code or str(status),
        "message": message,
        "type": kind or _KINDS.get(status, "api_error"),
    }
    return msgspec.json.encode({"error": {**error, **(more or {})}, "request_id": request_id})
