"""The models' list as this protocol writes it."""

from collections.abc import Sequence
from typing import Any

import msgspec

_METHODS = ["generateContent", "streamGenerateContent", "countTokens"]


def _model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "baseModelId": name,
        "version": name,
        "displayName": name,
        "supportedGenerationMethods": _METHODS,
    }


def encode_list(names: Sequence[str], _created: int) -> bytes:
    """``{"models": […]}``."""
    return msgspec.json.encode({"models": [_model(name) for name in names]})


def encode_one(name: str, _created: int) -> bytes:
    return msgspec.json.encode(_model(name))
