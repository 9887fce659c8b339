"""Google's Schema as JSON schema.

They differ in the types' case ("OBJECT"), in ``nullable``, in whole numbers that proto JSON writes
as strings, and in ``propertyOrdering``, which JSON schema does not have. Clients put the upper-case
types into the fields for JSON schema too, so both are read alike.
"""

from typing import Any

_TYPES = {
    name.upper(): name
    for name in ("object", "array", "string", "number", "integer", "boolean", "null")
}
_WHOLE = frozenset({
    "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties",
})  # fmt: skip
_ONE = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains"})
_MANY = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "defs"})
_SPELLINGS = {
    "any_of": "anyOf", "min_items": "minItems", "max_items": "maxItems",
    "min_length": "minLength", "max_length": "maxLength", "min_properties": "minProperties",
    "max_properties": "maxProperties", "prefix_items": "prefixItems",
    "additional_properties": "additionalProperties", "defs": "$defs", "ref": "$ref",
}  # fmt: skip
_DROPPED = frozenset({"propertyOrdering", "property_ordering", "nullable", "example"})


def json_schema(schema: Any) -> Any:
    """The same schema in JSON schema's words; what is no object is left as it came."""
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        name = _SPELLINGS.get(key) or key
        if key in _DROPPED or value == "TYPE_UNSPECIFIED" or (key, value) == ("format", "enum"):
            continue
        made[name] = _value(name, value)
    if "example" in schema:
        made["examples"] = [schema["example"]]
    return _nullable(made) if schema.get("nullable") is True else made


def _value(name: str, value: Any) -> Any:
    if name == "type":
        return [_type(one) for one in value] if isinstance(value, list) else _type(value)
    if name in _ONE:
        return json_schema(value)
    if name in _MANY and isinstance(value, list):
        return [json_schema(one) for one in value]
    if name in _NAMED and isinstance(value, dict):
        return {key: json_schema(one) for key, one in value.items()}
    if name in _WHOLE and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _type(value: Any) -> Any:
    return _TYPES.get(value, value) if isinstance(value, str) else value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str):
        made = {**schema, "type": [kind, "null"]}
        if isinstance(schema.get("enum"), list):
            made["enum"] = [*schema["enum"], None]
        return made
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema
