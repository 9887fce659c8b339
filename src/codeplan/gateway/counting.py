"""Counting a call's tokens without making it: the upstream's own count where it has one.

An Anthropic upstream counts itself. Others have no common way to; for them the count is an
estimate: 4 bytes of ASCII a token, 1.5 tokens for each other character, and 4 a message or tool.
"""

import msgspec

from codeplan.gateway.caller import Caller
from codeplan.gateway.formats import ANTHROPIC, CallerFormat
from codeplan.protocol import inner
from codeplan.protocol.anthropic import tokens
from codeplan.protocol.outline import Malformed
from codeplan.routing.formats import TO_ANTHROPIC
from codeplan.routing.routes import OpenRoute, Router
from codeplan.telemetry import log
from codeplan.upstream.base import UpstreamCall, UpstreamFailed


class Counter:
    """Counting is free: it touches no window."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def count(self, caller: Caller, format_: CallerFormat, model: str) -> bytes:
        """The count as the caller's format says it. Raises Malformed."""
        if format_.count is None:
            raise Malformed("this protocol has no counting of tokens")
        body = caller.whole_body()
        for route in self._router.routes(model):
            if route.upstream.settings.protocol == "anthropic":
                counted = await _ask(route, _question(format_, body, route.model))
                if counted is not None and format_ is ANTHROPIC:
                    return counted
                if counted is not None and (number := tokens.decode(counted)) is not None:
                    return format_.count(number)
        return format_.count(estimate(format_.decode_request(body)))


def _question(format_: CallerFormat, body: bytes, name: str) -> bytes:
    if format_ is ANTHROPIC:
        return TO_ANTHROPIC.rename_model(body, name)
    return tokens.question(TO_ANTHROPIC.encode_request(format_.decode_request(body), name, ""))


async def _ask(route: OpenRoute, body: bytes) -> bytes | None:
    call = UpstreamCall(f"{TO_ANTHROPIC.path}/count_tokens", body, TO_ANTHROPIC.own_headers)
    try:
        answer, body = await route.fetch(call)
    except UpstreamFailed as failed:
        log.warning("count failed", upstream=route.upstream.settings.name, why=str(failed))
        return None
    if answer.status == 200:
        route.answered()
        return body
    return None


def estimate(request: inner.Request) -> int:
    """Tokens of a call, by the rule above."""
    texts = [part for message in request.messages for part in message.parts]
    written = msgspec.json.encode([texts, request.tools]).decode()
    plain = sum(character < "\x80" for character in written)
    return (
        plain // 4 + (len(written) - plain) * 3 // 2
        + 4 * (len(request.messages) + len(request.tools))
    )  # fmt: skip
