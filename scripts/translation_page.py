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
ANSWER = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}
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


def called(*content: Any, **more: Any) -> list[Any]:
    """A call in Anthropic's form, and its result."""
    use = {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": list(content), **more}
    return [{"role": "assistant", "content": [use]}, *user(result)]


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
        ("tool call, and a failed result with an image", {"messages": called(
            {"type": "text", "text": "no"}, {"type": "image", "source": PNG}, is_error=True)}),
        ("a call whose result never came", {"messages": called()[:1]}),
        ("search result of a tool", {"messages": called({
            "type": "search_result", "source": "https://example.org", "title": "Found",
            "content": [{"type": "text", "text": "It is so."}]})}),
        ("tool reference of a tool", {"messages": called(
            {"type": "tool_reference", "tool_name": "g"})}),
        ("text document", {"messages": user({"type": "document", "title": "a.txt", "source": {
            "type": "text", "media_type": "text/plain", "data": "It is so."}})}),
        ("document of content blocks", {"messages": user({"type": "document", "source": {
            "type": "content", "content": [{"type": "text", "text": "It is so."}]}})}),
        ("PDF by its link", {"messages": user({"type": "document", "source": {
            "type": "url", "url": "https://example.org/a.pdf"}})}),
        ("file kept at Anthropic", {"messages": user({"type": "document", "source": {
            "type": "file", "file_id": "file_1"}})}),
        ("container upload", {"messages": user({"type": "container_upload", "file_id": "file_1"})}),
        ("server-side tool in the history", {"messages": [{"role": "assistant", "content": [
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{
                "type": "web_search_result", "url": "https://example.org", "title": "Found",
                "encrypted_content": "…"}]}]}]}),
        ("tool", {"tools": [{"name": "f", "description": "d", "input_schema": SCHEMA}]}),
        ("server-side tool", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("Anthropic's own tool that the caller runs", {"tools": [
            {"type": "bash_20250124", "name": "bash"}]}),
        ("tool of a long name, strict", {"tools": [{
            "name": "mcp__" + "a" * 70, "strict": True, "input_schema": SCHEMA}]}),
        ("tool with a choice of arguments", {"tools": [{"name": "f", "input_schema": {
            "type": "object", "anyOf": [{"properties": {"a": {"type": "string"}}}]}}]}),
        ("tool_choice any, one at a time", {
            "tools": [{"name": "f", "input_schema": SCHEMA}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True}}),
        ("stop sequences", {"stop_sequences": ["END"]}),
        ("effort", {"output_config": {"effort": "high"}}),
        ("thinking", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("answer by a schema", {"output_config": {
            "format": {"type": "json_schema", "schema": SCHEMA}}}),
        ("five stop sequences", {"stop_sequences": ["1", "2", "3", "4", "5"]}),
        ("temperature while it thinks", {"temperature": 1.0, "thinking": {
            "type": "enabled", "budget_tokens": 1024}}),
        ("MCP servers", {"mcp_servers": [{"type": "url", "name": "m", "url": "https://…"}]}),
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
        ("file kept at OpenAI", {"messages": user({"type": "file", "file": {"file_id": "f"}})}),
        ("tool call and its result", {"messages": [
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "yes"}]}),
        ("id and name in other letters", {"messages": [
            {"role": "assistant", "content": None, "tool_calls": [{
                "id": "functions.f:0", "type": "function",
                "function": {"name": "f.g", "arguments": "null"}}]},
            {"role": "tool", "tool_call_id": "functions.f:0", "content": "yes"}]}),
        ("a call whose result never came", {"messages": [
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "user", "content": "Stop."}]}),
        ("a result without its call", {"messages": [
            {"role": "tool", "tool_call_id": "c1", "content": "yes"}]}),
        ("blank text", {"messages": [{"role": "user", "content": " "}]}),
        ("an answer that the caller began", {"messages": [
            {"role": "user", "content": "x"}, {"role": "assistant", "content": "So: "}]}),
        ("tool_choice required", {
            "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
            "tool_choice": "required"}),
        ("tool_choice without tools", {"tool_choice": "auto", "parallel_tool_calls": False}),
        ("allowed tools", {
            "tools": [{"type": "function", "function": {"name": name}} for name in "fg"],
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {
                "mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}}}),
        ("strict tool", {"tools": [{"type": "function", "function": {
            "name": "f", "strict": True, "parameters": SCHEMA}}]}),
        ("free-form tool", {"tools": [{"type": "custom", "custom": {"name": "f"}}]}),
        ("functions of the time before tools", {"functions": [{"name": "f"}]}),
        ("no limit given", {}),
        ("effort", {"reasoning_effort": "high"}),
        ("effort, where tools are offered", {
            "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
            "reasoning_effort": "high"}),
        ("no thinking", {"thinking": {"type": "disabled"}}),
        ("temperature above 1", {"temperature": 1.5}),
        ("temperature and top_p", {"temperature": 0.5, "top_p": 0.9}),
        ("stop", {"stop": ["END", "\n"]}),
        ("answer by a schema", {"response_format": {
            "type": "json_schema", "json_schema": {"name": "a", "schema": ANSWER}}}),
        ("answer by an open schema", {"response_format": {
            "type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}}),
        ("answer in JSON", {"response_format": {"type": "json_object"}}),
        ("several answers", {"n": 2}),
        ("spoken answer", {"modalities": ["text", "audio"]}),
        ("penalties, seed, log probabilities", {
            "presence_penalty": 1, "seed": 1, "logprobs": True}),
        ("sound", {"messages": user({"type": "input_audio", "input_audio": {}})}),
    ],
    "openai_responses": [
        ("instructions", {"instructions": "Lead."}),
        ("image", {"input": user({"type": "input_image", "image_url": "https://example.org/a.png"})}),
        ("function call and its output", {"input": [
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "yes"}]}),
        ("a message between a call and its output", {"input": [
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"role": "user", "content": "Hurry."},
            {"type": "function_call_output", "call_id": "c1", "output": "yes"}]}),
        ("hosted tool in the history", {"input": [
            {"type": "web_search_call", "id": "s1", "status": "completed", "action": {
                "type": "search", "query": "x"}}]}),
        ("item_reference", {"input": [{"type": "item_reference", "id": "msg_1"}]}),
        ("compaction of another server", {"input": [
            {"type": "compaction", "encrypted_content": "…"}]}),
        ("file kept at OpenAI", {"input": user({"type": "input_file", "file_id": "file_1"})}),
        ("tools in a namespace", {"tools": [{"type": "namespace", "name": "agents", "tools": [
            {"type": "function", "name": "spawn", "parameters": SCHEMA}]}]}),
        ("free-form tool", {"tools": [{"type": "custom", "name": "apply_patch"}]}),
        ("hosted tool", {"tools": [{"type": "web_search"}]}),
        ("OpenAI's own tool that the caller runs", {"tools": [{"type": "local_shell"}]}),
        ("tool_choice of a hosted tool", {
            "tools": [{"type": "custom", "name": "f"}], "tool_choice": {"type": "web_search"}}),
        ("prompt_cache_key", {"prompt_cache_key": "session"}),
        ("effort", {"reasoning": {"effort": "high"}}),
        ("allowed tools", {
            "tools": [{"type": "function", "name": name} for name in "fg"],
            "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [
                {"type": "function", "name": "f"}]}}),
        ("limit", {"max_output_tokens": 500}),
        ("answer by a schema", {"text": {"format": {
            "type": "json_schema", "name": "a", "strict": True, "schema": ANSWER}}}),
        ("answer in JSON", {"text": {"format": {"type": "json_object"}}}),
        ("a tool_choice that there is not", {"tool_choice": "sometimes"}),
        ("conversation", {"conversation": "conv_1"}),
        ("in the background", {"background": True}),
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
            "responseMimeType": "application/json", "responseSchema": {
                "type": "OBJECT", "properties": {"a": {"type": "INTEGER", "minimum": 1}}}}}),
        ("answer in JSON", {"generationConfig": {"responseMimeType": "application/json"}}),
        ("function of a name in other letters", {"tools": [{"functionDeclarations": [
            {"name": "files.read"}]}]}),
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
        "for `openai`, which alone takes no `reasoning_content`. An upstream's pings reach",
        "Anthropic callers as pings, OpenAI's as comments, and Gemini's not at all. Calls of a",
        "free-form tool come back as free-form calls, their text in one piece; a Gemini caller",
        "gets each function call whole, in one part. Gemini's fields are read in both spellings",
        "(`systemInstruction` and `system_instruction`).",
        "",
        "Whatever is carried is what the upstream's protocol accepts, by the vendors' own types",
        "and rules; what cannot be carried is refused with a 400 that names it, in the caller's",
        "own form, and nothing is charged. A null is an absent field. A tool's name of other",
        "letters than `A-Z a-z 0-9 _ -`, or of more than 64, is shortened for the upstream, and",
        "given back whole; an id likewise. Calls without a result get one that says so.",
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
