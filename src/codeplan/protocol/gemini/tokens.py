"""How many tokens a call has, as this protocol says it."""

import msgspec


def encode(tokens: int) -> bytes:
    return msgspec.json.encode({"totalTokens": tokens})
