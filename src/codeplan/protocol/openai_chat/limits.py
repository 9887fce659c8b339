"""How long an answer may be: a call's own limit made smaller where it passes as it came."""

from typing import Any

import msgspec

from codeplan.protocol import splice
from codeplan.protocol.openai_chat.dialects import DIALECTS


class _Call(msgspec.Struct):
    max_tokens: Any = msgspec.UNSET
    max_completion_tokens: Any = msgspec.UNSET


def shorten(body: bytes, most: int, dialect: str) -> bytes:
    """Let the answer have at most so many tokens, by whichever name the call says it, or by the
    dialect's own where it says nothing."""
    call = msgspec.json.decode(body, type=_Call)
    names = [
        name for name, value in msgspec.structs.asdict(call).items() if value is not msgspec.UNSET
    ]
    for name in names or [DIALECTS[dialect].limit]:
        body = splice.replace_value(body, name, b"%d" % most)
    return body
