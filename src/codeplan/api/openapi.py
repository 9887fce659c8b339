"""The OpenAPI document of the endpoints: made from their own declarations, so it says what is
true."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import msgspec

from codeplan.api.endpoints import Endpoint

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
_REF = "#/components/schemas/{name}"
_OTHER_FORMS = {"/pdf": "application/pdf", ".csv": "text/csv"}


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    known = list(endpoints)
    bodies = [endpoint.body for endpoint in known if endpoint.body is not None]
    _, schemas = msgspec.json.schema_components(bodies, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in known:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    key = {"type": "http", "scheme": "bearer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "codeplan", "version": version("codeplan")},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "account": {**key, "description": "a client key"},
                "operator": {**key, "description": "the operator token of the data folder"},
            },
            "schemas": {**schemas, "Error": _ERROR},
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    parameters += [
        {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}
        for name, about in endpoint.query.items()
    ]
    if endpoint.who == "account":
        about = "an organisation that you manage: act for it"
        parameters.append(
            {"name": "team", "in": "query", "description": about, "schema": {"type": "string"}}
        )
    if endpoint.once:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "the same again changes nothing and answers as it did",
                "schema": {"type": "string", "minLength": 8, "maxLength": 200},
            }
        )
    form = next((f for end, f in _OTHER_FORMS.items() if endpoint.path.endswith(end)), "")
    shown: dict[str, Any] = {form or "application/json": {"schema": {}}}
    made: dict[str, Any] = {
        "operationId": _name(endpoint),
        "summary": endpoint.about,
        "parameters": parameters,
        "responses": {
            str(endpoint.status): {"description": "done", "content": shown},
            "default": {
                "description": "refused; nothing moved",
                "content": {"application/json": {"schema": {"$ref": _REF.format(name="Error")}}},
            },
        },
    }
    if endpoint.who != "anybody":
        made["security"] = [{endpoint.who: []}]
    if endpoint.body is not None:
        schema = {"$ref": _REF.format(name=endpoint.body.__name__)}
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return made


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path.removeprefix("/api/"))
    return "_".join([endpoint.method.lower(), *words])
