"""What other servers' own tools did in a conversation's past: a search, a run of code. No upstream
of ours has those tools, so their calls and results are told as text."""

from typing import Any

from codeplan.protocol import fields, inner

# Ids and marks that mean something to the server alone that made them.
_OPAQUE = frozenset({
    "id", "type", "tool_use_id", "status", "cache_control", "encrypted_content", "encrypted_index",
    "encrypted_stdout", "signature", "fingerprint", "caller",
})  # fmt: skip
_LONGEST = 100_000


def told(item: dict[str, Any]) -> inner.Text:
    """The item's kind and all that it says, apart from the text around it."""
    said = _readable(item)
    return inner.Text(f"\n\n[{item.get('type')}: {fields.to_json(said)}]\n\n")


def _readable(value: Any) -> Any:
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _file(member) if name in ("data", "result", "image_url") else _readable(member)
            for name, member in value.items()
            if name not in _OPAQUE
        }
    return value


def _file(value: Any) -> Any:
    """A file's content is for no reader; that it was there is said."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"({len(value)} characters left out)"
    return _readable(value)
