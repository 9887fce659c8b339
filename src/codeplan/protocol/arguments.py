"""A call's arguments, as the object that every protocol wants them to be."""

from typing import Any

import msgspec

from codeplan.protocol import fields


def as_object(arguments: str) -> dict[str, Any]:
    """The arguments' object. What a model wrote in its place is kept inside one, so that nothing
    is lost; nothing, or null, is an empty one."""
    value = _decoded(arguments)
    if isinstance(value, dict):
        return value
    return {} if value is None else {"arguments": value}


def as_text(arguments: str) -> str:
    """The same as JSON text: as the model wrote it, where that is an object."""
    if isinstance(_decoded(arguments), dict):
        return arguments
    return fields.to_json(as_object(arguments))


def _decoded(arguments: str) -> Any:
    """What the text says; itself where it is no JSON, None where it is blank."""
    if not arguments.strip():
        return None
    try:
        return msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments
