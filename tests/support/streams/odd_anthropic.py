"""Random Anthropic Messages answers, with the quirks of real servers."""

import json
from random import Random
from typing import Any

from support.streams.odd import Call, Part, Story, frame, parts_of, pieces_of, story_of

Block = tuple[dict[str, Any], list[dict[str, Any]]]


def blocks_of(random: Random, parts: list[Part]) -> list[Block]:
    """Each block's start, and its deltas."""
    blocks: list[Block] = []
    for part in parts:
        if part.kind == "calls":
            blocks += [_call(random, call) for call in part.calls]
        else:
            blocks.append(_said(random, part))
        if random.random() < 0.15:
            blocks.append(_left_out(random))
    return blocks


def _said(random: Random, part: Part) -> Block:
    field = part.kind  # text or thinking, as the protocol calls them too
    start: dict[str, Any] = {"type": field, field: ""}
    pieces = pieces_of(random, part.text)
    if random.random() < 0.15:
        start[field], pieces = part.text, []
    deltas: list[dict[str, Any]] = [{"type": f"{field}_delta", field: piece} for piece in pieces]
    if field == "thinking" and random.random() < 0.8:
        deltas.append({"type": "signature_delta", "signature": "c2ln"})
    if random.random() < 0.2:
        deltas.insert(0, {"type": f"{field}_delta", field: random.choice(["", None])})
    return start, deltas


def _call(random: Random, call: Call) -> Block:
    start: dict[str, Any] = {"type": "tool_use", "id": call.identity, "name": call.name}
    if random.random() < 0.1:
        call.identity = ""
        start["id"] = random.choice(["", None])
    start["input"] = {}
    written = json.dumps(call.arguments)
    match random.choice(["pieces", "pieces", "start", "both", "object"]):
        case "start":
            start["input"] = call.arguments
            return start, []
        case "object":
            return start, [{"type": "input_json_delta", "partial_json": call.arguments}]
        case "both":
            start["input"] = call.arguments
    pieces = [] if not call.arguments else pieces_of(random, written)
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]
    return start, deltas


def _left_out(random: Random) -> Block:
    """What the common form has no place for, and translations leave out."""
    query = [{"type": "input_json_delta", "partial_json": '{"query":"x"}'}]
    return random.choice([
        ({"type": "redacted_thinking", "data": "eA=="}, []),
        ({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}, query),
        ({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}, []),
        ({"type": "of_next_year", "x": 1}, [{"type": "of_next_year_delta", "x": "y"}]),
    ])  # fmt: skip


def anthropic_story(random: Random) -> Story:
    parts = parts_of(random)
    story = story_of(parts)
    blocks = blocks_of(random, parts)
    story.stop = "tool" if story.calls else random.choice(["end", "length", "stop"])
    at_start, at_end = _usage(random, story)
    values = _events(random, blocks)
    told_at_start = at_start is not None and any(at_start.values())
    if told_at_start or random.random() < 0.9:
        message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant",
                                   "model": "up/model", "content": [], "stop_reason": None,
                                   "stop_sequence": None}  # fmt: skip
        message |= {} if at_start is None else {"usage": at_start}
        values.insert(0, {"type": "message_start", "message": message})
    words = {"tool": random.choice(["tool_use", "end_turn"]), "end": "end_turn",
             "length": "max_tokens", "stop": "stop_sequence"}  # fmt: skip
    delta: dict[str, Any] = {"stop_reason": words[story.stop], "stop_sequence": None}
    no_reason = story.stop in ("tool", "end") and random.random() < 0.1
    if no_reason:
        delta["stop_reason"] = None
    end: dict[str, Any] = {"type": "message_delta", "delta": delta}
    values.append(end if at_end is None else {**end, "usage": at_end})
    done = no_reason or random.random() < 0.85
    if done:
        values.append({"type": "message_stop"})
    last = len(values) - 1
    if random.random() < 0.3:
        values += random.choice([["[DONE]"], ["[DONE]", "[DONE]"], ["not JSON"]])
    for _ in range(random.randint(0, 3)):
        at = random.randint(0, last)
        values.insert(at, random.choice([{"type": "ping"}, {"type": "of_next_year"}, "7", "{"]))
        last += 1
    story.raw, ends = frame(random, values, named=True)
    story.end = ends[last] if done else len(story.raw)
    story.whole = _whole(random, parts, story, words[story.stop])
    return story


def _events(random: Random, blocks: list[Block]) -> list[Any]:
    values: list[Any] = []
    no_index = random.choice(["right", "right", "null", "absent"])
    for index, (start, deltas) in enumerate(blocks):
        place = {"right": {"index": index}, "null": {"index": None}, "absent": {}}[no_index]
        # A block without its number is still the next one.
        first = {"index": index}
        values.append({"type": "content_block_start", **first, "content_block": start})
        values += [{"type": "content_block_delta", **place, "delta": delta} for delta in deltas]
        if random.random() < 0.9:
            values.append({"type": "content_block_stop", **place})
    return values


def _usage(random: Random, story: Story) -> tuple[Any, Any]:
    """As told at the start, and at the end."""
    given, cached, written, output = (random.randint(1, 99) for _ in range(4))
    prompt = {"input_tokens": given, "cache_read_input_tokens": cached,
              "cache_creation_input_tokens": written}  # fmt: skip
    story.usage = (given + cached + written, output, cached)
    zeros = dict.fromkeys(prompt, 0)
    match random.choice(["start", "start", "end", "zeros behind", "none", "zero"]):
        case "start":
            return {**prompt, "output_tokens": 1}, {"output_tokens": output}
        case "end":
            return {**zeros, "output_tokens": 0}, {**prompt, "output_tokens": output}
        case "zeros behind":
            return {**prompt, "output_tokens": 1}, {**zeros, "output_tokens": output}
        case "zero":
            story.usage = None
            return {**zeros, "output_tokens": 0}, {"output_tokens": 0}
        case _:
            story.usage = None
            return None, None


def _whole(random: Random, parts: list[Part], story: Story, stop: str) -> bytes:
    content: list[dict[str, Any]] = []
    for part in parts:
        if part.kind == "text":
            content.append({"type": "text", "text": part.text})
        elif part.kind == "thinking":
            signed = {"signature": "c2ln"} if random.random() < 0.7 else {}
            content.append({"type": "thinking", "thinking": part.text, **signed})
        for call in part.calls:
            block = {"type": "tool_use", "id": call.identity, "name": call.name}
            content.append({**block, "input": call.arguments})
    answer: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant",
                              "model": "up/model", "content": content, "stop_reason": stop,
                              "stop_sequence": None, "error": None}  # fmt: skip
    if story.usage is not None:
        prompt, output, cached = story.usage
        answer["usage"] = {"input_tokens": prompt - cached, "output_tokens": output,
                           "cache_read_input_tokens": cached}  # fmt: skip
    return json.dumps(answer).encode()
