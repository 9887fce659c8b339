"""Counting a call's tokens without making it: the upstream's own count where it has one. It costs
nothing, so each account has few places for it, and a bound on how often.

An Anthropic upstream counts itself. Others have no common way to; for them the count is an
estimate: 4 bytes of ASCII a token, 1.5 tokens for each other character, and 4 a message or tool.
"""

import asyncio
import math

import msgspec

from codeplan.gateway import refusals
from codeplan.gateway.caller import Caller
from codeplan.gateway.formats import ANTHROPIC, CallerFormat
from codeplan.metering.pace import Pace
from codeplan.metering.slots import Slots, TooManyAtOnce
from codeplan.protocol import inner
from codeplan.protocol.anthropic import tokens
from codeplan.protocol.outline import Malformed
from codeplan.routing.formats import TO_ANTHROPIC
from codeplan.routing.routes import OpenRoute, Router
from codeplan.telemetry import log
from codeplan.upstream.base import UpstreamCall, UpstreamFailed

# Counts at once of one account.
_AT_ONCE = 2
_SOON_SECONDS = 2
# The bytes of UTF-8 that are no ASCII.
_BEYOND_ASCII = bytes(range(0x80, 0x100))
# A larger call is read beside the event loop, where others' calls go on.
_LARGE = 256 * 1024


class Counter:
    """Counting is free: it touches no window."""

    def __init__(self, router: Router, slots: Slots, pace: Pace) -> None:
        self._router, self._slots, self._pace = router, slots, pace

    async def count(self, caller: Caller, format_: CallerFormat, model: str, payer: str) -> bytes:
        """The count as the caller's format says it. ``payer``: the account that is counted for.
        Raises Malformed, Refusal."""
        if format_.count is None:
            raise Malformed("this protocol has no counting of tokens")
        wait = self._pace.take(payer)
        if wait:
            raise refusals.counts_too_often(math.ceil(wait))
        place = f"count/{payer}"
        try:
            await self._slots.enter(place, _AT_ONCE)
        except TooManyAtOnce:
            raise refusals.counts_too_often(_SOON_SECONDS) from None
        try:
            return await self._count(caller.whole_body(), format_, model)
        finally:
            self._slots.leave(place, _AT_ONCE)

    async def _count(self, body: bytes, format_: CallerFormat, model: str) -> bytes:
        """Raises Malformed."""
        assert format_.count is not None
        for route in self._router.routes(model):
            if route.upstream.settings.protocol == "anthropic":
                counted = await _ask(route, _question(format_, body, route.model))
                if counted is not None and format_ is ANTHROPIC:
                    return counted
                if counted is not None and (number := tokens.decode(counted)) is not None:
                    return format_.count(number)
        if len(body) > _LARGE:
            return format_.count(await asyncio.to_thread(_estimated, format_, body))
        return format_.count(_estimated(format_, body))


def _estimated(format_: CallerFormat, body: bytes) -> int:
    return estimate(format_.decode_request(body))


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
    written = msgspec.json.encode([texts, request.tools])
    plain = len(written.translate(None, _BEYOND_ASCII))
    others = len(written.decode()) - plain
    return (
        plain // 4 + others * 3 // 2
        + 4 * (len(request.messages) + len(request.tools))
    )  # fmt: skip
