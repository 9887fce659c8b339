"""Calling a running service from the command line."""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from codeplan.cli.printing import give_up

DEFAULT_URL = "http://127.0.0.1:8787"


def call(
    method: str,
    url: str,
    key: str,
    as_json: bool,
    body: Any = None,
    more: Mapping[str, str] | None = None,
) -> Any:
    """The JSON that the service answers; ends the command where it refuses or cannot be reached.
    ``key``: "" where the address is anybody's."""
    content = None if body is None else msgspec.json.encode(body)
    headers = {"content-type": "application/json", **(more or {})}
    if key:
        headers["authorization"] = f"Bearer {key}"
    try:
        # The service is the operator's own: no proxy between.
        with httpx.Client(timeout=30, trust_env=False) as client:
            answer = client.request(method, url, content=content, headers=headers)
            value = msgspec.json.decode(answer.content)
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError) as error:
        give_up(f"no answer from {url} ({error}). Is the service running?", as_json)
    if answer.is_error:
        told = value.get("error") if isinstance(value, dict) else None
        message = told.get("message") if isinstance(told, dict) else None
        give_up(message or f"{url} answered {answer.status_code}", as_json)
    return value
