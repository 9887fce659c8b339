"""Responses calls, to the common form.

Tools inside a ``namespace`` become functions named ``namespace__name``, and calls of them are given
back with their namespace. A ``custom`` (free-form) tool becomes a function with one text argument,
and calls of it are given back as free-form ones.
Dropped, since no upstream of ours can say it: hosted tools (web_search and the like), reasoning
that another server encrypted, ``include``, ``store`` and ``client_metadata``. What needs answers,
files or prompts that a server kept is refused by its name.
"""

from typing import Any

from codeplan.protocol import choices, fields, inner
from codeplan.protocol.openai_responses import items
from codeplan.protocol.openai_responses.names import SEPARATOR
from codeplan.protocol.outline import Malformed
from codeplan.protocol.parameters import NOTHING

# Tools that OpenAI runs itself: no upstream of ours has them.
HOSTED = frozenset({
    "code_interpreter", "file_search", "image_generation", "mcp", "programmatic_tool_calling",
    "tool_search", "web_search", "web_search_preview",
})  # fmt: skip
# OpenAI's own tools that callers run: without them an agent would have no hands, and nobody would
# say so.
_CALLERS_OWN = ("apply_patch", "computer", "computer_use_preview", "local_shell", "shell")
# Fields whose JSON is the caller's own.
_FREE = frozenset({"parameters", "schema"})
FREE_FORM = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
}


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    call = fields.whole_body(body, _FREE)
    _check(call)
    messages = []
    if call.get("instructions"):
        lead = fields.text(call["instructions"], "instructions")
        messages.append(inner.Message("system", (inner.Text(lead),)))
    given = call.get("input")
    if isinstance(given, str):
        messages.append(inner.Message("user", (inner.Text(given),)))
    else:
        messages += items.messages(fields.items(given, "input"))
    thought = fields.table(call.get("reasoning") or {}, "reasoning")
    text = fields.table(call.get("text") or {}, "text")
    tools, choice = _choice(call, _tools(call.get("tools")))
    return inner.Request(
        model=fields.text(call.get("model"), "model"),
        messages=tuple(messages),
        stream=bool(call.get("stream")),
        tools=tools,
        tool_choice=choice,
        max_tokens=fields.whole(call.get("max_output_tokens"), "max_output_tokens"),
        temperature=fields.number(call.get("temperature"), "temperature"),
        top_p=fields.number(call.get("top_p"), "top_p"),
        effort=fields.text(thought.get("effort") or "", "reasoning.effort"),
        signs=True,
        form=_form(text.get("format")),
        user=fields.text(call.get("user") or "", "user"),
        cache_key=fields.text(call.get("prompt_cache_key") or "", "prompt_cache_key"),
    )


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    found: list[inner.Tool] = []
    for index, entry in enumerate(fields.items(tools or [], "tools")):
        place = f"tools[{index}]"
        tool = fields.table(entry, place)
        if tool.get("type") == "namespace":
            prefix = fields.text(tool.get("name"), f"{place}.name") + SEPARATOR
            inside = fields.items(tool.get("tools") or [], f"{place}.tools")
            found += [
                made
                for one in inside
                if (made := _tool(fields.table(one, place), place, prefix)) is not None
            ]
        elif (made := _tool(tool, place, "")) is not None:
            found.append(made)
    return choices.offered(tuple(found))


def _tool(tool: dict[str, Any], place: str, prefix: str) -> inner.Tool | None:
    if tool.get("type") in _CALLERS_OWN:
        raise Malformed(
            f"{place}: this model's upstream does not know {tool['type']!r} by itself; offer the"
            " tool as a function"
        )
    if tool.get("type") not in ("function", "custom"):
        return None
    schema = fields.table(tool.get("parameters") or NOTHING, f"{place}.parameters")
    description = fields.text(tool.get("description") or "", f"{place}.description")
    if tool["type"] == "custom":
        description, schema = f"{description}\n\n{_free_form(tool)}".strip(), FREE_FORM
    name = prefix + fields.text(tool.get("name"), f"{place}.name")
    return inner.Tool(name, description, schema, fields.flag(tool.get("strict"), f"{place}.strict"))


def _free_form(tool: dict[str, Any]) -> str:
    """What the model must know of a free-form tool that it sees as a function."""
    match tool.get("format"):
        case {"type": "grammar", "syntax": str(syntax), "definition": str(grammar)}:
            return f"Put the whole text into `input`. It follows this {syntax} grammar:\n{grammar}"
    return "Put the whole text into `input`."


def _choice(
    call: dict[str, Any], tools: tuple[inner.Tool, ...]
) -> tuple[tuple[inner.Tool, ...], inner.ToolChoice | None]:
    """The tools that may be called, and the choice among them."""
    parallel = call.get("parallel_tool_calls") is not False
    match call.get("tool_choice"):
        case None:
            return tools, None if parallel else inner.ToolChoice("auto", parallel=False)
        case "auto" | "none" | "required" as kind:
            return tools, inner.ToolChoice(kind, parallel=parallel)
        case {"type": "function" | "custom", "name": str()} as named:
            return tools, inner.ToolChoice("named", _chosen(named, tools), parallel)
        case {"type": "allowed_tools", "mode": str(mode), "tools": list(allowed)}:
            names = frozenset(_chosen(entry, tools) for entry in allowed)
            return choices.narrowed(tools, names, mode, parallel)
        case {"type": str(kind)} if kind in HOSTED:
            return tools, inner.ToolChoice("auto", parallel=parallel)
    raise Malformed("tool_choice: expected auto, none, required or a tool's type and name")


def _chosen(entry: Any, tools: tuple[inner.Tool, ...]) -> str:
    """The name by which an upstream knows the tool of this entry; that of a hosted one is none."""
    entry = fields.table(entry, "tool_choice")
    name = fields.text(entry.get("name") or "", "tool_choice.name")
    if isinstance(entry.get("namespace"), str):
        return f"{entry['namespace']}{SEPARATOR}{name}"
    inside = [tool.name for tool in tools if tool.name.endswith(SEPARATOR + name)]
    known = any(tool.name == name for tool in tools)
    return name if known or len(inside) != 1 else inside[0]


def _form(form: Any) -> inner.AnswerForm | None:
    place = "text.format"
    form = fields.table(form or {"type": "text"}, place)
    match form.get("type"):
        case "text":
            return None
        case "json_object":
            return inner.AnswerForm()
        case "json_schema":
            return inner.AnswerForm(
                fields.table(form.get("schema"), f"{place}.schema"),
                fields.text(form.get("name") or "answer", f"{place}.name"),
                fields.flag(form.get("strict"), f"{place}.strict"),
            )
    raise Malformed(f"{place}.type: expected text, json_object or json_schema")


def _check(call: dict[str, Any]) -> None:
    """Raises Malformed for what only a server that keeps answers could do."""
    for name in ("previous_response_id", "conversation"):
        if call.get(name):
            raise Malformed(f"{name}: answers are not kept here; send the whole input")
    if call.get("prompt"):
        raise Malformed("prompt: no prompts are kept here; send instructions and input")
    if call.get("background"):
        raise Malformed("background: answers are not kept here; wait for this one, or stream it")
