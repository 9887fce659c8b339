"""A server with the tools that the conformance suite asks for by name, mounted by the same code as
the plan's own. Names, texts and schemas are those of the suite's own descriptions."""

import asyncio
import base64
import json
import wave
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import mcp_types as types
from PIL import Image

from codeplan.mcp.base import Caller, McpServer, Tool
from codeplan.subscriptions.apart import WorkFailed

Answer = str | Sequence[Any]


def _picture() -> types.ImageContent:
    made = BytesIO()
    Image.new("RGB", (1, 1), "red").save(made, "PNG")
    return types.ImageContent(
        type="image", data=base64.b64encode(made.getvalue()).decode(), mime_type="image/png"
    )


def _sound() -> types.AudioContent:
    made = BytesIO()
    with wave.open(made, "wb") as written:
        written.setparams((1, 2, 8000, 0, "NONE", ""))
        written.writeframes(b"\0" * 1600)
    return types.AudioContent(
        type="audio", data=base64.b64encode(made.getvalue()).decode(), mime_type="audio/wav"
    )


def _embedded(name: str, kind: str, text: str) -> types.EmbeddedResource:
    inside = types.TextResourceContents(uri=f"test://{name}", mime_type=kind, text=text)
    return types.EmbeddedResource(type="resource", resource=inside)


async def text(_: Caller, __: Mapping[str, Any]) -> Answer:
    return "This is a simple text response for testing."


async def image(_: Caller, __: Mapping[str, Any]) -> Answer:
    return [_picture()]


async def audio(_: Caller, __: Mapping[str, Any]) -> Answer:
    return [_sound()]


async def embedded(_: Caller, __: Mapping[str, Any]) -> Answer:
    return [_embedded("embedded-resource", "text/plain", "This is an embedded resource content.")]


async def mixed(_: Caller, __: Mapping[str, Any]) -> Answer:
    return [
        types.TextContent(type="text", text="Multiple content types test:"),
        _picture(),
        _embedded("mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ]


async def failing(_: Caller, __: Mapping[str, Any]) -> Answer:
    raise WorkFailed("This tool intentionally returns an error for testing")


async def logging(caller: Caller, _: Mapping[str, Any]) -> Answer:
    context = caller.context
    for said in (
        "Tool execution started", "Tool processing data", "Tool execution completed",
    ):  # fmt: skip
        await context.session.send_log_message("info", said, related_request_id=context.request_id)
    return "Logged."


async def progress(caller: Caller, _: Mapping[str, Any]) -> Answer:
    for done in (0, 50, 100):
        await caller.context.session.report_progress(done, 100)
    return "Done."


async def sampling(caller: Caller, arguments: Mapping[str, Any]) -> Answer:
    asked = types.SamplingMessage(
        role="user", content=types.TextContent(type="text", text=arguments["prompt"])
    )
    answer = await caller.context.session.create_message(
        messages=[asked], max_tokens=100, related_request_id=caller.context.request_id
    )
    return f"LLM response: {answer.content.text}"


async def _elicit(caller: Caller, message: str, properties: dict[str, Any], *need: str) -> str:
    schema = {"type": "object", "properties": properties, "required": list(need)}
    answer = await caller.context.session.elicit_form(
        message, schema, related_request_id=caller.context.request_id
    )
    return f"action={answer.action}, content={json.dumps(answer.content)}"


async def elicitation(caller: Caller, arguments: Mapping[str, Any]) -> Answer:
    properties = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    said = await _elicit(caller, arguments["message"], properties, "username", "email")
    return f"User response: {said}"


async def defaults(caller: Caller, _: Mapping[str, Any]) -> Answer:
    states = ["active", "inactive", "pending"]
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": states, "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return f"Elicitation completed: {await _elicit(caller, 'Defaults?', properties)}"


async def enums(caller: Caller, _: Mapping[str, Any]) -> Answer:
    options = ["option1", "option2", "option3"]
    titled = [
        {"const": f"value{place}", "title": f"{word} Option"}
        for place, word in enumerate(("First", "Second", "Third"), 1)
    ]
    choices = [{**one, "title": one["title"].replace("Option", "Choice")} for one in titled]
    properties = {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {
            "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": choices}},
    }  # fmt: skip
    return f"Elicitation completed: {await _elicit(caller, 'Which?', properties)}"


async def reconnection(caller: Caller, _: Mapping[str, Any]) -> Answer:
    """Ends the stream of its own call; the client comes back for the answer."""
    await caller.context.close_sse_stream()
    await asyncio.sleep(0.1)
    return "Reconnection test completed"


_SCHEMA_2020: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}
_TAKES: dict[str, dict[str, Any]] = {
    "test_sampling": {"prompt": {"type": "string"}},
    "test_elicitation": {"message": {"type": "string"}},
}
_WORKS = {
    "test_simple_text": text,
    "test_image_content": image,
    "test_audio_content": audio,
    "test_embedded_resource": embedded,
    "test_multiple_content_types": mixed,
    "test_error_handling": failing,
    "test_tool_with_logging": logging,
    "test_tool_with_progress": progress,
    "test_sampling": sampling,
    "test_elicitation": elicitation,
    "test_elicitation_sep1034_defaults": defaults,
    "test_elicitation_sep1330_enums": enums,
    "test_reconnection": reconnection,
}


def everything() -> McpServer:
    tools = [
        Tool(name, name, "For the suite.",
             {"type": "object", "properties": takes, "required": list(takes)}, work)
        for name, work in _WORKS.items()
        for takes in [_TAKES.get(name, {})]
    ]  # fmt: skip
    tools.append(
        Tool("json_schema_2020_12_tool", "", "JSON Schema 2020-12 features", _SCHEMA_2020, text)
    )
    return McpServer("everything", "Everything", "For the suite.", tuple(tools), logs=True)
