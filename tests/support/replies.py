"""Answers as upstreams write them: OpenAI Chat and Anthropic Messages, streamed and whole."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from support.upstream import Asked, Piece, Reply

SSE = "text/event-stream"


@dataclass(frozen=True)
class Said:
    """What the model says. ``calls``: (id, name, arguments) each. ``id``: the answer's own; Claude
    Code takes answers of one id for parts of one."""

    text: str = ""
    thinking: str = ""
    signature: str = "c2lnbmVk"
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    input: int = 20
    cached: int = 5
    output: int = 7
    stop: str = ""
    id: str = "up"


def answer(asked: Asked, said: Said) -> Reply:
    """In the format and the manner (streamed or whole) of the call."""
    streamed = bool(asked.body.get("stream"))
    if asked.path.endswith("/messages"):
        if streamed:
            return Reply(pieces=anthropic_pieces(said), content_type=SSE)
        return Reply(body=json.dumps(anthropic_whole(said)).encode())
    if streamed:
        return Reply(pieces=openai_pieces(said), content_type=SSE)
    return Reply(body=json.dumps(openai_whole(said)).encode())


def halves(text: str) -> list[str]:
    middle = (len(text) + 1) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]


def openai_usage(said: Said) -> dict[str, Any]:
    return {
        "prompt_tokens": said.input + said.cached,
        "completion_tokens": said.output,
        "total_tokens": said.input + said.cached + said.output,
        "prompt_tokens_details": {"cached_tokens": said.cached},
    }


def openai_pieces(said: Said) -> list[Piece]:
    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        value = {
            "id": f"chatcmpl-{said.id}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "up-model",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            **more,
        }
        return b"data: " + json.dumps(value).encode() + b"\n\n"

    pieces: list[Piece] = [chunk({"role": "assistant", "content": ""})]
    pieces += [chunk({"reasoning_content": piece}) for piece in halves(said.thinking)]
    pieces += [chunk({"content": piece}) for piece in halves(said.text)]
    for index, (identity, name, _) in enumerate(said.calls):
        function = {"name": name, "arguments": ""}
        call = {"index": index, "id": identity, "type": "function", "function": function}
        pieces.append(chunk({"tool_calls": [call]}))
        pieces += [
            chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
            for piece in halves(json.dumps(said.calls[index][2]))
        ]
    pieces.append(chunk({}, said.stop or ("tool_calls" if said.calls else "stop")))
    usage = chunk({}, usage=openai_usage(said))
    value = json.loads(usage[6:])
    value["choices"] = []
    return [*pieces, b"data: " + json.dumps(value).encode() + b"\n\n", b"data: [DONE]\n\n"]


def openai_whole(said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.thinking:
        message["reasoning_content"] = said.thinking
    if said.calls:
        message["tool_calls"] = [
            {
                "id": identity,
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for identity, name, arguments in said.calls
        ]
    finish = said.stop or ("tool_calls" if said.calls else "stop")
    return {
        "id": f"chatcmpl-{said.id}",
        "object": "chat.completion",
        "created": 1,
        "model": "up-model",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": openai_usage(said),
    }


def anthropic_usage(said: Said) -> dict[str, Any]:
    return {
        "input_tokens": said.input,
        "cache_read_input_tokens": said.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": said.output,
    }


def _event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def _blocks(said: Said) -> Sequence[tuple[dict[str, Any], list[dict[str, Any]]]]:
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if said.thinking:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in halves(said.thinking)]
        deltas.append({"type": "signature_delta", "signature": said.signature})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if said.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in halves(said.text)]
        blocks.append(({"type": "text", "text": ""}, deltas))
    for identity, name, arguments in said.calls:
        block = {"type": "tool_use", "id": identity, "name": name, "input": {}}
        deltas = [
            {"type": "input_json_delta", "partial_json": piece}
            for piece in halves(json.dumps(arguments))
        ]
        blocks.append((block, deltas))
    return blocks


def anthropic_pieces(said: Said) -> list[Piece]:
    usage = anthropic_usage(said)
    message = {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "model": "up-model",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 1},
    }
    pieces: list[Piece] = [_event({"type": "message_start", "message": message})]
    for index, (block, deltas) in enumerate(_blocks(said)):
        start = {"type": "content_block_start", "index": index, "content_block": block}
        pieces.append(_event(start))
        pieces += [
            _event({"type": "content_block_delta", "index": index, "delta": delta})
            for delta in deltas
        ]
        pieces.append(_event({"type": "content_block_stop", "index": index}))
    stop = said.stop or ("tool_use" if said.calls else "end_turn")
    delta = {"stop_reason": stop, "stop_sequence": None}
    end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": said.output}}
    return [*pieces, _event(end), _event({"type": "message_stop"})]


def anthropic_whole(said: Said) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if said.thinking:
        content.append({"type": "thinking", "thinking": said.thinking, "signature": said.signature})
    if said.text:
        content.append({"type": "text", "text": said.text})
    content += [
        {"type": "tool_use", "id": identity, "name": name, "input": arguments}
        for identity, name, arguments in said.calls
    ]
    return {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "model": "up-model",
        "content": content,
        "stop_reason": said.stop or ("tool_use" if said.calls else "end_turn"),
        "stop_sequence": None,
        "usage": anthropic_usage(said),
    }
