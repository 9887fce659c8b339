"""How long an answer may be: a call's own limit made smaller where it passes as it came."""

from typing import Any

import msgspec

from codeplan.protocol import effort, splice

_OFF = b'{"type":"disabled"}'


class _Call(msgspec.Struct):
    thinking: Any = None


def shorten(body: bytes, most: int, _dialect: str) -> bytes:
    """Let the answer have at most so many tokens. A budget for thinking must lie below that."""
    body = splice.replace_value(body, "max_tokens", b"%d" % most)
    thinking = msgspec.json.decode(body, type=_Call).thinking
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if not isinstance(budget, int) or budget < most:
        return body
    half = most // 2
    enough = half >= effort.SMALLEST_BUDGET
    smaller = b'{"type":"enabled","budget_tokens":%d}' % half if enough else _OFF
    return splice.replace_value(body, "thinking", smaller)
