"""Calls at random, as clients of each protocol make them and as they should not: results out of
order, or none, ids and names that others refuse, blank texts, every block of the vendors' SDKs.

What must reach an upstream, however it is said there, is a word such as ``w17w``.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from anthropic.types.beta.beta_content_block_param import BetaContentBlockParam
from hypothesis import strategies as st
from openai.types.responses.response_input_item_param import ResponseInputItemParam

from support.sdk_types import members, values_of

WORD = re.compile(r"w[0-9]+w")
PNG = "iVBORw0KGgo="
WORDS = st.integers(0, 10**9).map(lambda number: f"w{number}w")
TEXTS = st.one_of(
    WORDS, WORDS.map(lambda word: f" {word} \n"), st.sampled_from(["", " ", "\n"]),
    WORDS.map(lambda word: f"{word} 🙂 \u202e"),
)  # fmt: skip
NAMES = st.sampled_from(
    ["f", "g", "read_file", "a.b:c", "mcp__" + "x" * 70, "näme", "9", "x" * 64, "x" * 65]
)
IDS = st.sampled_from(["c1", "c2", "functions.f:0", "", "toolu_" + "z" * 60, "é"])
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([
        {"type": "string"}, {"type": "integer", "minimum": 1, "maximum": 5}, {"enum": ["a", None]},
        {"type": ["string", "null"]}, {"const": 1}, {"type": "string", "format": "regex"},
        {"type": "object"}, {"type": "object", "additionalProperties": True}, {"$ref": "#/$defs/D"},
        {"type": "array", "items": {"type": "number"}, "minItems": 2}, {}, {"default": None},
    ]),
    lambda inner: st.one_of(
        st.builds(lambda one: {"type": "array", "items": one}, inner),
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"oneOf": [a, b]}, inner, inner),
        st.builds(
            lambda a, b: {"type": "object", "properties": {"a": a, "b": b}, "required": ["a"]},
            inner, inner,
        ),
    ),
    max_leaves=5,
)  # fmt: skip


def objects(draw: st.DrawFn) -> dict[str, Any]:
    """A schema for parameters or an answer: most often an object."""
    schema = dict(draw(SCHEMAS))
    if draw(st.booleans()):
        schema = {"type": "object", "properties": {"p": schema}, "additionalProperties": False}
    return {**schema, "$defs": {"D": {"type": "object", "properties": {"d": {"type": "null"}}}}}


def arguments(draw: st.DrawFn) -> str:
    """As models write them."""
    written = [json.dumps({"x": draw(WORDS)}), "{}", "null", "", '{"a":', "[1]", '"w1w"']
    return draw(st.sampled_from(written))


def some(draw: st.DrawFn, **fields: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of the fields, and some of those null."""
    made = {}
    for name, values in fields.items():
        if draw(st.integers(0, 3)) == 0:
            made[name] = draw(values | st.none())
    return made


_SPOKEN = {"text", "title", "context", "query", "stdout", "output", "url", "page_title"}


def _field(owner: str, name: str) -> st.SearchStrategy[Any] | None:
    """Words in what blocks say; files and links that are some; the rest by its type."""
    if name in ("citations", "annotations"):  # marks of where a text is from; the text has it
        return st.none() if name == "citations" else st.just([])
    if owner in ("summary_text", "reasoning_text"):  # another server's, which is dropped
        return None
    if name in ("type", "cache_control"):
        return None
    if owner in ("base64", "image") and name == "data":
        return st.just(PNG)
    if name in ("image_url", "file_url") or (name == "url" and owner == "url"):
        return st.just("https://example.org/a.png")
    if owner in ("text", "search_result", "document", "output_text") and name == "text":
        return TEXTS
    return WORDS if name in _SPOKEN else None


def _of(union: Any) -> dict[str, st.SearchStrategy[Any]]:
    return {one.__name__: values_of(one, _field) for one in members(union)}


BLOCKS = _of(BetaContentBlockParam)
ITEMS = _of(ResponseInputItemParam)
# What a person sends, and what has a place of its own in the conversations below.
_OF_USER = {"BetaTextBlockParam", "BetaImageBlockParam", "BetaRequestDocumentBlockParam",
            "BetaSearchResultBlockParam"}  # fmt: skip
_PAIRED = {"BetaToolUseBlockParam", "BetaToolResultBlockParam"}


@st.composite
def anthropic(draw: st.DrawFn) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    user = st.one_of([BLOCKS[name] for name in _OF_USER])
    assistant = st.one_of([BLOCKS[name] for name in set(BLOCKS) - _OF_USER - _PAIRED])
    waiting: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        content: list[Any] = [
            {"type": "tool_result", "tool_use_id": one, "content": draw(
                TEXTS | st.lists(user, max_size=2)), "is_error": draw(st.booleans())}
            for one in draw(st.permutations(waiting)) if draw(st.integers(0, 4))
        ]  # fmt: skip
        content.insert(draw(st.integers(0, len(content))), {"type": "text", "text": draw(TEXTS)})
        content += draw(st.lists(user, max_size=1))
        messages.append({"role": "user", "content": content})
        if draw(st.booleans()):
            messages.append({"role": "system", "content": draw(TEXTS)})
        said = [{"type": "text", "text": draw(TEXTS)}, *draw(st.lists(assistant, max_size=1))]
        waiting = draw(st.lists(IDS, max_size=2))
        said += [
            {"type": "tool_use", "id": one, "name": draw(NAMES), "input": {"x": draw(WORDS)}}
            for one in waiting
        ]
        messages.append({"role": "assistant", "content": said})
    call = {"model": "m", "max_tokens": draw(st.integers(1, 40_000)), "messages": messages}
    tools = [
        {"name": name, "description": "d", "input_schema": objects(draw)}
        for name in draw(st.lists(NAMES, max_size=3))
    ]
    names = [tool["name"] for tool in tools]
    choices = [{"type": kind} for kind in ("auto", "any", "none")]
    choices += [{"type": "tool", "name": name} for name in names]
    return call | {"tools": tools} | some(
        draw,
        system=TEXTS,
        tool_choice=st.sampled_from(choices),
        temperature=st.floats(0, 1),
        top_p=st.floats(0, 1),
        top_k=st.integers(0, 9),
        stop_sequences=st.lists(TEXTS, max_size=4),
        thinking=st.sampled_from([{"type": "enabled", "budget_tokens": 1024},
                                  {"type": "disabled"}, {"type": "adaptive"}]),
        output_config=st.fixed_dictionaries({}, optional={
            "effort": st.sampled_from(["low", "xhigh", "max"]),
            "format": st.just({"type": "json_schema", "schema": objects(draw)})}),
        metadata=st.just({"user_id": "u" * 300}),
        stream=st.booleans(),
    )  # fmt: skip


@st.composite
def chat(draw: st.DrawFn) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    shown = st.one_of(
        TEXTS.map(lambda text: {"type": "text", "text": text}),
        st.just({"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PNG}"}}),
        st.just({"type": "file", "file": {
            "filename": "a", "file_data": f"data:application/pdf;base64,{PNG}"}}),
    )  # fmt: skip
    for _ in range(draw(st.integers(1, 3))):
        role = draw(st.sampled_from(["system", "developer", "user", "user"]))
        content = draw(st.lists(shown, min_size=1, max_size=2) | TEXTS)
        messages.append({"role": role if isinstance(content, str) else "user", "content": content})
        calls = [
            {"id": one, "type": "function",
             "function": {"name": draw(NAMES), "arguments": arguments(draw)}}
            for one in draw(st.lists(IDS, max_size=2))
        ]  # fmt: skip
        said: dict[str, Any] = {"role": "assistant", "content": draw(TEXTS | st.none())}
        said |= {"tool_calls": calls} if calls else {}
        messages.append(said | some(draw, reasoning_content=st.just("hm"), refusal=WORDS))
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": draw(TEXTS)} for call in calls
        ]
        messages += draw(st.permutations(results))[: draw(st.integers(0, 3))]
    tools = [
        {"type": "function", "function": {"name": name, "parameters": objects(draw),
         **some(draw, strict=st.booleans())}}
        for name in draw(st.lists(NAMES, max_size=3))
    ]  # fmt: skip
    names = [{"type": "function", "function": {"name": t["function"]["name"]}} for t in tools]
    choices = ["auto", "none", "required", *names]
    choices.append({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": names}})
    return {"model": "m", "messages": messages, "tools": tools} | some(
        draw,
        tool_choice=st.sampled_from(choices),
        parallel_tool_calls=st.booleans(),
        max_tokens=st.integers(1, 40_000),
        max_completion_tokens=st.integers(1, 40_000),
        temperature=st.floats(0, 2),
        top_p=st.floats(0, 1),
        stop=TEXTS | st.lists(TEXTS, max_size=4),
        reasoning_effort=st.sampled_from(["none", "minimal", "low", "high", "xhigh"]),
        thinking=st.sampled_from([{"type": "enabled"}, {"type": "disabled"}]),
        response_format=st.sampled_from([
            {"type": "text"}, {"type": "json_object"},
            {"type": "json_schema", "json_schema": {"name": "a b", "schema": objects(draw)}}]),
        user=st.just("u" * 300),
        prompt_cache_key=st.just("k" * 99),
        stream=st.booleans(),
    )  # fmt: skip


@st.composite
def responses(draw: st.DrawFn) -> dict[str, Any]:
    items: list[dict[str, Any]] = [{"role": "user", "content": draw(WORDS)}]
    special = st.one_of(list(ITEMS.values()))
    for _ in range(draw(st.integers(0, 3))):
        calls = [
            {"type": "function_call", "call_id": one, "name": draw(NAMES),
             "arguments": arguments(draw), **some(draw, namespace=st.just("agents"))}
            for one in draw(st.lists(IDS, max_size=2))
        ]  # fmt: skip
        results = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": draw(TEXTS)}
            for call in calls if draw(st.integers(0, 4))
        ]  # fmt: skip
        between = draw(st.lists(special, max_size=1))
        between += [{"role": draw(st.sampled_from(["user", "developer", "assistant"])),
                     "content": draw(TEXTS)}]  # fmt: skip
        items += [*calls, *draw(st.permutations([*results, *between]))]
    tools: list[dict[str, Any]] = [
        {
            "type": "function",
            "name": name,
            "parameters": objects(draw),
            "strict": draw(st.booleans()),
        }
        for name in draw(st.lists(NAMES, max_size=2))
    ]
    names = [{"type": "function", "name": tool["name"]} for tool in tools]
    tools += draw(st.lists(st.sampled_from([
        {"type": "web_search"}, {"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "agents", "tools": [{"type": "function", "name": "f"}]}]),
        max_size=2))  # fmt: skip
    choices = ["auto", "none", "required", {"type": "web_search"}, *names]
    choices.append({"type": "allowed_tools", "mode": "auto", "tools": names})
    return {"model": "m", "input": items, "tools": tools} | some(
        draw,
        instructions=TEXTS,
        tool_choice=st.sampled_from(choices),
        parallel_tool_calls=st.booleans(),
        max_output_tokens=st.integers(16, 40_000),
        temperature=st.floats(0, 2),
        top_p=st.floats(0, 1),
        reasoning=st.fixed_dictionaries({}, optional={
            "effort": st.sampled_from(["none", "low", "high", None]), "summary": st.just("auto")}),
        text=st.fixed_dictionaries({}, optional={"format": st.sampled_from([
            {"type": "text"}, {"type": "json_object"},
            {"type": "json_schema", "name": "a", "schema": objects(draw), "strict": True}])}),
        user=st.just("u"),
        prompt_cache_key=st.just("k" * 99),
        stream=st.booleans(),
    )  # fmt: skip


@st.composite
def gemini(draw: st.DrawFn) -> dict[str, Any]:
    contents: list[dict[str, Any]] = []
    shown = st.one_of(
        TEXTS.map(lambda text: {"text": text}),
        st.just({"inlineData": {"mimeType": "image/png", "data": PNG}}),
        st.just({"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.png"}}),
    )
    for _ in range(draw(st.integers(1, 3))):
        contents.append({"role": "user", "parts": draw(st.lists(shown, max_size=2))})
        calls = [
            {"name": draw(NAMES), "args": {"x": draw(WORDS)}, **some(draw, id=IDS)}
            for _ in range(draw(st.integers(0, 2)))
        ]
        said = [{"text": draw(TEXTS)}, *({"functionCall": call} for call in calls)]
        contents.append({"role": "model", "parts": said})
        answers = [
            {"functionResponse": {**{k: v for k, v in call.items() if k != "args"},
                                  "response": {"output": draw(TEXTS)}}}
            for call in calls
        ]  # fmt: skip
        answers += draw(st.lists(shown, max_size=1))
        contents.append({"role": "user", "parts": draw(st.permutations(answers))})
    names = draw(st.lists(NAMES, max_size=3))
    declared = [{"name": name, "description": "d", "parameters": objects(draw)} for name in names]
    config = some(
        draw,
        maxOutputTokens=st.integers(1, 40_000),
        temperature=st.floats(0, 2),
        topP=st.floats(0, 1),
        topK=st.integers(1, 64),
        stopSequences=st.lists(TEXTS, max_size=4),
        thinkingConfig=st.fixed_dictionaries({}, optional={
            "thinkingBudget": st.sampled_from([-1, 0, 512, 2048]),
            "includeThoughts": st.booleans()}),
        responseMimeType=st.sampled_from(["application/json", "text/plain"]),
        responseJsonSchema=st.just(objects(draw)),
    )  # fmt: skip
    modes = [{"mode": "AUTO"}, {"mode": "ANY"}, {"mode": "NONE"}]
    modes += [{"mode": "ANY", "allowedFunctionNames": [name]} for name in names]
    return {"contents": contents, "tools": [{"functionDeclarations": declared}],
            "generationConfig": config} | some(
        draw,
        systemInstruction=TEXTS.map(lambda text: {"parts": [{"text": text}]}),
        toolConfig=st.sampled_from(modes).map(lambda mode: {"functionCallingConfig": mode}),
    )  # fmt: skip


CALLS: dict[str, Callable[[], st.SearchStrategy[dict[str, Any]]]] = {
    "anthropic": anthropic,
    "openai_chat": chat,
    "openai_responses": responses,
    "gemini": gemini,
}
