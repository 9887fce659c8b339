"""The two official SDKs against both kinds of upstream, streamed and not.

They are bare programs, so the plan here admits any client.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai
import pytest

from support.every_request import refusals_of
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()
TWO_CALLS = (
    ("call_a", "weather", {"city": "Köln", "days": 3}),
    ("call_b", "clock", {"zone": "Asia/Shanghai"}),
)


@dataclass
class Stage:
    """A service and its upstream; ``says`` is what the model says next."""

    service: Service
    upstream: ScriptedUpstream
    says: Said = field(default_factory=Said)
    fails: Reply | None = None

    def anthropic(self) -> anthropic.Anthropic:
        return anthropic.Anthropic(
            base_url=f"{self.service.url}/api/anthropic", api_key=self.service.key, max_retries=0
        )

    def openai(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{self.service.url}/api/coding/paas/v4",
            api_key=self.service.key,
            max_retries=0,
        )


@pytest.fixture(scope="module", params=["openai", "anthropic"])
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    holder: list[Stage] = []

    def script(asked: Asked) -> Reply:
        return holder[0].fails or answer(asked, holder[0].says)

    with (
        ScriptedUpstream(script) as upstream,
        Service(
            tmp_path_factory.mktemp("sdks"),
            catalogue(upstream.base_url, request.param, limit=10_000, clients="any"),
        ) as service,
    ):
        holder.append(Stage(service, upstream))
        yield holder[0]


@pytest.fixture(autouse=True)
def _fresh(stage: Stage) -> Iterator[None]:
    """Whatever reaches the upstream in a test, one of its protocol would accept."""
    stage.says, stage.fails = Said(), None
    stage.upstream.calls.clear()
    yield
    assert [refusals_of(asked) for asked in stage.upstream.calls] == [[]] * len(
        stage.upstream.calls
    )


def ask_anthropic(stage: Stage, streamed: bool, **more: Any) -> anthropic.types.Message:
    arguments: dict[str, Any] = {
        "model": "glm-4.6",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "Hello there"}],
        **more,
    }
    client = stage.anthropic()
    if not streamed:
        return client.messages.create(**arguments)
    with client.messages.stream(**arguments) as stream:
        return stream.get_final_message()


@dataclass
class Completion:
    """An OpenAI answer, put together from its pieces where it was streamed."""

    text: str
    thinking: str
    calls: list[tuple[str, str, str]]
    finish: str
    usage: Any


def ask_openai(stage: Stage, streamed: bool, **more: Any) -> Completion:
    arguments: dict[str, Any] = {
        "model": "GLM-4.6",
        "messages": [{"role": "user", "content": "Hello there"}],
        **more,
    }
    client = stage.openai()
    if not streamed:
        whole = client.chat.completions.create(**arguments)
        message = whole.choices[0].message
        calls = [(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or []]
        thinking = getattr(message, "reasoning_content", None) or ""
        finish = whole.choices[0].finish_reason
        return Completion(message.content or "", thinking, calls, finish, whole.usage)
    found = Completion("", "", [], "", None)
    pieces = client.chat.completions.create(
        **arguments, stream=True, stream_options={"include_usage": True}
    )
    for piece in pieces:
        found.usage = piece.usage or found.usage
        for choice in piece.choices:
            found.text += choice.delta.content or ""
            found.thinking += getattr(choice.delta, "reasoning_content", None) or ""
            found.finish = choice.finish_reason or found.finish
            for call in choice.delta.tool_calls or []:
                if call.id:
                    found.calls.append((call.id, call.function.name, ""))
                identity, name, so_far = found.calls[call.index]
                found.calls[call.index] = (identity, name, so_far + (call.function.arguments or ""))
    return found


both_ways = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@both_ways
def test_anthropic_text(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="Guten Tag, 你好 🙂", input=20, cached=5, output=7)
    message = ask_anthropic(stage, streamed)
    assert [block.text for block in message.content] == ["Guten Tag, 你好 🙂"]
    assert message.stop_reason == "end_turn"
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (20, 5, 7)


@both_ways
def test_openai_text(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="Guten Tag, 你好 🙂", input=20, cached=5, output=7)
    found = ask_openai(stage, streamed)
    assert (found.text, found.finish) == ("Guten Tag, 你好 🙂", "stop")
    if stage.upstream.calls[0].path.endswith("/messages"):
        # Anthropic counts cached tokens beside the input, OpenAI inside it.
        assert found.usage.prompt_tokens == 25
    assert found.usage.prompt_tokens_details.cached_tokens == 5
    assert found.usage.completion_tokens == 7


@both_ways
def test_anthropic_two_parallel_tool_calls_and_their_results(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="Two things.", calls=TWO_CALLS)
    tools = [
        {"name": name, "description": "d", "input_schema": {"type": "object", "properties": {}}}
        for name in ("weather", "clock")
    ]
    message = ask_anthropic(stage, streamed, tools=tools)
    used = [block for block in message.content if block.type == "tool_use"]
    assert [(block.id, block.name, block.input) for block in used] == list(TWO_CALLS)
    assert message.stop_reason == "tool_use"
    stage.says = Said(text="Done.")
    results = [
        {"type": "tool_result", "tool_use_id": "call_a", "content": "rain"},
        {
            "type": "tool_result",
            "tool_use_id": "call_b",
            "content": [{"type": "text", "text": "noon"}],
            "is_error": True,
        },
    ]
    history = [
        {"role": "user", "content": "Hello there"},
        {"role": "assistant", "content": [block.model_dump() for block in message.content]},
        {"role": "user", "content": results},
    ]
    ask_anthropic(stage, streamed, tools=tools, messages=history)
    sent = stage.upstream.calls[-1].body["messages"]
    if stage.upstream.calls[-1].path.endswith("/messages"):
        assert sent == history
    else:
        assert [call["function"]["name"] for call in sent[1]["tool_calls"]] == ["weather", "clock"]
        assert sent[2:] == [
            {"role": "tool", "tool_call_id": "call_a", "content": "rain"},
            {"role": "tool", "tool_call_id": "call_b", "content": "Error: noon"},
        ]


@both_ways
def test_openai_two_parallel_tool_calls_and_their_results(stage: Stage, streamed: bool) -> None:
    stage.says = Said(calls=TWO_CALLS)
    tools = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
        for name in ("weather", "clock")
    ]
    found = ask_openai(stage, streamed, tools=tools)
    assert [(c[0], c[1], json.loads(c[2])) for c in found.calls] == list(TWO_CALLS)
    assert found.finish == "tool_calls"
    stage.says = Said(text="Done.")
    history = [
        {"role": "user", "content": "Hello there"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": c[0], "type": "function", "function": {"name": c[1], "arguments": c[2]}}
                for c in found.calls
            ],
        },
        {"role": "tool", "tool_call_id": "call_a", "content": "rain"},
        {"role": "tool", "tool_call_id": "call_b", "content": "noon"},
    ]
    ask_openai(stage, streamed, tools=tools, messages=history)
    sent = stage.upstream.calls[-1].body["messages"]
    if stage.upstream.calls[-1].path.endswith("/messages"):
        assert [block["type"] for block in sent[1]["content"]] == ["tool_use", "tool_use"]
        assert sent[1]["content"][0]["input"] == TWO_CALLS[0][2]
        results = [(block["type"], block["tool_use_id"]) for block in sent[2]["content"]]
        assert results == [("tool_result", "call_a"), ("tool_result", "call_b")]
    else:
        assert sent == history


@both_ways
def test_anthropic_images(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="A picture.")
    content = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "text", "text": "What is it?"},
    ]
    ask_anthropic(stage, streamed, messages=[{"role": "user", "content": content}])
    sent = stage.upstream.calls[0].body["messages"][0]["content"]
    if stage.upstream.calls[0].path.endswith("/messages"):
        assert sent == content
    else:
        assert sent == [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            {"type": "text", "text": "What is it?"},
        ]


@both_ways
def test_openai_images(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="A picture.")
    content = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
    ask_openai(stage, streamed, messages=[{"role": "user", "content": content}])
    sent = stage.upstream.calls[0].body["messages"][0]["content"]
    if stage.upstream.calls[0].path.endswith("/messages"):
        assert sent[1]["source"] == {"type": "base64", "media_type": "image/png", "data": PNG}
        assert sent[2]["source"] == {"type": "url", "url": "https://example.org/a.png"}
    else:
        assert sent == content


@both_ways
def test_anthropic_thinking(stage: Stage, streamed: bool) -> None:
    stage.says = Said(thinking="Let me see.", text="Four.")
    message = ask_anthropic(stage, streamed, thinking={"type": "enabled", "budget_tokens": 1024})
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking == "Let me see."
    assert message.content[1].text == "Four."
    if stage.upstream.calls[0].path.endswith("/messages"):
        assert message.content[0].signature == "c2lnbmVk"


@both_ways
def test_openai_thinking(stage: Stage, streamed: bool) -> None:
    stage.says = Said(thinking="Let me see.", text="Four.")
    found = ask_openai(stage, streamed)
    assert (found.thinking, found.text) == ("Let me see.", "Four.")


def ask_responses(stage: Stage, streamed: bool, **more: Any) -> Any:
    """A whole answer, by the SDK's own putting together where it was streamed."""
    arguments: dict[str, Any] = {"model": "glm-4.6", "input": "Hello there", **more}
    client = stage.openai()
    if not streamed:
        return client.responses.create(**arguments)
    with client.responses.stream(**arguments) as stream:
        for _ in stream:
            pass
        return stream.get_final_response()


@both_ways
def test_responses_text_thinking_and_usage(stage: Stage, streamed: bool) -> None:
    stage.says = Said(thinking="Let me see.", text="Guten Tag 🙂", input=20, cached=5, output=7)
    answered = ask_responses(stage, streamed, instructions="Be brief.")
    assert answered.output_text == "Guten Tag 🙂"
    assert answered.status == "completed"
    assert answered.output[0].summary[0].text == "Let me see."
    usage = answered.usage
    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (25, 5)
    assert usage.output_tokens == 7
    # Sent back, the reasoning reaches the upstream as its own thinking.
    history = [
        {"role": "user", "content": "Hello there"},
        *(item.model_dump(exclude_none=True) for item in answered.output),
        {"role": "user", "content": "And now?"},
    ]
    ask_responses(stage, streamed, input=history)
    sent = stage.upstream.calls[-1].body["messages"]
    if stage.upstream.calls[-1].path.endswith("/messages"):
        assert sent[1]["content"][0]["thinking"] == "Let me see."
        assert sent[1]["content"][0]["signature"] == "c2lnbmVk"
    else:
        assert sent[1]["reasoning_content"] == "Let me see."


@both_ways
def test_responses_two_parallel_tool_calls_and_their_results(stage: Stage, streamed: bool) -> None:
    stage.says = Said(calls=TWO_CALLS)
    tools = [
        {"type": "function", "name": name, "parameters": {"type": "object"}, "strict": False}
        for name in ("weather", "clock")
    ]
    answered = ask_responses(stage, streamed, tools=tools)
    calls = [item for item in answered.output if item.type == "function_call"]
    assert [(c.call_id, c.name, json.loads(c.arguments)) for c in calls] == list(TWO_CALLS)
    history = [
        {"role": "user", "content": "Hello there"},
        *(item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in calls),
        {"type": "function_call_output", "call_id": "call_a", "output": "rain"},
        {"type": "function_call_output", "call_id": "call_b", "output": "noon"},
    ]
    stage.says = Said(text="Done.")
    assert ask_responses(stage, streamed, tools=tools, input=history).output_text == "Done."
    sent = stage.upstream.calls[-1].body["messages"]
    if stage.upstream.calls[-1].path.endswith("/messages"):
        assert [block["type"] for block in sent[1]["content"]] == ["tool_use", "tool_use"]
        assert [block["tool_use_id"] for block in sent[2]["content"]] == ["call_a", "call_b"]
    else:
        assert [call["id"] for call in sent[1]["tool_calls"]] == ["call_a", "call_b"]
        assert [message["role"] for message in sent[2:]] == ["tool", "tool"]


@both_ways
def test_responses_errors(stage: Stage, streamed: bool) -> None:
    stage.fails = Reply(400, b'{"error": {"message": "too long", "type": "x"}}')
    with pytest.raises(openai.BadRequestError, match="too long"):
        ask_responses(stage, streamed)
    stage.fails = None
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        ask_responses(stage, streamed, previous_response_id="resp_1")


@both_ways
def test_errors_take_the_shape_of_the_callers_protocol(stage: Stage, streamed: bool) -> None:
    used = stage.service.window()["used"]
    stage.fails = Reply(400, b'{"error": {"message": "max_tokens is too large", "type": "x"}}')
    with pytest.raises(anthropic.BadRequestError) as bad:
        ask_anthropic(stage, streamed)
    assert bad.value.body["type"] == "error"
    assert bad.value.body["error"]["message"] == "max_tokens is too large"
    assert bad.value.request_id.startswith("req_")
    with pytest.raises(openai.BadRequestError) as bad_openai:
        ask_openai(stage, streamed)
    assert "max_tokens is too large" in str(bad_openai.value)
    stage.fails = Reply(429, b'{"error": {"message": "slow down"}}')
    with pytest.raises(anthropic.RateLimitError):
        ask_anthropic(stage, streamed)
    with pytest.raises(openai.RateLimitError):
        ask_openai(stage, streamed)
    stage.fails = Reply(500, b"<html>oops</html>")
    with pytest.raises(anthropic.InternalServerError) as broken:
        ask_anthropic(stage, streamed)
    assert "Nothing was charged" in broken.value.message
    with pytest.raises(openai.InternalServerError):
        ask_openai(stage, streamed)
    window = stage.service.window()
    assert (window["used"], window["reserved"]) == (used, 0)


def test_counting_and_listing(stage: Stage) -> None:
    stage.fails = Reply(body=b'{"input_tokens": 17}')
    counted = stage.anthropic().messages.count_tokens(
        model="glm-4.6", messages=[{"role": "user", "content": "Hello there, count me"}]
    )
    if stage.upstream.calls:
        assert stage.upstream.calls[0].path == "/v1/messages/count_tokens"
        assert counted.input_tokens == 17
    else:
        assert 5 < counted.input_tokens < 40
    assert [model.id for model in stage.anthropic().models.list()] == ["glm-4.6", "glm-4.5-air"]
    assert [model.id for model in stage.openai().models.list()] == ["glm-4.6", "glm-4.5-air"]
