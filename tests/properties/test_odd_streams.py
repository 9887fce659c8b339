"""Answers as odd as servers make them reach every caller whole, in its protocol's order, and none
that was delivered counts zero tokens.

``ODD_STREAMS`` says how many are tried; the suite tries some.
"""

import json
import os
from random import Random

import pytest
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
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat
from support.streams import reading
from support.streams.odd import Story, cut
from support.streams.odd_anthropic import anthropic_story
from support.streams.odd_chat import chat_story

ODD_STREAMS = int(os.environ.get("ODD_STREAMS", "150"))
CALLERS = [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI]
UPSTREAMS = [(TO_OPENAI_CHAT, chat_story), (TO_ANTHROPIC, anthropic_story)]
ANSWERING = Answering("req_abc", "glm-4.6", 1)
BODY = b'{"messages": "of some length"}'
STOPS = {
    "anthropic": {"tool": "tool_use", "end": "end_turn", "length": "max_tokens",
                  "stop": "stop_sequence"},
    "openai_chat": {"tool": "tool_calls", "end": "stop", "length": "length", "stop": "stop"},
    "openai_responses": {"tool": "completed", "end": "completed", "length": "incomplete",
                         "stop": "completed"},
    "gemini": {"tool": "STOP", "end": "STOP", "length": "MAX_TOKENS", "stop": "STOP"},
}  # fmt: skip
SEEDS = st.integers(0, 2**64)


def relayed(plan: Plan, pieces: list[bytes]) -> tuple[bytes, StreamCarrier]:
    """What a caller gets, as the relay goes on: nothing is read behind the answer's end."""
    carrier = StreamCarrier(plan, ANSWERING)
    out = []
    for piece in pieces:
        out.append(carrier.feed(piece))
        if carrier.progress.ended or carrier.progress.failure:
            break
    else:
        out.append(carrier.end())
    assert carrier.progress.failure is None
    assert carrier.progress.ended
    return b"".join([*out, carrier.tail]), carrier


def check(story: Story, heard: reading.Heard, protocol: str, usage_is_due: bool = True) -> None:
    assert heard.text == story.text
    assert heard.thinking == story.thinking
    assert [(name, json.loads(arguments)) for _, name, arguments in heard.calls] == [
        (call.name, call.arguments) for call in story.calls
    ]
    identities = [identity for identity, _, _ in heard.calls]
    assert all(identities)
    assert len(set(identities)) == len(identities)
    for identity, call in zip(identities, story.calls, strict=True):
        assert not call.identity or identity == call.identity
    assert heard.stop == STOPS[protocol][story.stop]
    assert heard.model == "glm-4.6"
    if usage_is_due and story.usage is not None:
        assert heard.usage == story.usage
    assert min(heard.usage[:2]) > 0


def check_progress(story: Story, progress: inner.Progress, usage_is_due: bool) -> None:
    assert progress.content
    usage = progress.complete_usage()
    if usage_is_due and story.usage is not None:
        assert (usage.prompt, usage.output, usage.cached) == story.usage
        assert not progress.estimated
    if story.usage is None:
        assert progress.estimated
    assert usage.prompt > 0
    assert usage.output > 0


def story_for(caller: CallerFormat, target: UpstreamFormat, random: Random) -> tuple[Story, Plan]:
    """A story in the upstream's protocol, and how it is carried to that caller."""
    make = chat_story if target is TO_OPENAI_CHAT else anthropic_story
    return make(random), Plan(caller, target, BODY, passes=caller.name == target.name)


@pytest.mark.parametrize("upstream", UPSTREAMS, ids=lambda item: item[0].name)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda item: item.name)
@settings(max_examples=ODD_STREAMS, deadline=None)
@given(seed=SEEDS)
def test_an_odd_stream_reaches_every_caller_whole(
    caller: CallerFormat, upstream: tuple[UpstreamFormat, object], seed: int
) -> None:
    random = Random(seed)
    story, plan = story_for(caller, upstream[0], random)
    out, carrier = relayed(plan, cut(random, story.raw))
    # Usage behind the end is read where it came with the end.
    due = len(story.raw) == story.end
    if plan.passes:
        assert out.rstrip(b"\r\n") == story.raw[: story.end].rstrip(b"\r\n")
    else:
        check(story, reading.stream(caller.name, out), caller.name, due)
    check_progress(story, carrier.progress, due)


@pytest.mark.parametrize("upstream", UPSTREAMS, ids=lambda item: item[0].name)
@pytest.mark.parametrize("caller", CALLERS, ids=lambda item: item.name)
@settings(max_examples=ODD_STREAMS // 3, deadline=None)
@given(seed=SEEDS)
def test_a_whole_answer_is_a_stream_of_one(
    caller: CallerFormat, upstream: tuple[UpstreamFormat, object], seed: int
) -> None:
    """Asked for whole or as a stream, and sent as either."""
    random = Random(seed)
    story, plan = story_for(caller, upstream[0], random)
    out, streamed = relayed(plan, cut(random, story.whole))
    check(story, reading.stream(caller.name, out), caller.name)
    check_progress(story, streamed.progress, True)
    for body, due in ((story.whole, True), (story.raw, False)):
        carrier = WholeCarrier(plan, ANSWERING)
        out = carrier.carry(body)
        assert carrier.progress.failure is None
        if plan.passes and body is story.whole:
            assert out == body
        else:
            check(story, reading.whole(caller.name, out), caller.name, due)
        check_progress(story, carrier.progress, due)
