"""Strict readers of what callers get: each holds a protocol's own rules, and says what was said.

The rules of order are the vendors' documents'; the shape of each event is their SDKs' own types.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import anthropic.types
import openai.types.chat
import openai.types.responses
from google.genai import types as gemini_types

Protocol = Literal["anthropic", "openai_chat", "openai_responses", "gemini"]


def _by_type(union: Any) -> dict[str, Any]:
    """The SDK's class for each type of event."""
    classes = get_args(get_args(union)[0])
    return {name: one for one in classes for name in get_args(one.model_fields["type"].annotation)}


_ANTHROPIC = _by_type(anthropic.types.RawMessageStreamEvent)
_RESPONSES = _by_type(openai.types.responses.ResponseStreamEvent)


@dataclass
class Heard:
    """What a caller was told. ``calls``: id, name, arguments. ``usage``: prompt, output, cached."""

    text: str = ""
    thinking: str = ""
    calls: list[list[str]] = field(default_factory=list)
    stop: str = ""
    usage: tuple[int, int, int] = (0, 0, 0)
    model: str = ""
    id: str = ""


def events(body: bytes) -> list[tuple[str, str]]:
    """Names and data of an event stream whose every event ends."""
    assert not body or body.endswith((b"\n\n", b"\r\n\r\n")), body[-80:]
    heard = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            assert not line or line.startswith((":", "event: ", "data: ")), line
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
        if data:
            heard.append((name, "\n".join(data)))
    return heard


def anthropic_stream(body: bytes) -> Heard:
    """One message_start; blocks one after the other, with deltas of their kind; one message_delta;
    message_stop last."""
    heard, block, number = Heard(), "", 0
    cut = events(body)
    kinds = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "thinking",
             "input_json_delta": "tool_use"}  # fmt: skip
    values = [json.loads(data) for _, data in cut]
    assert [name for name, _ in cut] == [value["type"] for value in values]
    values = [value for value in values if value["type"] != "ping"]
    for value in values:
        _ANTHROPIC[value["type"]].model_validate(value, strict=True)
    order = [value["type"] for value in values]
    assert order[0] == "message_start"
    assert order[-2:] == ["message_delta", "message_stop"]
    assert order.count("message_start") == order.count("message_delta") == 1
    message = values[0]["message"]
    heard.id, heard.model = message["id"], message["model"]
    for value in values[1:-2]:
        match value["type"]:
            case "content_block_start":
                assert not block
                assert value["index"] == number
                block = value["content_block"]["type"]
                if block == "tool_use":
                    assert value["content_block"]["input"] == {}
                    heard.calls.append(
                        [value["content_block"]["id"], value["content_block"]["name"], ""]
                    )
            case "content_block_delta":
                assert value["index"] == number
                delta = value["delta"]
                assert kinds[delta["type"]] == block
                heard.text += delta.get("text", "")
                heard.thinking += delta.get("thinking", "")
                if block == "tool_use":
                    heard.calls[-1][2] += delta["partial_json"]
            case "content_block_stop":
                assert block
                assert value["index"] == number
                block, number = "", number + 1
            case other:
                raise AssertionError(other)
    assert not block
    heard.stop = values[-2]["delta"]["stop_reason"]
    heard.usage = _anthropic_usage(values[-2]["usage"])
    return heard


def _anthropic_usage(usage: dict[str, int]) -> tuple[int, int, int]:
    cached = usage["cache_read_input_tokens"]
    prompt = usage["input_tokens"] + cached + usage["cache_creation_input_tokens"]
    return prompt, usage["output_tokens"], cached


def chat_stream(body: bytes) -> Heard:
    """The role first and once; a call's first piece has its id and name; one finish with nothing
    behind it but the usage; [DONE] last."""
    heard, finished = Heard(), False
    *chunks, (_, last) = events(body)
    assert last == "[DONE]"
    for place, (_, data) in enumerate(chunks):
        chunk = json.loads(data)
        openai.types.chat.ChatCompletionChunk.model_validate(chunk, strict=True)
        heard.id, heard.model = chunk["id"], chunk["model"]
        if not chunk["choices"]:
            assert place == len(chunks) - 1
            usage = chunk["usage"]
            heard.usage = _chat_usage(usage)
            continue
        assert not finished
        (choice,) = chunk["choices"]
        delta = choice["delta"]
        assert ("role" in delta) == (place == 0)
        heard.text += delta.get("content") or ""
        heard.thinking += delta.get("reasoning_content") or ""
        for call in delta.get("tool_calls", ()):
            if "id" in call:
                assert call["index"] == len(heard.calls)
                heard.calls.append([call["id"], call["function"]["name"], ""])
            heard.calls[call["index"]][2] += call["function"]["arguments"]
        if choice["finish_reason"]:
            finished, heard.stop = True, choice["finish_reason"]
    assert finished
    return heard


def _chat_usage(usage: dict[str, Any]) -> tuple[int, int, int]:
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return usage["prompt_tokens"], usage["completion_tokens"], cached


def responses_stream(body: bytes) -> Heard:
    """Numbers without a gap; each item added, filled and done, one after the other; what is done is
    what was filled in; one end, with all items."""
    heard, items, filled, is_open = Heard(), [], "", False
    cut = events(body)
    values = [json.loads(data) for _, data in cut]
    assert [name for name, _ in cut] == [value["type"] for value in values]
    assert [value["sequence_number"] for value in values] == list(range(len(values)))
    for value in values:
        _RESPONSES[value["type"]].model_validate(value)
    assert [value["type"] for value in values[:2]] == ["response.created", "response.in_progress"]
    for value in values[2:-1]:
        kind = value["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert not is_open
            assert value["output_index"] == len(items)
            items.append(value["item"])
            filled, is_open = "", True
            continue
        assert is_open
        assert value["output_index"] == len(items) - 1
        if kind != "output_item.done":
            assert value["item_id"] == items[-1]["id"]
        match kind:
            case "output_text.delta" | "reasoning_summary_text.delta":
                filled += value["delta"]
            case "function_call_arguments.delta" | "custom_tool_call_input.delta":
                filled += value["delta"]
            case "output_text.done" | "reasoning_summary_text.done":
                assert value["text"] == filled
            case "function_call_arguments.done":
                assert value["arguments"] == filled
            case "output_item.done":
                assert value["item"]["id"] == items[-1]["id"]
                items[-1], is_open = value["item"], False
            case "content_part.added" | "content_part.done" | "custom_tool_call_input.done":
                pass
            case "reasoning_summary_part.added" | "reasoning_summary_part.done":
                pass
            case other:
                raise AssertionError(other)
    assert not is_open
    whole = values[-1]["response"]
    assert values[-1]["type"] == f"response.{whole['status']}"
    assert whole["output"] == items
    return _responses_whole(heard, whole)


def _responses_whole(heard: Heard, whole: dict[str, Any]) -> Heard:
    for item in whole["output"]:
        match item["type"]:
            case "message":
                heard.text += "".join(part["text"] for part in item["content"])
            case "reasoning":
                heard.thinking += "".join(part["text"] for part in item["summary"])
            case "function_call":
                heard.calls.append([item["call_id"], item["name"], item["arguments"]])
            case other:
                raise AssertionError(other)
    assert len({item["id"] for item in whole["output"]}) == len(whole["output"])
    heard.stop, heard.model, heard.id = whole["status"], whole["model"], whole["id"]
    usage = whole["usage"]
    cached = usage["input_tokens_details"]["cached_tokens"]
    heard.usage = (usage["input_tokens"], usage["output_tokens"], cached)
    return heard


def gemini_stream(body: bytes) -> Heard:
    """Pieces of whole parts; the last one, and no other, has the reason and the usage."""
    pieces = [json.loads(data) for _, data in events(body)]
    assert ["usageMetadata" in piece for piece in pieces].index(True) == len(pieces) - 1
    heard = Heard()
    for piece in pieces:
        _hear_gemini(heard, piece)
    return heard


def _hear_gemini(heard: Heard, piece: dict[str, Any]) -> None:
    gemini_types.GenerateContentResponse.model_validate(piece)
    heard.model, heard.id = piece["modelVersion"], piece["responseId"]
    (candidate,) = piece["candidates"]
    assert ("finishReason" in candidate) == ("usageMetadata" in piece)
    for part in candidate["content"]["parts"]:
        if "functionCall" in part:
            call = part["functionCall"]
            heard.calls.append([call["id"], call["name"], json.dumps(call["args"])])
        elif part.get("thought"):
            heard.thinking += part["text"]
        else:
            heard.text += part["text"]
    if "usageMetadata" in piece:
        usage = piece["usageMetadata"]
        heard.stop = candidate["finishReason"]
        output = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
        heard.usage = (usage["promptTokenCount"], output, usage.get("cachedContentTokenCount", 0))


def stream(protocol: Protocol, body: bytes) -> Heard:
    """What a caller of that protocol was told. Raises AssertionError where a rule is broken."""
    return {
        "anthropic": anthropic_stream,
        "openai_chat": chat_stream,
        "openai_responses": responses_stream,
        "gemini": gemini_stream,
    }[protocol](body)


def whole(protocol: Protocol, body: bytes) -> Heard:
    """The same of a whole answer."""
    answer, heard = json.loads(body), Heard()
    match protocol:
        case "anthropic":
            anthropic.types.Message.model_validate(answer, strict=True)
            for block in answer["content"]:
                heard.text += block.get("text", "")
                heard.thinking += block.get("thinking", "")
                if block["type"] == "tool_use":
                    heard.calls.append([block["id"], block["name"], json.dumps(block["input"])])
            heard.stop, heard.usage = answer["stop_reason"], _anthropic_usage(answer["usage"])
            heard.id, heard.model = answer["id"], answer["model"]
        case "openai_chat":
            openai.types.chat.ChatCompletion.model_validate(answer, strict=True)
            (choice,) = answer["choices"]
            message = choice["message"]
            heard.text = message["content"] or ""
            heard.thinking = message.get("reasoning_content", "")
            for call in message.get("tool_calls", ()):
                function = call["function"]
                heard.calls.append([call["id"], function["name"], function["arguments"]])
            heard.stop, heard.usage = choice["finish_reason"], _chat_usage(answer["usage"])
            heard.id, heard.model = answer["id"], answer["model"]
        case "openai_responses":
            openai.types.responses.Response.model_validate(answer)
            _responses_whole(heard, answer)
        case "gemini":
            _hear_gemini(heard, answer)
    return heard
