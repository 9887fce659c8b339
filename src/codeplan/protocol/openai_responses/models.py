"""The models' list as Codex reads it, the one caller of this protocol that asks for one."""

from collections.abc import Sequence

import msgspec


def encode_list(names: Sequence[str], _created: int) -> bytes:
    """``{"models": [{"slug": …}]}``."""
    return msgspec.json.encode({"models": [{"slug": name} for name in names]})


def encode_one(name: str, _created: int) -> bytes:
    return msgspec.json.encode({"slug": name})
