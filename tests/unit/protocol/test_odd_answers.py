"""What public reports say that servers send, and what callers of each protocol must hear of it."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from codeplan.gateway.formats import (
    ANTHROPIC,
    GEMINI,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    CallerFormat,
)
from codeplan.gateway.translation import Plan, StreamCarrier, WholeCarrier
from codeplan.protocol.answering import Answering
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat
from support.streams import reading
from support.streams.odd_chat import chunk

ANSWERING = Answering("req_abc", "glm-4.6", 1)
CALLERS = [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI]
USAGE = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
STOP = chunk({}, "stop")
CALLED = chunk({}, "tool_calls")
TOLD = {**chunk({}), "choices": [], "usage": USAGE}
HELLO = chunk({"content": "hello"})
DONE = "[DONE]"
BASH = ("Bash", {"c": 1})
READ = ("Read", {"f": 2})


def call(
    index: Any = 0, arguments: Any = "", name: str | None = None, identity: str | None = None
) -> dict[str, Any]:
    """A chunk with a piece of a call; ``index`` "absent": it has none."""
    piece: dict[str, Any] = {"function": {"arguments": arguments}}
    piece |= {} if index == "absent" else {"index": index}
    piece |= {} if identity is None else {"id": identity, "type": "function"}
    if name is not None:
        piece["function"]["name"] = name
    return chunk({"tool_calls": [piece]})


def message(*blocks: tuple[dict[str, Any], list[dict[str, Any]]], stop: str = "tool_use",
            start: Any = None, end: Any = None) -> list[dict[str, Any]]:  # fmt: skip
    """An Anthropic stream, up to its last delta. ``start``, ``end``: the usage told there."""
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "model": "up", "content": [],
             "stop_reason": None, "stop_sequence": None,
             "usage": start or {"input_tokens": 11, "output_tokens": 1}}  # fmt: skip
    values: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, (block, deltas) in enumerate(blocks):
        values.append({"type": "content_block_start", "index": index, "content_block": block})
        values += [
            {"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas
        ]
        values.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": stop, "stop_sequence": None}
    values.append({"type": "message_delta", "delta": delta, "usage": end or {"output_tokens": 7}})
    return values


END = {"type": "message_stop"}
SAID = ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "hello"}])
USED = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}
INPUT = [{"type": "input_json_delta", "partial_json": '{"c":1}'}]
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
QUERY = [{"type": "input_json_delta", "partial_json": '{"query":"x"}'}]
LATE = {"input_tokens": 20, "cache_read_input_tokens": 16, "output_tokens": 5}


@dataclass
class Case:
    """What an upstream sends, and what is heard. ``usage``: prompt, output, cached."""

    title: str
    sent: list[Any]
    text: str = ""
    thinking: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    usage: tuple[int, int, int] = (20, 5, 0)
    upstream: UpstreamFormat = TO_OPENAI_CHAT


def from_anthropic(title: str, sent: list[Any], **more: Any) -> Case:
    return Case(title, sent, upstream=TO_ANTHROPIC, **{"usage": (11, 7, 0), **more})


BEGUN = call(0, '{"c":', "Bash", "a")
STREAMS = [
    from_anthropic("[DONE] behind message_stop (Poe)",
                   [*message(SAID, stop="end_turn"), END, DONE], text="hello"),
    from_anthropic("no message_stop (DeepSeek-Reasonix 8756)",
                   message(SAID, stop="end_turn"), text="hello"),
    from_anthropic("a server tool beside a call (CLIProxyAPI 4727)",
                   [*message((SEARCH, QUERY), SAID, (USED, INPUT)), END], text="hello",
                   calls=(BASH,)),
    from_anthropic("input whole at the start (antseed 15)",
                   [*message(({**USED, "input": {"c": 1}}, [])), END], calls=(BASH,)),
    from_anthropic("no input (litellm 5063, haystack-core-integrations 1947)",
                   [*message((USED, [])), END], calls=(("Bash", {}),)),
    from_anthropic("prompt tokens told late (vercel/ai 17326)",
                   [*message(SAID, stop="end_turn", start={"input_tokens": 0}, end=LATE), END],
                   text="hello", usage=(36, 5, 16)),
    from_anthropic("input as an object", [*message(
        (USED, [{"type": "input_json_delta", "partial_json": {"c": 1}}])), END], calls=(BASH,)),
    Case("legacy function_call", [
        chunk({"function_call": {"name": "Bash", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"c":1}'}}),
        chunk({}, "function_call"), TOLD, DONE], calls=(BASH,)),
    Case("name behind its id (vmlx 244, vercel/ai 16507)", [
        call(0, "", "", "a"), call(0, "", "Bash"), call(0, '{"c":1}'), CALLED, TOLD, DONE],
         calls=(BASH,)),
    Case("name in pieces", [
        call(0, "", "Ba", "a"), call(0, "", "sh"), call(0, '{"c":1}'), CALLED, TOLD, DONE],
         calls=(BASH,)),
    Case("index null (UncommonRoute 18)", [
        call(None, '{"c":', "Bash", "a"), call(None, "1}"), CALLED, TOLD, DONE], calls=(BASH,)),
    Case("no index, no ids", [
        call("absent", '{"c":1}', "Bash"), call("absent", '{"f":2}', "Read"), CALLED, TOLD, DONE],
         calls=(BASH, READ)),
    Case("arguments as an object (zcode-api 23)", [
        call(0, {"c": 1}, "Bash", "a"), CALLED, TOLD, DONE], calls=(BASH,)),
    Case("{} ahead of the arguments", [
        call(0, "{}", "Bash", "a"), call(0, '{"c":1}'), CALLED, TOLD, DONE], calls=(BASH,)),
    Case("arguments once more at the end", [
        BEGUN, call(0, "1}"), call(0, '{"c":1}', identity="a"), CALLED, TOLD, DONE],
         calls=(BASH,)),
    Case("one id for two calls (openclaw 47136)", [
        call(0, '{"c":1}', "Bash", "a"), call(1, '{"f":2}', "Read", "a"), CALLED, TOLD, DONE],
         calls=(BASH, READ)),
    Case("text between two pieces of a call's arguments", [
        BEGUN, HELLO, call(0, "1}"), CALLED, TOLD, DONE], text="hello", calls=(BASH,)),
    Case("an index for two calls, then the next one", [
        call(0, '{"c":1}', "Bash", "a"), call(0, '{"f":2}', "Read", "b"),
        call(1, '{"g":3}', "Glob", "c"), CALLED, TOLD, DONE],
         calls=(BASH, READ, ("Glob", {"g": 3}))),
    Case("index missing, one call behind the other", [
        call("absent", '{"c":1}', "Bash", "a"), call("absent", "", "Read", "b"),
        call("absent", '{"f":2}'), CALLED, TOLD, DONE], calls=(BASH, READ)),
    Case("empty ids and names in later pieces", [
        BEGUN, call(0, "1}", "", ""), CALLED, TOLD, DONE], calls=(BASH,)),
    Case("parallel calls, mixed", [
        BEGUN, call(1, '{"f"', "Read", "b"), call(0, "1}"), call(1, ":2}"), CALLED, TOLD, DONE],
         calls=(BASH, READ)),
    Case("content as a list of parts", [
        chunk({"content": [{"type": "text", "text": "hello"}]}), STOP, TOLD, DONE], text="hello"),
    Case("a refusal (litellm 39723)", [
        chunk({"refusal": "I cannot help with that."}), STOP, TOLD, DONE],
         text="I cannot help with that."),
    Case("spoken", [
        chunk({"audio": {"id": "a", "transcript": "hello"}}), STOP, TOLD, DONE], text="hello"),
    Case("usage in the choice", [
        HELLO, {**STOP, "choices": [{**STOP["choices"][0], "usage": USAGE}]}, DONE], text="hello"),
    Case("cached tokens at the top (vercel/ai 12352)", [
        HELLO, STOP, {**TOLD, "usage": {**USAGE, "cached_tokens": 16}}, DONE],
         text="hello", usage=(20, 5, 16)),
    Case("thinking counted beside the answer (xAI)", [
        HELLO, STOP, {**TOLD, "usage": {
            "prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 25,
            "completion_tokens_details": {"reasoning_tokens": 3}}}, DONE], text="hello"),
    Case("cached tokens by DeepSeek's name", [
        HELLO, STOP, {**TOLD, "usage": {**USAGE, "prompt_cache_hit_tokens": 16}}, DONE],
         text="hello", usage=(20, 5, 16)),
    Case("[DONE] twice", [HELLO, STOP, TOLD, DONE, DONE], text="hello"),
    Case("usage behind [DONE]", [HELLO, STOP, DONE, TOLD], text="hello"),
    Case("calls and no reason (Ollama, LM Studio)", [
        BEGUN, call(0, "1}"), TOLD, DONE], calls=(BASH,)),
    Case("reasoning_details alone (OpenRouter, MiniMax)", [
        chunk({"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}), HELLO, STOP, TOLD,
        DONE], text="hello", thinking="hm"),
    Case("nulls everywhere (open-webui 25882)", [
        chunk(None), {**chunk({}), "choices": None}, {**HELLO, "error": None},
        chunk({"content": None, "tool_calls": None, "reasoning_content": None}), STOP, TOLD, DONE],
         text="hello"),
    Case("thinking and text by turns (litellm 32357)", [
        chunk({"reasoning_content": "a"}), chunk({"content": "b"}),
        chunk({"reasoning_content": "c"}), chunk({"content": "d"}), STOP, TOLD, DONE],
         text="bd", thinking="ac"),
    Case("half a pair of surrogates in each piece", [
        chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}), STOP, TOLD, DONE], text="😀"),
    Case("half a pair, and no more", [
        chunk({"content": "a\ud83d"}), STOP, TOLD, DONE], text="a\ufffd"),
    Case("no blank lines between", [f"{json.dumps(HELLO)}\ndata: {json.dumps(STOP)}\n"
         f"data: {json.dumps(TOLD)}\ndata: [DONE]"], text="hello"),
    Case("the field's name twice", [
        f"data: {json.dumps(HELLO)}", STOP, TOLD, DONE], text="hello"),
    Case("another answer beside", [
        HELLO, {**HELLO, "choices": [{**HELLO["choices"][0], "index": 1}]}, STOP, TOLD, DONE],
         text="hello"),
    Case("no JSON between", [HELLO, "not JSON", "{", STOP, TOLD, DONE], text="hello"),
]  # fmt: skip


def stream(case: Case) -> bytes:
    written = (item if isinstance(item, str) else json.dumps(item) for item in case.sent)
    return "".join(f"data: {data}\n\n" for data in written).encode()


def carried(
    caller: CallerFormat, upstream: UpstreamFormat, raw: bytes, passes: bool = False
) -> tuple[bytes, StreamCarrier]:
    carrier = StreamCarrier(Plan(caller, upstream, b"{}", passes), ANSWERING)
    out = carrier.feed(raw)
    if not carrier.progress.ended:
        out += carrier.end()
    return out + carrier.tail, carrier


def check(case: Case, heard: reading.Heard) -> None:
    assert (heard.text, heard.thinking, heard.usage) == (case.text, case.thinking, case.usage)
    assert [(name, json.loads(arguments)) for _, name, arguments in heard.calls] == list(case.calls)
    identities = [identity for identity, _, _ in heard.calls]
    assert all(identities)
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.title)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_what_a_caller_hears_of_an_odd_stream(caller: CallerFormat, case: Case) -> None:
    out, carrier = carried(caller, case.upstream, stream(case))
    check(case, reading.stream(caller.name, out))
    assert carrier.progress.content
    assert not carrier.progress.estimated


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.title)
def test_bytes_pass_whatever_is_made_of_them(case: Case) -> None:
    caller = OPENAI_CHAT if case.upstream is TO_OPENAI_CHAT else ANTHROPIC
    raw = stream(case)
    out, carrier = carried(caller, case.upstream, raw, passes=True)
    assert raw.startswith(out)
    assert raw[len(out) :].strip() in (b"", b"data: [DONE]", f"data: {json.dumps(TOLD)}".encode())
    assert carrier.progress.ended
    assert carrier.progress.content
    usage = carrier.progress.complete_usage()
    assert (usage.prompt, usage.output, usage.cached) == case.usage


def choice(message: dict[str, Any], finish: str | None = "stop") -> dict[str, Any]:
    said = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "choices": [said], "usage": USAGE}


def answered(*blocks: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    return {"id": "m", "type": "message", "role": "assistant", "model": "up", "stop_reason": stop,
            "content": list(blocks), "usage": {"input_tokens": 11, "output_tokens": 7}}  # fmt: skip


FUNCTION = {"name": "Bash", "arguments": '{"c":1}'}
WHOLE = [
    Case("a legacy function_call", [choice({"content": None, "function_call": FUNCTION})],
         calls=(BASH,)),
    Case("no ids (langchain 40608)", [choice({"tool_calls": [
        {"type": "function", "function": FUNCTION}, {"type": "function", "function": FUNCTION}]})],
         calls=(BASH, BASH)),
    Case("arguments as an object", [choice({"tool_calls": [
        {"id": "a", "function": {"name": "Bash", "arguments": {"c": 1}}}]})], calls=(BASH,)),
    Case("thinking without a signature (GoModel 964, sglang 39752)",
         [choice({"content": "hello", "reasoning_content": "hm"})], text="hello", thinking="hm"),
    Case("content as a list", [choice({"content": [{"type": "text", "text": "hello"}]})],
         text="hello"),
    Case("error null", [{**choice({"content": "hello"}), "error": None}], text="hello"),
    Case("no reason", [choice({"content": "hello"}, None)], text="hello"),
    from_anthropic("error null", [{**answered({"type": "text", "text": "hello"}), "error": None}],
                   text="hello"),
    from_anthropic("content as text", [{**answered(), "content": "hello"}], text="hello"),
    from_anthropic("a call that ends the turn", [answered(
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"c": 1}})], calls=(BASH,)),
]  # fmt: skip


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.title)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_what_a_caller_hears_of_an_odd_whole_answer(caller: CallerFormat, case: Case) -> None:
    """Asked for whole or as a stream: some servers send the whole all the same."""
    body = json.dumps(case.sent[0]).encode()
    carrier = WholeCarrier(Plan(caller, case.upstream, b"{}", passes=False), ANSWERING)
    heard = reading.whole(caller.name, carrier.carry(body))
    check(case, heard)
    streamed, _ = carried(caller, case.upstream, body)
    check(case, reading.stream(caller.name, streamed))
    assert heard.model == "glm-4.6"


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case.title)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_a_stream_where_a_whole_answer_was_asked_for(caller: CallerFormat, case: Case) -> None:
    carrier = WholeCarrier(Plan(caller, case.upstream, b"{}", passes=False), ANSWERING)
    check(case, reading.whole(caller.name, carrier.carry(stream(case))))


def test_ids_are_new_in_the_conversation() -> None:
    sent = [call(0, '{"c":1}', "Bash", "call_0"), CALLED, TOLD, DONE]
    plan = Plan(ANTHROPIC, TO_OPENAI_CHAT, b"{}", False, call_ids=frozenset({"call_0"}))
    carrier = StreamCarrier(plan, ANSWERING)
    out = carrier.feed(stream(Case("", sent))) + carrier.tail
    assert [identity for identity, _, _ in reading.stream("anthropic", out).calls] == ["call_abc_1"]


@pytest.mark.parametrize("delta", [
    {"audio": {"data": "UklGR…"}}, {"images": [{"type": "image_url"}]}, {"of_next_year": "x"},
    {"function_call": {"name": "f", "arguments": ""}},
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]},
])  # fmt: skip
def test_what_passes_is_content_as_soon_as_it_comes(delta: dict[str, Any]) -> None:
    raw = stream(Case("", [chunk(delta)]))
    carrier = StreamCarrier(Plan(OPENAI_CHAT, TO_OPENAI_CHAT, b"{}", True), ANSWERING)
    assert carrier.feed(raw) == raw
    assert carrier.progress.content


@pytest.mark.parametrize("delta", [
    {}, {"role": "assistant", "content": ""}, {"content": None, "refusal": None},
    {"content": [{"type": "text", "text": ""}]}, {"tool_calls": []}, {"annotations": [{"x": 1}]},
])  # fmt: skip
def test_what_nobody_gets_is_no_content(delta: dict[str, Any]) -> None:
    carrier = StreamCarrier(Plan(OPENAI_CHAT, TO_OPENAI_CHAT, b"{}", True), ANSWERING)
    carrier.feed(stream(Case("", [chunk(delta), STOP, DONE])))
    assert carrier.progress.ended
    assert not carrier.progress.content


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
@pytest.mark.parametrize("upstream", [TO_OPENAI_CHAT, TO_ANTHROPIC], ids=lambda one: one.name)
def test_an_error_in_mid_stream_ends_it(caller: CallerFormat, upstream: UpstreamFormat) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "no room"}}
    sent = [HELLO, error, HELLO] if upstream is TO_OPENAI_CHAT else [message(SAID)[0], error, END]
    passes = caller.name == upstream.name
    out, carrier = carried(caller, upstream, stream(Case("", sent)), passes)
    assert carrier.progress.failure is not None
    assert b"no room" in out
    assert out.rstrip().splitlines()[-1].count(b"no room") == 1
    assert not carrier.progress.ended


@pytest.mark.parametrize("caller", [OPENAI_CHAT, OPENAI_RESPONSES], ids=lambda one: one.name)
def test_a_call_begins_as_soon_as_its_block_does(caller: CallerFormat) -> None:
    sent = message((USED, INPUT))[:2]
    carrier = StreamCarrier(Plan(caller, TO_ANTHROPIC, b"{}", passes=False), ANSWERING)
    assert b'"name":"Bash"' in carrier.feed(stream(Case("", sent)))
    assert carrier.progress.content
