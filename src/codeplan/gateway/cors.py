"""Calls from pages in a browser: what their preflights are told, and what every answer carries.

Any page may call. That is safe, since nothing here goes by what a browser adds of itself: keys
stand in headers or the query, which a page must know to write, and no cookie is read. So
credentials are never allowed, and the origin may be anyone's.
"""

import re
from collections.abc import Mapping

from codeplan.gateway.caller import Headers

_EXPOSED = (
    "request-id, x-request-id, retry-after, x-should-retry, x-codeplan-billing,"
    " anthropic-ratelimit-unified-status, anthropic-ratelimit-unified-reset,"
    " anthropic-ratelimit-unified-representative-claim,"
    " anthropic-ratelimit-unified-5h-status, anthropic-ratelimit-unified-5h-utilization,"
    " anthropic-ratelimit-unified-5h-reset,"
    " anthropic-ratelimit-unified-7d-status, anthropic-ratelimit-unified-7d-utilization,"
    " anthropic-ratelimit-unified-7d-reset,"
    " x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests,"
    " x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)
_ANYONE = (b"access-control-allow-origin", b"*")
# On every answer to a call that says its origin.
ON_ANSWERS: Headers = (_ANYONE, (b"access-control-expose-headers", _EXPOSED.encode()))
# Names of headers, as HTTP allows them.
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4096}")
_DAY = b"86400"


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    return (
        method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
    )


def preflight(headers: Mapping[bytes, bytes], methods: tuple[str, ...]) -> Headers:
    """The answer's headers. The names that are asked for are said back: "*" would leave out
    ``Authorization``. The origin is allowed on every answer (``ON_ANSWERS``)."""
    allowed: list[tuple[bytes, bytes]] = [
        (b"access-control-allow-methods", ", ".join(methods).encode()),
        (b"access-control-max-age", _DAY),
    ]
    names = headers.get(b"access-control-request-headers", b"")
    if _NAMES.fullmatch(names):
        allowed.append((b"access-control-allow-headers", names))
    return tuple(allowed)
