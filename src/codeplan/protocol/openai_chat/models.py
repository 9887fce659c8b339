"""The models' list as this protocol writes it."""

from collections.abc import Sequence
from typing import Any

import msgspec


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "codeplan"}


def encode_list(names: Sequence[str], created: int) -> bytes:
    """``{"object": "list", "data": […]}``. ``created`` in epoch seconds."""
    data = [_model(name, created) for name in names]
    return msgspec.json.encode({"object": "list", "data": data})


def encode_one(name: str, created: int) -> bytes:
    return msgspec.json.encode(_model(name, created))
