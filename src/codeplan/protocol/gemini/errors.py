"""Errors as Google's APIs write them (google.rpc.Status)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from codeplan.protocol.overlong import Overlong, Words

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "INVALID_ARGUMENT",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."
DOMAIN = "codeplan"


def status_name(status: int) -> str:
    """The canonical name of an HTTP status."""
    return _STATUSES.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")


def encode(
    status: int,
    code: str,
    message: str,
    request_id: str,
    kind: str = "",
    more: Mapping[str, Any] | None = None,
    retry_seconds: int | None = None,
) -> bytes:
    """``{"error": {"code", "message", "status", "details"}, "request_id"}``.

    ``code`` is HTTP's status here; GLM's stands as the reason in an ErrorInfo. ``retry_seconds``
    becomes a RetryInfo, which clients obey in silence: it is given only where a moment helps.
    """
    details: list[dict[str, Any]] = []
    if code:
        metadata = {"request_id": request_id}
        details.append(
            {"@type": f"{_TYPE}ErrorInfo", "reason": code, "domain": DOMAIN, "metadata": metadata}
        )
    if retry_seconds is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{retry_seconds}s"})
    error = {
        "code": status,
        "message": message,
        "status": kind or status_name(status),
        "details": details,
    }
    return msgspec.json.encode({"error": {**error, **(more or {})}, "request_id": request_id})


def overlong(sent: Overlong) -> Words:
    """In the words of Google's own servers."""
    return Words(
        f"The input token count ({sent.tokens}) exceeds the maximum number of tokens allowed"
        f" ({sent.most})."
    )
