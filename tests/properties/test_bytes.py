"""What passes, passes byte for byte; what is garbage, ends in an error of the protocol."""

import contextlib
import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.gateway.formats import (
    ANTHROPIC,
    GEMINI,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    CallerFormat,
)
from codeplan.gateway.translation import Plan, StreamCarrier, WholeCarrier
from codeplan.protocol.answering import Answering
from codeplan.protocol.outline import Malformed, Target
from codeplan.protocol.splice import replace_model
from codeplan.protocol.sse import EventSplitter
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat
from support.replies import Said, anthropic_pieces, openai_pieces

CALLERS = st.sampled_from([ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI])
UPSTREAMS = st.sampled_from([TO_ANTHROPIC, TO_OPENAI_CHAT])
SAME = st.sampled_from([(ANTHROPIC, TO_ANTHROPIC), (OPENAI_CHAT, TO_OPENAI_CHAT)])
ANSWERING = Answering("req", "m", 1)
KEYS = st.sampled_from(["model", "messages", "x", 'mod"el', "\\model", "模型"]) | st.text(
    max_size=5
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
SPACES = st.sampled_from(["", " ", "\n", "\t  "])


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """A JSON object with white space at random, written with or without escapes."""
    fields = draw(st.dictionaries(KEYS, VALUES, max_size=5))
    fields["model"] = draw(st.text(max_size=9))
    ascii_only = draw(st.booleans())
    items = list(fields.items())
    pieces = []
    for key, value in draw(st.permutations(items)):
        written = json.dumps(
            value, ensure_ascii=ascii_only, indent=draw(st.sampled_from([None, 1]))
        )
        space = [draw(SPACES) for _ in range(4)]
        pieces.append(
            f"{space[0]}{json.dumps(key, ensure_ascii=ascii_only)}{space[1]}:"
            f"{space[2]}{written}{space[3]}"
        )
    return (draw(SPACES) + "{" + ",".join(pieces) + "}" + draw(SPACES)).encode()


@settings(max_examples=1000, deadline=None)
@given(objects())
def test_only_the_model_changes(body: bytes) -> None:
    changed = replace_model(body, b'"N"')
    before, after = json.loads(body), json.loads(changed)
    assert after == {**before, "model": "N"}
    # Undone, it is the same to the byte.
    written = json.dumps(before["model"], ensure_ascii=False).encode()
    escaped = json.dumps(before["model"]).encode()
    undone = {replace_model(changed, written), replace_model(changed, escaped)}
    assert body in undone


def carried(plan: Plan, raw: bytes, cuts: list[int]) -> tuple[bytes, StreamCarrier]:
    carrier = StreamCarrier(plan, ANSWERING)
    bounds = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    out = [carrier.feed(raw[a:b]) for a, b in pairwise(bounds)]
    return b"".join([*out, carrier.end(), carrier.tail]), carrier


@settings(max_examples=1000, deadline=None)
@given(SAME, st.text(max_size=40), st.lists(st.integers(0, 10_000), max_size=30))
def test_a_stream_passes_byte_for_byte_however_it_is_broken(
    formats: tuple[CallerFormat, UpstreamFormat], text: str, cuts: list[int]
) -> None:
    said = Said(text=text, thinking=text, calls=(("c", "f", {"x": text}),))
    make = anthropic_pieces if formats[0] is ANTHROPIC else openai_pieces
    raw = b"".join(piece for piece in make(said) if isinstance(piece, bytes))
    out, carrier = carried(Plan(*formats, b"", passes=True), raw, cuts)
    assert out == raw
    assert carrier.progress.ended
    assert carrier.progress.usage is not None
    assert carrier.progress.usage.total == 32


# Values of any kind where the protocols have theirs.
_PLACES = (
    "choices delta message content tool_calls function arguments name index id type usage error"
    " prompt_tokens prompt_tokens_details cached_tokens finish_reason content_block input text"
    " stop_reason input_tokens code reasoning_content thinking partial_json"
)
_TYPES = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "message_delta", "error",
     "text", "tool_use", "thinking", "text_delta", "input_json_delta"]
)  # fmt: skip
# Half a character, as a server writes it that cuts its texts anywhere.
_HALVES = st.sampled_from(["\ud83d", "\ude00", "a\ud83d"])
ALMOST: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | _TYPES | _HALVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(_PLACES.split()), inner | _TYPES, max_size=6)
    ),
    max_leaves=20,
)


@settings(max_examples=3000, deadline=None)
@given(CALLERS, UPSTREAMS, st.binary(max_size=200) | ALMOST.map(lambda v: json.dumps(v).encode()))
def test_garbage_from_an_upstream_raises_nothing(
    caller: CallerFormat, upstream: UpstreamFormat, body: bytes
) -> None:
    raw = b"data: " + body + b"\n\n"
    reader = upstream.reader()
    for event in EventSplitter().feed(raw):
        reader.read(event)
    reader.end()
    upstream.decode_answer(body)
    for passes in {caller.name == upstream.name, False}:
        plan = Plan(caller, upstream, b"", passes=passes)
        carrier = StreamCarrier(plan, ANSWERING)
        carrier.feed(raw)
        carrier.end()
        WholeCarrier(plan, ANSWERING).carry(body)


@settings(max_examples=500, deadline=None)
@given(CALLERS, st.binary(max_size=200) | VALUES.map(lambda v: json.dumps(v).encode()))
def test_garbage_from_a_caller_is_malformed(format_: CallerFormat, body: bytes) -> None:
    with contextlib.suppress(Malformed):
        format_.outline(body, Target())
    with contextlib.suppress(Malformed):
        format_.decode_request(body)


ROLES = st.sampled_from(["user", "assistant", "system", "tool"])
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": ROLES},
        optional={"content": VALUES, "tool_calls": VALUES, "tool_call_id": VALUES},
    ),
    max_size=3,
)


@settings(max_examples=500, deadline=None)
@given(CALLERS, UPSTREAMS, MESSAGES, VALUES, VALUES)
def test_calls_of_almost_the_right_shape_are_carried_or_malformed(
    caller: CallerFormat, upstream: UpstreamFormat, messages: list[Any], tools: Any, choice: Any
) -> None:
    call = {"model": "m", "messages": messages, "tools": tools, "tool_choice": choice}
    if caller is OPENAI_RESPONSES:
        call["input"] = call.pop("messages")
    try:
        request = caller.decode_request(json.dumps(call).encode())
    except Malformed:
        return
    json.loads(upstream.encode_request(request, "up"))


PARTS = st.dictionaries(
    st.sampled_from(
        ["text", "thought", "thoughtSignature", "functionCall", "function_call",
         "functionResponse", "inlineData", "fileData", "executableCode"]
    ),
    VALUES | st.fixed_dictionaries({"name": st.sampled_from("ab")}, optional={"args": VALUES}),
    max_size=2,
)  # fmt: skip
CONTENTS = st.lists(
    st.fixed_dictionaries(
        {"parts": st.lists(PARTS, max_size=3)},
        optional={"role": st.sampled_from(["user", "model"])},
    ),
    max_size=4,
)


@settings(max_examples=1000, deadline=None)
@given(UPSTREAMS, CONTENTS, VALUES, VALUES, VALUES)
def test_gemini_calls_of_almost_the_right_shape_are_carried_or_malformed(
    upstream: UpstreamFormat, contents: list[Any], tools: Any, choice: Any, config: Any
) -> None:
    call = {"contents": contents, "tools": [{"functionDeclarations": tools}]}
    call |= {"toolConfig": {"functionCallingConfig": choice}, "generationConfig": config}
    body = json.dumps(call).encode()
    try:
        request = GEMINI.decode_request(body)
        json.loads(upstream.encode_request(request, "up"))
    except Malformed:
        return
