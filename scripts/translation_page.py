"""Writes docs/translation.md: what each protocol's way of saying a thing becomes at an upstream of
another protocol. Every cell is what the code does to the example, not what somebody remembers."""

import json
from pathlib import Path
from typing import Any

from codeplan.gateway.formats import (
    ANTHROPIC,
    GEMINI,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    CallerFormat,
)
from codeplan.protocol.outline import Malformed
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat

PAGE = Path(__file__).parent.parent / "docs" / "translation.md"
SCHEMA = {"type": "object"}
CALLERS: dict[str, tuple[CallerFormat, UpstreamFormat]] = {
    "Anthropic Messages to OpenAI Chat": (ANTHROPIC, TO_OPENAI_CHAT),
    "OpenAI Chat to Anthropic Messages": (OPENAI_CHAT, TO_ANTHROPIC),
    "OpenAI Responses to OpenAI Chat": (OPENAI_RESPONSES, TO_OPENAI_CHAT),
    "OpenAI Responses to Anthropic Messages": (OPENAI_RESPONSES, TO_ANTHROPIC),
    "Gemini to OpenAI Chat": (GEMINI, TO_OPENAI_CHAT),
    "Gemini to Anthropic Messages": (GEMINI, TO_ANTHROPIC),
}


def user(*blocks: Any) -> list[Any]:
    return [{"role": "user", "content": list(blocks)}]


def parts(*parts: Any) -> list[Any]:
    return [{"role": "user", "parts": list(parts)}]


PNG = {"type": "base64", "media_type": "image/png", "data": "iVBOR…"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBER…"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
EXAMPLES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "anthropic": [
        ("system prompt", {"system": [{"type": "text", "text": "Lead.", "cache_control": {}}]}),
        ("system text in mid-conversation", {"messages": [
            *user({"type": "text", "text": "x"}), {"role": "system", "content": "By the way."}]}),
        ("Claude Code's billing line", {"system": "x-anthropic-billing-header: cc_version=2;"}),
        ("image", {"messages": user({"type": "image", "source": PNG})}),
        ("PDF", {"messages": user({"type": "document", "source": PDF, "title": "a.pdf"})}),
        ("thinking sent back", {"messages": [{"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            {"type": "redacted_thinking", "data": "…"}, {"type": "text", "text": "Yes."}]}]}),
        ("tool call", {"messages": [{"role": "assistant", "content": [
            {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}]}]}),
        ("failed tool result with an image", {"messages": user(
            {"type": "tool_result", "tool_use_id": "c1", "is_error": True, "content": [
                {"type": "text", "text": "no"}, {"type": "image", "source": PNG}]})}),
        ("tool", {"tools": [{"name": "f", "description": "d", "input_schema": SCHEMA}]}),
        ("server-side tool", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("tool_choice any, one at a time", {
            "tools": [{"name": "f", "input_schema": SCHEMA}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True}}),
        ("stop sequences", {"stop_sequences": ["END"]}),
        ("effort", {"output_config": {"effort": "high"}}),
        ("thinking", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("answer by a schema", {"output_config": {
            "format": {"type": "json_schema", "schema": SCHEMA}}}),
        ("context_management", {"context_management": {"edits": []}}),
    ],
    "openai_chat": [
        ("system prompt", {"messages": [
            {"role": "system", "content": "Lead."}, {"role": "user", "content": "x"}]}),
        ("image", {"messages": user(
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR…"}})}),
        ("PDF", {"messages": user({"type": "file", "file": {
            "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBER…"}})}),
        ("reasoning sent back", {"messages": [
            {"role": "assistant", "reasoning_content": "Hm.", "content": "Yes."}]}),
        ("tool call", {"messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}]}),
        ("tool result", {"messages": [{"role": "tool", "tool_call_id": "c1", "content": "yes"}]}),
        ("tool_choice required", {
            "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
            "tool_choice": "required"}),
        ("no limit given", {}),
        ("effort", {"reasoning_effort": "high"}),
        ("effort, where tools are offered", {
            "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
            "reasoning_effort": "high"}),
        ("no thinking", {"thinking": {"type": "disabled"}}),
        ("temperature above 1", {"temperature": 1.5}),
        ("stop", {"stop": "END"}),
        ("answer by a schema", {"response_format": {
            "type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}}),
        ("sound", {"messages": user({"type": "input_audio", "input_audio": {}})}),
    ],
    "openai_responses": [
        ("instructions", {"instructions": "Lead."}),
        ("image", {"input": user({"type": "input_image", "image_url": "https://example.org/a.png"})}),
        ("function call and its output", {"input": [
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "yes"}]}),
        ("tools in a namespace", {"tools": [{"type": "namespace", "name": "agents", "tools": [
            {"type": "function", "name": "spawn", "parameters": SCHEMA}]}]}),
        ("free-form tool", {"tools": [{"type": "custom", "name": "apply_patch"}]}),
        ("hosted tool", {"tools": [{"type": "web_search"}]}),
        ("tool_choice of a hosted tool", {
            "tools": [{"type": "custom", "name": "f"}], "tool_choice": {"type": "web_search"}}),
        ("prompt_cache_key", {"prompt_cache_key": "session"}),
        ("effort", {"reasoning": {"effort": "high"}}),
        ("answer by a schema", {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
        ("a tool_choice that there is not", {"tool_choice": "sometimes"}),
        ("previous_response_id", {"previous_response_id": "resp_1"}),
    ],
    "gemini": [
        ("system instruction", {"systemInstruction": {"parts": [{"text": "Lead."}]}}),
        ("image", {"contents": parts({"inlineData": {"mimeType": "image/png", "data": "iVBOR…"}})}),
        ("PDF", {"contents": parts({"inlineData": {
            "mimeType": "application/pdf", "data": "JVBER…", "displayName": "a.pdf"}})}),
        ("link to a file", {"contents": parts({"fileData": {
            "mimeType": "image/png", "fileUri": "https://example.org/a.png"}})}),
        ("function call and its response, without ids", {"contents": [
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]},
            *parts({"functionResponse": {"name": "f", "response": {"output": "yes"}}})]}),
        ("failed function", {"contents": [
            {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "f"}}]},
            *parts({"functionResponse": {
                "id": "c1", "name": "f", "response": {"error": "no"}}})]}),
        ("thoughts sent back without a signature", {"contents": [{"role": "model", "parts": [
            {"text": "Hm.", "thought": True}, {"text": "Yes."}]}]}),
        ("function", {"tools": [{"functionDeclarations": [
            {"name": "f", "description": "d", "parameters": {"type": "OBJECT", "properties": {
                "a": {"type": "STRING", "nullable": True}}}}]}]}),
        ("mode ANY with one name", {
            "tools": [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}],
            "toolConfig": {"functionCallingConfig": {
                "mode": "ANY", "allowedFunctionNames": ["f"]}}}),
        ("Google's own tool beside functions", {"tools": [
            {"googleSearch": {}}, {"functionDeclarations": [{"name": "f"}]}]}),
        ("Google's own tool alone", {"tools": [{"googleSearch": {}}]}),
        ("topK", {"generationConfig": {"topK": 64}}),
        ("no thinking", {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}),
        ("thinking", {"generationConfig": {"thinkingConfig": {"thinkingBudget": 2048}}}),
        ("thinking level", {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}}),
        ("stop sequences", {"generationConfig": {"stopSequences": ["END"]}}),
        ("answer by a schema", {"generationConfig": {
            "responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}}}),
        ("safety settings", {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]}),
        ("several answers", {"generationConfig": {"candidateCount": 2}}),
        ("cachedContent", {"cachedContent": "cachedContents/1"}),
        ("sound", {"contents": parts({"inlineData": {"mimeType": "audio/wav", "data": "…"}})}),
    ],
}  # fmt: skip
PLAIN = {
    "anthropic": {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "x"}]},
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
    "openai_responses": {"model": "m", "input": "x"},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "x"}]}]},
}


def becomes(caller: CallerFormat, upstream: UpstreamFormat, more: dict[str, Any]) -> str:
    """What the example adds to the upstream's body, or the error."""

    def carried(body: dict[str, Any]) -> dict[str, Any]:
        request = caller.decode_request(json.dumps(body).encode())
        return dict(json.loads(upstream.encode_request(request, "m", "openai")))

    plain = carried(PLAIN[caller.name])
    if not more:
        return code({name: plain[name] for name in ("max_tokens",)})
    try:
        made = carried({**PLAIN[caller.name], **more})
    except Malformed as error:
        return f"refused: {error}"
    added = {name: value for name, value in made.items() if plain.get(name) != value}
    return code(added) if added else "dropped"


def code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")


ANSWERS = """
## Answers

A stream and a whole answer are read by the same reader, which takes what servers really send: calls
whose name, id or index comes late, twice or not at all; arguments as an object; text as a list of
parts; usage in any place, with cached tokens by any vendor's name; lines that end in any way; half
a character at the end of a piece. What it cannot read it passes over. Where an upstream answers
whole that was asked for a stream, or the other way round, the caller gets what it asked for.

| an upstream's | becomes |
|---|---|
| id and model of an answer | our own id, and the catalogue's name for the model |
| call without an id, or with one that the conversation has | a call with a new id |
| call without arguments | a call with `{}` |
| call whose name never comes | a call of `unknown` |
| text, or another call, between the pieces of a call | told once that call is whole |
| legacy `function_call` | a call |
| `refusal`, a sound's transcript | text |
| picture | its link as text, or `[image]` where it is inside the answer |
| server tools and their results, redacted thinking, what codeplan has no name for | left out |
| reason to stop that does not fit the calls | a tool, where there are calls; else the turn's end |
| `network_error`, `insufficient_system_resource` | as if cut by the limit |
| `sensitive` | as a content filter's refusal |
| end without its last mark, after a reason to stop | whole |
| anything behind the end | left out, but for the usage |
| usage that is missing, or 0 | an estimate, marked on the receipt ([promise.md](promise.md)) |

Where bytes pass, all of this is only counted: they pass as they are, up to the answer's end."""


def page() -> str:
    lines = [
        "# What is said how in another protocol",
        "",
        "Made by `scripts/translation_page.py` from the code that does it; a test keeps it so.",
        "Where caller and upstream speak the same protocol nothing is translated: only the model's",
        "name and the key change, and everything else passes byte for byte.",
        "",
        "Thinking of an upstream reaches Anthropic callers as thinking blocks, Chat callers as",
        "`reasoning_content`, Responses callers as reasoning items, whose `encrypted_content`",
        "brings it back, and Gemini callers as thoughts, where they ask to see them; there the",
        "`thoughtSignature` of the part behind them brings it back. How an OpenAI-compatible",
        "upstream is told to think is its `dialect` ([operators.md](operators.md)); the tables are",
        "for `openai`. An upstream's pings reach Anthropic callers as pings, OpenAI's as comments,",
        "and Gemini's not at all. Calls of a free-form tool come back as free-form calls, their",
        "text in one piece; a Gemini caller gets each function call whole, in one part. Gemini's",
        "fields are read in both spellings (`systemInstruction` and `system_instruction`).",
    ]
    lines += ANSWERS.split("\n")
    for title, (caller, upstream) in CALLERS.items():
        lines += ["", f"## {title}", "", "| what | said by the caller | at the upstream |"]
        lines.append("|---|---|---|")
        for what, more in EXAMPLES[caller.name]:
            lines.append(f"| {what} | {code(more)} | {becomes(caller, upstream, more)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
