"""The models' lists, in each format's shape."""

from datetime import UTC, datetime

import msgspec

from codeplan.gateway.addresses import RESPONSES_BASE
from codeplan.gateway.formats import ANTHROPIC, CallerFormat
from codeplan.plan.catalogue import Catalogue

# Clients want a date; the catalogue has none.
_CREATED = datetime(2025, 9, 30, tzinfo=UTC)


def list_models(path: str, format_: CallerFormat, catalogue: Catalogue) -> bytes:
    """``{"object": "list", "data": […]}``, Anthropic's page of models, or Codex's catalogue."""
    ids = [model.id for model in catalogue.models]
    if path.startswith(RESPONSES_BASE):
        return msgspec.json.encode({"models": [{"slug": name} for name in ids]})
    if format_ is ANTHROPIC:
        created = _CREATED.strftime("%Y-%m-%dT%H:%M:%SZ")
        data = [
            {"type": "model", "id": name, "display_name": name, "created_at": created}
            for name in ids
        ]
        page = {"data": data, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}
        return msgspec.json.encode(page)
    created_seconds = int(_CREATED.timestamp())
    models = [
        {"id": name, "object": "model", "created": created_seconds, "owned_by": "codeplan"}
        for name in ids
    ]
    return msgspec.json.encode({"object": "list", "data": models})
