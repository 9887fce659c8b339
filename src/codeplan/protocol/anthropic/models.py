"""The models' list as this protocol writes it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec


def _model(name: str, created: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": name, "display_name": name, "created_at": at}


def encode_list(names: Sequence[str], created: int) -> bytes:
    """One page with all of them. ``created`` in epoch seconds."""
    data = [_model(name, created) for name in names]
    page = {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}
    return msgspec.json.encode(page)


def encode_one(name: str, created: int) -> bytes:
    return msgspec.json.encode(_model(name, created))
