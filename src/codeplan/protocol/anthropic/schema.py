"""Schemas for answers, within what Anthropic compiles (its page "Structured outputs"): every object
is closed, and what counts or measures is not enforced, so it is said in words.

What cannot be said so (an open object, a schema that refers to itself or to outside) is asked for
in the system prompt instead.
"""

from collections.abc import Iterator
from typing import Any

from codeplan.protocol import fields, inner

_KEPT = frozenset({
    "type", "enum", "const", "title", "description", "items", "properties", "required", "format",
    "additionalProperties", "anyOf", "allOf", "$ref", "$defs", "definitions",
})  # fmt: skip
_FORMATS = frozenset({
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
})  # fmt: skip
_KINDS = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})


class _Foreign(Exception):
    """A schema that cannot be compiled there."""


def compiled(form: inner.AnswerForm) -> dict[str, Any] | None:
    """The schema as Anthropic takes it; None for a form that it cannot be held to."""
    if form.schema is None or _refers_to_itself(form.schema):
        return None
    try:
        made = _converted(form.schema)
    except (_Foreign, RecursionError):
        return None
    return made if made.get("type") == "object" else None


def instruction(form: inner.AnswerForm) -> str:
    """The form in words, for the system prompt."""
    if form.schema is None:
        return inner.ANY_OBJECT
    return (
        "Answer with JSON that follows this schema, and with nothing else:"
        f" {fields.to_json(form.schema)}"
    )


def _converted(schema: Any) -> dict[str, Any]:
    """One schema, wherever it stands. Raises _Foreign."""
    if not isinstance(schema, dict):
        raise _Foreign
    made = {name: value for name, value in schema.items() if name in _KEPT}
    words = {
        name: value for name, value in schema.items() if name not in _KEPT and name != "$schema"
    }
    if "oneOf" in words and "anyOf" not in made:
        made["anyOf"] = words.pop("oneOf")
    if "format" in made and made["format"] not in _FORMATS:
        words["format"] = made.pop("format")
    if words.keys() & {"not", "if", "oneOf", "patternProperties", "$dynamicRef", "$anchor", "$id"}:
        raise _Foreign
    if words.get("minItems") in (0, 1):
        made["minItems"] = words.pop("minItems")
    _check(made)
    for name in ("$defs", "definitions", "properties"):
        if name in made:
            made[name] = {key: _converted(one) for key, one in _table(made[name]).items()}
    for name in ("anyOf", "allOf"):
        if name in made:
            made[name] = [_converted(one) for one in _list(made[name])]
    if "items" in made:
        made["items"] = _converted(made["items"])
    if "object" in _types(made) or "properties" in made:
        made |= {"type": made.get("type", "object"), "additionalProperties": False}
    if words:
        told = f"It must follow {fields.to_json(words)}."
        made["description"] = f"{made.get('description', '')}\n\n{told}".strip()
    return made


def _check(schema: dict[str, Any]) -> None:
    """Raises _Foreign for what would change its meaning, or has none."""
    if any(kind not in _KINDS for kind in _types(schema)):
        raise _Foreign
    # Closing an object that names no properties would leave only an empty one.
    closed = schema.get("additionalProperties") is False
    if "object" in _types(schema) and not schema.get("properties") and not closed:
        raise _Foreign
    if schema.get("additionalProperties") not in (None, False):
        raise _Foreign
    if "$ref" in schema and not str(schema["$ref"]).startswith("#/"):
        raise _Foreign
    if not schema.keys() & {"type", "enum", "const", "anyOf", "allOf", "$ref", "properties"}:
        raise _Foreign
    if any(isinstance(value, dict | list) for value in _list(schema.get("enum", []))):
        raise _Foreign


def _types(schema: dict[str, Any]) -> list[Any]:
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def _refers_to_itself(schema: dict[str, Any]) -> bool:
    """Whether following references from the top leads back to one that is being followed."""
    try:
        return _loops(schema, schema, (), set())
    except RecursionError:
        return True


def _loops(value: Any, root: dict[str, Any], path: tuple[str, ...], done: set[str]) -> bool:
    for reference in _references(value):
        if reference in path or reference == "#":
            return True
        if reference in done:
            continue
        if _loops(_followed(reference, root), root, (*path, reference), done):
            return True
        done.add(reference)
    return False


def _references(value: Any) -> Iterator[str]:
    """Those that are reached from here without following one."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for name, member in value.items():
            if name not in ("$ref", "$defs", "definitions"):
                yield from _references(member)


def _followed(reference: str, root: dict[str, Any]) -> Any:
    value: Any = root
    for step in reference.removeprefix("#/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Foreign
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Foreign
    return value
