"""How hard to think: words of effort and budgets, one for the other."""

import json
from typing import Any

import pytest

from codeplan.protocol.anthropic import request as anthropic
from codeplan.protocol.openai_chat import request as chat
from codeplan.protocol.openai_responses import reasoning
from codeplan.protocol.openai_responses import request as responses

TOOLS = [{"type": "function", "name": "f", "parameters": {"type": "object"}}]
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "yes"}
ASKED = {"role": "user", "content": "x"}


def from_anthropic(dialect: str, **call: Any) -> dict[str, Any]:
    body = {"model": "m", "max_tokens": 10, "messages": [ASKED], **call}
    return dict(json.loads(chat.encode(anthropic.decode(json.dumps(body).encode()), "m", dialect)))


def from_responses(**call: Any) -> dict[str, Any]:
    body = json.dumps({"model": "m", "input": [ASKED], **call}).encode()
    return dict(json.loads(anthropic.encode(responses.decode(body), "m")))


@pytest.mark.parametrize(
    ("budget", "word"), [(1024, "low"), (1025, "medium"), (8192, "medium"), (31999, "high")]
)
def test_a_budget_as_a_word(budget: int, word: str) -> None:
    thinking = {"type": "enabled", "budget_tokens": budget}
    assert from_anthropic("openai", thinking=thinking)["reasoning_effort"] == word
    assert "reasoning_effort" not in from_anthropic("plain", thinking=thinking)


@pytest.mark.parametrize(("said", "word"), [("low", "low"), ("xhigh", "high"), ("max", "high")])
def test_a_word_as_a_word(said: str, word: str) -> None:
    sent = from_anthropic("openai", output_config={"effort": said}, thinking={"type": "adaptive"})
    assert sent["reasoning_effort"] == word


def test_a_word_turns_thinking_on_where_there_is_only_a_switch() -> None:
    assert from_anthropic("glm", output_config={"effort": "low"})["thinking"]["type"] == "enabled"
    switch = from_anthropic("vllm", thinking={"type": "disabled"}, output_config={"effort": "low"})
    assert switch["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_word_as_a_budget() -> None:
    sent = from_responses(reasoning={"effort": "low"}, temperature=0.2, tools=TOOLS)
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert sent["max_tokens"] > 1024
    assert "temperature" not in sent
    assert from_responses(reasoning={"effort": "none"})["thinking"] == {"type": "disabled"}
    assert "thinking" not in from_responses(reasoning={"summary": "auto"})


def test_a_budget_lies_below_the_limit() -> None:
    sent = from_responses(reasoning={"effort": "high"}, max_output_tokens=4000)
    assert (sent["thinking"]["budget_tokens"], sent["max_tokens"]) == (2000, 4000)
    assert "thinking" not in from_responses(reasoning={"effort": "high"}, max_output_tokens=500)


def test_no_thinking_where_a_tool_is_forced() -> None:
    sent = from_responses(reasoning={"effort": "high"}, tools=TOOLS, tool_choice="required")
    assert "thinking" not in sent


@pytest.mark.parametrize(
    ("before", "thinks"),
    [
        ([reasoning.item("rs", "Hm.", "signed"), CALL, RESULT], True),
        ([CALL, RESULT], False),
        ([reasoning.item("rs", "Hm.", ""), CALL, RESULT], False),
        ([CALL, RESULT, {"role": "assistant", "content": "Done."}, ASKED], True),
    ],
)
def test_a_turn_goes_on_thinking_only_from_signed_thinking(
    before: list[dict[str, Any]], thinks: bool
) -> None:
    sent = from_responses(reasoning={"effort": "low"}, tools=TOOLS, input=[ASKED, *before])
    assert ("thinking" in sent) == thinks
