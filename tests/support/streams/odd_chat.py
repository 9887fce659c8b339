"""Random OpenAI Chat answers, with the quirks of real servers."""

import json
from random import Random
from typing import Any

from support.streams.odd import Call, Part, Story, frame, parts_of, pieces_of, story_of

THOUGHTS = ["reasoning_content", "reasoning", "thinking", "reasoning_details", "parts"]
NUMBERED = ["right", "from 1", "text", "null", "absent", "zero"]


class Style:
    """How one server writes. ``numbers`` tells what its indexes are; ``identities`` where its ids
    stand: in the first piece, in each, or nowhere."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = random.choice(NUMBERED)
        # Without a number, or with one for all, only ids or names tell calls apart.
        self.identities = random.choice(["first", "each", "none", "late"])
        if self.numbers == "zero" and self.identities in ("none", "late"):
            self.identities = "first"
        self.told_apart = self.numbers in ("right", "from 1", "text")
        self.told_apart = self.told_apart or self.identities == "each"
        # Then a name that comes once more may be another call's.
        self.by_name_alone = not self.told_apart and self.identities in ("none", "late")
        names = ["first", "each"] if self.by_name_alone else ["first", "each", "late", "pieces"]
        self.name = random.choice(names)
        self.arguments = random.choice(["pieces", "pieces", "object", "ahead", "again"])
        if self.arguments == "again" and self.name == "each" and self.identities != "each":
            self.arguments = "pieces"
        self.content = random.choice(["text", "text", "list", "list of text", "object", "refusal"])
        self.thought = random.choice(THOUGHTS)
        self.empty_as = random.choice([None, ""])


def deltas_of_call(style: Style, call: Call, number: int) -> list[dict[str, Any]]:
    random = style.random
    written = json.dumps(call.arguments, ensure_ascii=random.random() < 0.5)
    if not call.arguments:
        pieces: list[Any] = random.choice([["{}"], [""], [None], [], [{}]])
    elif style.arguments == "object":
        pieces = [call.arguments]
    else:
        pieces = list(pieces_of(random, written))
        pieces = ["{}", *pieces] if style.arguments == "ahead" else pieces
        pieces = [*pieces, written] if style.arguments == "again" else pieces
    deltas = [_call_delta(style, call, number, n, piece) for n, piece in enumerate(pieces)]
    return _with_names(style, call, number, deltas)


def _call_delta(style: Style, call: Call, number: int, place: int, piece: Any) -> dict[str, Any]:
    delta: dict[str, Any] = {"function": {"arguments": piece}}
    match style.numbers:
        case "right":
            delta["index"] = number
        case "from 1":
            delta["index"] = number + 1
        case "text":
            delta["index"] = str(number)
        case "null":
            delta["index"] = None
        case "zero":
            delta["index"] = 0
    if style.identities == "each":
        delta["id"] = call.identity
    elif place and style.random.random() < 0.3:
        delta["id"] = style.empty_as
    if style.random.random() < 0.5:
        delta["type"] = "function"
    return delta


def _with_names(
    style: Style, call: Call, number: int, deltas: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Name and id, where this server puts them."""
    opening = _call_delta(style, call, number, 0, style.empty_as)
    if style.name == "each":
        deltas = deltas or [opening]
        for delta in deltas:
            delta["function"]["name"] = call.name
        first = deltas[0]
    elif style.name == "pieces":
        half = len(call.name) // 2
        second = _call_delta(style, call, number, 1, style.empty_as)
        opening["function"]["name"] = call.name[:half]
        second["function"]["name"] = call.name[half:]
        deltas, first = [opening, second, *deltas], opening
    elif style.name == "late" and style.told_apart:
        second = _call_delta(style, call, number, 1, style.empty_as)
        opening["function"]["name"] = style.empty_as
        second["function"]["name"] = call.name
        deltas, first = [opening, second, *deltas], opening
    else:
        opening["function"]["name"] = call.name
        deltas, first = [opening, *deltas], opening
    if style.identities in ("first", "each"):
        first["id"] = call.identity
    if style.identities == "late" and style.told_apart:
        deltas[min(1, len(deltas) - 1)]["id"] = f"late_{number}"
    return deltas


def deltas_of(style: Style, parts: list[Part]) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = []
    number = 0
    for part in parts:
        if part.kind != "calls":
            deltas += [
                _said(style, part.kind, piece) for piece in pieces_of(style.random, part.text)
            ]
            continue
        queues = []
        for call in part.calls:
            queues.append(deltas_of_call(style, call, number))
            number += 1
        deltas += _mixed(style, queues)
    return deltas


def _mixed(style: Style, queues: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    random = style.random
    if not style.told_apart or random.random() < 0.5:
        return [{"tool_calls": [delta]} for queue in queues for delta in queue]
    order = [queue.pop(0) for queue in queues]
    while any(queues):
        order.append(random.choice([queue for queue in queues if queue]).pop(0))
    deltas: list[dict[str, Any]] = []
    while order:
        several = random.randint(1, 2) if style.identities == "each" else 1
        deltas.append({"tool_calls": [order.pop(0) for _ in range(min(several, len(order)))]})
    return deltas


def _said(style: Style, kind: str, piece: str) -> dict[str, Any]:
    if kind == "thinking":
        if style.thought == "reasoning_details":
            return {"reasoning_details": [{"type": "reasoning.text", "text": piece}]}
        if style.thought == "parts":
            return {
                "content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]
            }
        return {style.thought: piece}
    match style.content:
        case "list":
            return {"content": [{"type": "text", "text": piece}]}
        case "list of text":
            return {"content": [piece]}
        case "object":
            return {"content": {"type": "output_text", "text": piece}}
        case "refusal":
            return {"refusal": piece}
        case _:
            return {"content": piece}


def chunk(delta: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "up/model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def _junk(random: Random) -> dict[str, Any] | str:
    return random.choice([
        chunk({}), chunk(None), {**chunk({}), "choices": []}, {**chunk({}), "choices": None},
        {**chunk({}), "error": None}, {"choices": [], "prompt_filter_results": [{"x": 1}]},
        chunk({"tool_calls": None, "content": None}), chunk({"tool_calls": [], "content": ""}),
        chunk({"role": "assistant"}, finish=""), {"unknown": True}, "not JSON", "{", '"text"', "7",
        chunk({"content": None, "annotations": []}), {**chunk({}), "usage": None},
    ])  # fmt: skip


def chat_story(random: Random) -> Story:
    parts, style = parts_of(random), Style(random)
    story = story_of(parts)
    if style.by_name_alone:
        for number, call in enumerate(story.calls):
            call.name += str(number)
    if style.identities in ("none", "late"):
        for call in story.calls:
            call.identity = ""
    values: list[Any] = [chunk(delta) for delta in deltas_of(style, parts)]
    if style.random.random() < 0.3:
        _put_text_between(style, values, story)
    for _ in range(random.randint(0, 3)):
        values.insert(random.randint(0, len(values)), _junk(random))
    finish = _finish(random, story)
    if finish is not None and random.random() < 0.3:
        values.append(chunk({}, finish))  # told twice
    if finish is not None:
        values.append(chunk(random.choice([{}, {"content": ""}, None]), finish))
    behind = _usage(random, story, values)
    # Without the last mark, the finish says that the answer is whole.
    done = finish is None or random.random() < 0.8 or bool(behind)
    if done:
        values.append("[DONE]")
    last = len(values) - 1
    if done:
        values += behind
        values += random.choice([[], [], ["[DONE]"], ["[DONE]", chunk({"content": "late"})]])
    story.raw, ends = frame(random, values, named=False)
    story.end = ends[last] if done else len(story.raw)
    story.whole = _whole(style, parts, story)
    return story


def _put_text_between(style: Style, values: list[Any], story: Story) -> None:
    """Text between two pieces of a call's arguments, wherever text goes on."""
    if story.text:
        return
    story.text = "between"
    values.insert(style.random.randint(0, len(values)), chunk(_said(style, "text", "between")))


def _finish(random: Random, story: Story) -> str | None:
    story.stop = "tool" if story.calls else random.choice(["end", "length"])
    if story.stop == "length":
        return "length"
    if random.random() < 0.2:
        return None
    if story.stop == "tool":
        return random.choice(["tool_calls", "tool_calls", "stop", "function_call"])
    return random.choice(["stop", "stop", "eos", "tool_calls"])


def _usage(random: Random, story: Story, values: list[Any]) -> list[dict[str, Any]]:
    """Puts the usage somewhere; gives back what comes behind the end."""
    prompt, output = random.randint(1, 99), random.randint(1, 99)
    told, cached = _written(random, prompt, output)
    story.usage = (prompt, output, cached)
    match random.choice(["own", "own", "last", "choice", "growing", "none", "zero", "behind"]):
        case "own":
            values.append({**chunk({}), "choices": [], "usage": told})
        case "last":
            values.append(chunk({}, usage=told))
        case "choice":
            item = chunk({})
            item["choices"][0]["usage"] = told
            values.append(item)
        case "growing":
            for item in values:
                if isinstance(item, dict):
                    item["usage"] = {**told, "completion_tokens": 0}
            values.append({**chunk({}), "choices": [], "usage": told})
        case "none":
            story.usage = None
        case "zero":
            story.usage = None
            zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
            values.append({**chunk({}), "choices": [], "usage": zero})
        case "behind":
            return [{**chunk({}), "choices": [], "usage": told}]
    return []


def _written(random: Random, prompt: int, output: int) -> tuple[dict[str, Any], int]:
    told: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
    }
    cached = prompt // 2
    match random.choice(["details", "top", "hit", "null", "none"]):
        case "details":
            told["prompt_tokens_details"] = {"cached_tokens": cached}
        case "top":
            told["cached_tokens"] = cached
        case "hit":
            told["prompt_cache_hit_tokens"] = cached
        case "null":
            told["prompt_tokens_details"], cached = None, 0
        case "none":
            cached = 0
    return told, cached


def _whole(style: Style, parts: list[Part], story: Story) -> bytes:
    """The same answer, not streamed."""
    calls = [
        {
            "type": "function",
            **({"id": call.identity} if style.identities in ("first", "each") else {}),
            "function": {
                "name": call.name,
                "arguments": call.arguments
                if style.arguments == "object"
                else json.dumps(call.arguments),
            },
        }
        for call in story.calls
    ]
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    message |= _said(style, "text", story.text) if story.text else {}
    if story.thinking:
        message["reasoning_content"] = story.thinking
    if calls:
        message["tool_calls"] = calls
    finish = {"tool": style.random.choice(["tool_calls", "stop", None]), "end": "stop"}
    choice = {"index": 0, "message": message, "finish_reason": finish.get(story.stop, story.stop)}
    answer: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
                              "model": "up/model", "choices": [choice], "error": None}  # fmt: skip
    if story.usage is not None:
        prompt, output, cached = story.usage
        answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": output,
                           "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
    return json.dumps(answer).encode()
