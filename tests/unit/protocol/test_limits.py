"""A call's own limit made smaller, where it passes byte for byte."""

import json
from typing import Any

import pytest

from codeplan.protocol.anthropic import limits as anthropic
from codeplan.protocol.openai_chat import limits as chat

MOST = 4096


@pytest.mark.parametrize(
    ("call", "dialect", "limits"),
    [
        ({}, "plain", {"max_tokens": MOST}),
        ({}, "openai", {"max_completion_tokens": MOST}),
        ({"max_tokens": 64_000}, "openai", {"max_tokens": MOST}),
        ({"max_completion_tokens": "64000"}, "plain", {"max_completion_tokens": MOST}),
        (
            {"max_completion_tokens": 64_000, "max_tokens": None},
            "plain",
            {"max_completion_tokens": MOST, "max_tokens": MOST},
        ),
    ],
)
def test_a_chat_call(call: dict[str, Any], dialect: str, limits: dict[str, int]) -> None:
    body = json.dumps({"model": "m", **call, "messages": []}).encode()
    changed = json.loads(chat.shorten(body, MOST, dialect))
    assert changed == {"model": "m", **limits, "messages": []}


@pytest.mark.parametrize(
    ("thinking", "after"),
    [
        (None, None),
        ({"type": "disabled"}, {"type": "disabled"}),
        ({"type": "adaptive"}, {"type": "adaptive"}),
        ({"type": "enabled", "budget_tokens": 2000}, {"type": "enabled", "budget_tokens": 2000}),
        ({"type": "enabled", "budget_tokens": 9000}, {"type": "enabled", "budget_tokens": 2048}),
        ("odd", "odd"),
    ],
)
def test_an_anthropic_call_thinks_within_it(thinking: Any, after: Any) -> None:
    body = json.dumps({"max_tokens": 64_000, "thinking": thinking, "messages": []}).encode()
    changed = json.loads(anthropic.shorten(body, MOST, ""))
    assert changed == {"max_tokens": MOST, "thinking": after, "messages": []}


def test_an_anthropic_call_has_no_room_to_think() -> None:
    body = b'{"max_tokens": 64000, "thinking": {"type": "enabled", "budget_tokens": 5000}}'
    changed = json.loads(anthropic.shorten(body, 1500, ""))
    assert changed == {"max_tokens": 1500, "thinking": {"type": "disabled"}}
