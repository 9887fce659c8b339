"""Calls of tools as items of this protocol: of functions, and of free-form tools."""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses.names import SEPARATOR


def item(
    identity: str, call: inner.ToolCallStarted, arguments: str, answering: Answering, status: str
) -> dict[str, Any]:
    """A call as the caller offered its tool: free-form or not, in its namespace or in none."""
    free_form = call.name in answering.free_form
    made = {
        "type": "custom_tool_call" if free_form else "function_call",
        "id": identity,
        "status": status,
        "call_id": call.id,
        "name": call.name,
        **({"input": free_text(arguments)} if free_form else {"arguments": arguments}),
    }
    for namespace in answering.namespaces:
        if call.name.startswith(namespace + SEPARATOR):
            made["namespace"] = namespace
            made["name"] = call.name.removeprefix(namespace + SEPARATOR)
    return made


def free_text(arguments: str) -> str:
    """The text in the one argument ``input`` that the upstream's model was asked to fill; all that
    the model wrote, where it wrote something else."""
    try:
        value = msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments
    text = value.get("input") if isinstance(value, dict) else None
    return text if isinstance(text, str) else arguments
