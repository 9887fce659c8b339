"""What an upstream's error says, in whichever of the shapes that servers give it.

Sources: OpenAI's and Anthropic's ``error`` objects; vLLM's flat ``{"object": "error"}``; FastAPI's
``detail``, a text or a list of ``{"loc", "msg"}``; ``code`` and ``msg`` or ``message`` of GLM's and
DashScope's own; MiniMax's ``base_resp``; ``errors`` as a list; a text that is no JSON.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

_LONGEST = 2000
_WORDS = ("message", "msg", "status_msg", "detail", "error_msg", "errorMessage", "reason", "title")
# Statuses by what errors call themselves: OpenAI's and Anthropic's types and codes, vLLM's classes.
_STATUSES = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "invalid_prompt": 400,
    "badrequesterror": 400,
    "bad_request": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "notfounderror": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "overloaded_error": 529,
    "server_error": 500,
    "api_error": 500,
    "internalservererror": 500,
}


class Complaint(msgspec.Struct, frozen=True):
    """``status``: HTTP's. ``kind``, ``code``, ``param``: as OpenAI's errors have them; ""."""

    status: int
    message: str
    kind: str = ""
    code: str = ""
    param: str = ""


def read_body(body: bytes, status: int) -> Complaint:
    """The complaint in a body that came with ``status``, which counts."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace").strip()
        # A page of a proxy's says nothing to a person.
        value = "" if text.startswith("<") else text
    complaint = read(value, status)
    message = complaint.message or f"the upstream answered {status}"
    return msgspec.structs.replace(complaint, status=status, message=message)


def read(value: Any, status: int) -> Complaint:
    """The complaint in what was decoded. Its own status, where it tells one, before ``status``."""
    body = value if isinstance(value, Mapping) else {"error": value}
    error = body.get("error") or body.get("errors") or body.get("base_resp") or body
    if isinstance(error, list) and error:
        error = error[0] if isinstance(error[0], Mapping) else {"message": _text(error)}
    if not isinstance(error, Mapping):
        error = {**body, "message": _text(error)}
    kind, code = _name(error.get("type")), _name(error.get("code"))
    message = next((text for name in _WORDS if (text := _text(error.get(name)))), "")
    message = message or next((text for name in _WORDS if (text := _text(body.get(name)))), "")
    return Complaint(
        _status(error, kind, code) or status,
        (message or kind or code)[:_LONGEST],
        kind,
        code,
        _name(error.get("param")),
    )


def _status(error: Mapping[str, Any], kind: str, code: str) -> int | None:
    for name in ("code", "status", "status_code", "http_status"):
        told = error.get(name)
        number = int(told) if isinstance(told, str) and told.isdigit() else told
        if isinstance(number, int) and 400 <= number < 600:
            return number
    return _STATUSES.get(code.lower()) or _STATUSES.get(kind.lower())


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return str(value)[:100]


def _text(value: Any) -> str:
    """A text, or the texts of a list; where each says which field it is about, that too."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(text for one in value[:20] if (text := _text(one)))
    if isinstance(value, Mapping):
        said = next((text for name in _WORDS if (text := _text(value.get(name)))), "")
        place = value.get("loc")
        where = ".".join(map(str, place)) if isinstance(place, list) else ""
        return f"{where}: {said}" if where and said else said
    return ""
