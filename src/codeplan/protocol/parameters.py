"""The schema of a tool's parameters, as OpenAI and Anthropic both take it: an object on top, with
no choice between several."""

from typing import Any

from codeplan.protocol import fields, inner

# On top of the parameters both refuse these, wherever else they take them.
_CHOICES = ("anyOf", "oneOf", "allOf", "enum", "not")
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}


def accepted(tool: inner.Tool) -> tuple[str, dict[str, Any]]:
    """The tool's description and schema. What the schema may not say on top, the description says
    in words."""
    schema: dict[str, Any] = tool.schema if isinstance(tool.schema, dict) else NOTHING
    if not any(name in schema for name in _CHOICES):
        return tool.description, schema if schema.get("type") == "object" else _object(schema)
    choices = {name: schema[name] for name in _CHOICES if name in schema}
    told = f"The arguments must also follow this JSON schema: {fields.to_json(choices)}"
    rest = {name: value for name, value in schema.items() if name not in _CHOICES}
    properties = {**_properties(choices), **(rest.get("properties") or {})}
    return f"{tool.description}\n\n{told}".strip(), _object({**rest, "properties": properties})


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    return {**NOTHING, **schema, "type": "object"}


def _properties(choices: dict[str, Any]) -> dict[str, Any]:
    """All properties that any branch has, none of them required."""
    properties: dict[str, Any] = {}
    for name in ("anyOf", "oneOf", "allOf"):
        branches = choices.get(name)
        for branch in branches if isinstance(branches, list) else ():
            own = branch.get("properties") if isinstance(branch, dict) else None
            properties = {**(own if isinstance(own, dict) else {}), **properties}
    return properties
