"""Counting a call's tokens without making it: the upstream's own count where it has one.

An Anthropic upstream counts itself. Others have no common way to; for them the count is an
estimate: 4 bytes of ASCII a token, 1.5 tokens for each other character, and 4 a message or tool.
"""

import msgspec

from codeplan.gateway.caller import Caller
from codeplan.gateway.formats import ANTHROPIC
from codeplan.protocol import splice
from codeplan.routing.formats import TO_ANTHROPIC
from codeplan.routing.routes import Router
from codeplan.telemetry import log
from codeplan.upstream.base import Upstream, UpstreamCall, UpstreamFailed
from codeplan.upstream.reading import read_whole


class Counter:
    """Counting is free: it touches no window."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def count(self, caller: Caller, model: str) -> bytes:
        """``{"input_tokens": n}`` for an Anthropic Messages body. Raises Malformed."""
        body = caller.whole_body()
        for upstream, name in self._router.routes(model):
            if upstream.settings.protocol == "anthropic":
                counted = await _ask(
                    upstream, splice.replace_model(body, msgspec.json.encode(name))
                )
                if counted is not None:
                    return counted
        return msgspec.json.encode({"input_tokens": estimate(body)})


async def _ask(upstream: Upstream, body: bytes) -> bytes | None:
    call = UpstreamCall(f"{TO_ANTHROPIC.path}/count_tokens", body, TO_ANTHROPIC.own_headers)
    try:
        answer = await upstream.send(call)
        try:
            body = await read_whole(answer)
        finally:
            answer.close()
    except UpstreamFailed as failed:
        log.warning("count failed", upstream=upstream.settings.name, why=str(failed))
        return None
    return body if answer.status == 200 else None


def estimate(body: bytes) -> int:
    """Tokens of a Messages call, by the rule above. Raises Malformed."""
    request = ANTHROPIC.decode_request(body)
    texts = [part for message in request.messages for part in message.parts]
    written = msgspec.json.encode([texts, request.tools]).decode()
    plain = sum(character < "\x80" for character in written)
    return (
        plain // 4 + (len(written) - plain) * 3 // 2
        + 4 * (len(request.messages) + len(request.tools))
    )  # fmt: skip
