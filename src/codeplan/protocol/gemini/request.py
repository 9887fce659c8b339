"""Gemini calls, to the common form.

Dropped, since no upstream of ours can say it: safety settings, penalties, seeds, log probabilities,
labels and media resolution; and Google's own tools where the call also declares functions. A call
that offers Google's own tools alone is for them, and is refused: a model's guess is no search.
"""

from typing import Any

from codeplan.protocol import choices, fields, inner
from codeplan.protocol.gemini.contents import Conversation
from codeplan.protocol.gemini.schema import json_schema
from codeplan.protocol.gemini.spelling import field, names_of, snake
from codeplan.protocol.outline import Malformed
from codeplan.protocol.parameters import NOTHING

# What Google's servers run themselves.
GOOGLES_TOOLS = (
    "googleSearch", "googleSearchRetrieval", "urlContext", "codeExecution", "computerUse",
    "fileSearch", "googleMaps", "enterpriseWebSearch", "retrieval", "mcpServers",
)  # fmt: skip
# Fields whose JSON is the caller's own.
_FREE = frozenset(
    name
    for camel in (
        "args", "response", "parameters", "parametersJsonSchema", "responseSchema",
        "responseJsonSchema",
    )
    for name in (camel, snake(camel))
)  # fmt: skip
_LEVELS = ("minimal", "low", "medium", "high")


def decode(body: bytes) -> inner.Request:
    """Raises Malformed."""
    try:
        return _request(fields.whole_body(body, _FREE))
    except RecursionError:
        raise Malformed("body: nested too deeply") from None


def _request(call: dict[str, Any]) -> inner.Request:
    wrapped = field(call, "generateContentRequest")
    if wrapped is not None:
        call = fields.table(wrapped, "generateContentRequest")
    if field(call, "cachedContent"):
        raise Malformed("cachedContent: nothing is kept here; send the whole contents")
    config = fields.table(field(call, "generationConfig") or {}, "generationConfig")
    _check(config)
    tools = _tools(call.get("tools"))
    choice, allowed = _tool_choice(field(call, "toolConfig"))
    if allowed:
        tools = tuple(tool for tool in tools if tool.name in allowed)
    thinking, budget, effort = _thinking(field(config, "thinkingConfig"))
    return inner.Request(
        model="",
        messages=(*_system(field(call, "systemInstruction")), *_contents(call.get("contents"))),
        tools=tools,
        tool_choice=choice,
        max_tokens=_whole(config, "maxOutputTokens"),
        temperature=fields.number(config.get("temperature"), "generationConfig.temperature"),
        top_p=fields.number(field(config, "topP"), "generationConfig.topP"),
        top_k=_top_k(config),
        stop=fields.texts(field(config, "stopSequences"), "generationConfig.stopSequences"),
        thinking=thinking,
        thinking_budget=budget,
        effort=effort,
        signs=True,
        form=_form(config),
    )


def _system(system: Any) -> tuple[inner.Message, ...]:
    if system is None:
        return ()
    if isinstance(system, str):
        system = {"parts": [{"text": system}]}
    parts = fields.items(fields.table(system, "systemInstruction").get("parts") or [], "parts")
    texts = tuple(
        inner.Text(fields.text(fields.table(part, place).get("text"), f"{place}.text"))
        for place, part in ((f"systemInstruction.parts[{n}]", p) for n, p in enumerate(parts))
    )
    return (inner.Message("system", texts),) if texts else ()


def _contents(contents: Any) -> list[inner.Message]:
    conversation = Conversation()
    return [
        conversation.message(fields.table(item, f"contents[{index}]"), f"contents[{index}]")
        for index, item in enumerate(fields.items(contents, "contents"))
    ]


def _check(config: dict[str, Any]) -> None:
    """Raises Malformed for what the answer could not keep."""
    if (_whole(config, "candidateCount") or 1) > 1:
        raise Malformed("generationConfig.candidateCount: one answer a call is given here")
    modalities = fields.texts(field(config, "responseModalities"), "generationConfig")
    if any(name.upper() not in ("TEXT", "MODALITY_UNSPECIFIED") for name in modalities):
        raise Malformed("generationConfig.responseModalities: answers are text here")


def _whole(config: dict[str, Any], name: str) -> int | None:
    return fields.whole(field(config, name), f"generationConfig.{name}")


def _top_k(config: dict[str, Any]) -> int | None:
    """Google's SDK for Python writes the whole number as a float."""
    value = fields.number(field(config, "topK"), "generationConfig.topK")
    return None if value is None else int(value)


def _form(config: dict[str, Any]) -> inner.AnswerForm | None:
    kind = fields.text(field(config, "responseMimeType") or "", "generationConfig.responseMimeType")
    if kind in ("", "text/plain"):
        return None
    if kind != "application/json":
        raise Malformed(f"generationConfig.responseMimeType: {kind!r} is not possible here")
    for name in ("responseJsonSchema", "responseSchema"):
        if field(config, name) is not None:
            schema = fields.table(field(config, name), f"generationConfig.{name}")
            return inner.AnswerForm(json_schema(schema))
    return inner.AnswerForm()


def _thinking(value: Any) -> tuple[bool | None, int | None, str]:
    """Whether to think, the budget in tokens, and the word of effort.

    A budget of 0 is no thinking, of -1 as much as the model will. Whoever asks to see thoughts
    wants some.
    """
    place = "generationConfig.thinkingConfig"
    config = fields.table(value or {}, place)
    budget = fields.whole(field(config, "thinkingBudget"), f"{place}.thinkingBudget")
    level = fields.text(field(config, "thinkingLevel") or "", f"{place}.thinkingLevel").lower()
    if budget == 0:
        return False, None, ""
    asked = True if budget is not None or field(config, "includeThoughts") is True else None
    word = level if level in _LEVELS else ""
    return (True if word else asked), (budget if budget and budget > 0 else None), word


def _tools(tools: Any) -> tuple[inner.Tool, ...]:
    declared: list[inner.Tool] = []
    foreign = ""
    for index, item in enumerate(fields.items(tools or [], "tools")):
        place = f"tools[{index}]"
        tool = fields.table(item, place)
        functions = fields.items(field(tool, "functionDeclarations") or [], place)
        declared += [
            _function(fields.table(one, f"{place}.functionDeclarations[{number}]"), place)
            for number, one in enumerate(functions)
        ]
        foreign = foreign or next((f"{place}.{n}" for n in names_of(tool, GOOGLES_TOOLS)), "")
    if foreign and not declared:
        raise Malformed(
            f"{foreign}: Google's own tools do not run here, and this call offers nothing else."
            " The plan's MCP servers search the web and read pages"
        )
    return choices.offered(tuple(declared))


def _function(function: dict[str, Any], place: str) -> inner.Tool:
    name = fields.text(function.get("name"), f"{place}.functionDeclarations.name")
    description = fields.text(function.get("description") or "", f"{place}.{name}.description")
    schema = field(function, "parametersJsonSchema") or function.get("parameters")
    return inner.Tool(name, description, json_schema(fields.table(schema or NOTHING, place)))


def _tool_choice(value: Any) -> tuple[inner.ToolChoice | None, frozenset[str]]:
    """The choice, and the functions that alone may be called; none named: all."""
    place = "toolConfig.functionCallingConfig"
    config = fields.table(
        field(fields.table(value or {}, "toolConfig"), "functionCallingConfig") or {}, place
    )
    names = fields.texts(field(config, "allowedFunctionNames"), f"{place}.allowedFunctionNames")
    match fields.text(config.get("mode") or "", f"{place}.mode").upper():
        case "":
            return None, frozenset()
        case "AUTO" | "MODE_UNSPECIFIED":
            return inner.ToolChoice("auto"), frozenset()
        case "VALIDATED":
            return inner.ToolChoice("auto"), frozenset(names)
        case "NONE":
            return inner.ToolChoice("none"), frozenset()
        case "ANY" if len(names) == 1:
            return inner.ToolChoice("named", names[0]), frozenset()
        case "ANY":
            return inner.ToolChoice("required"), frozenset(names)
    raise Malformed(f"{place}.mode: expected AUTO, ANY, NONE or VALIDATED")
