"""Google's own SDK at Gemini's address, against both kinds of upstream, streamed and not."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from support.every_request import refusals_of
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

PNG = b"\x89PNG\r\n\x1a\n not really"
TWO_CALLS = (
    ("call_a", "weather", {"city": "Köln", "days": 3}),
    ("call_b", "clock", {"zone": "Asia/Shanghai"}),
)
BASE = "/api/gemini"


@dataclass
class Stage:
    """A service and its upstream; ``says`` is what the model says next."""

    service: Service
    upstream: ScriptedUpstream
    says: Said = field(default_factory=Said)

    def client(self, base: str = BASE, version: str = "v1beta") -> genai.Client:
        options = types.HttpOptions(base_url=self.service.url + base, api_version=version)
        return genai.Client(api_key=self.service.key, http_options=options)

    @property
    def is_anthropic(self) -> bool:
        return self.upstream.calls[-1].path.endswith("/messages")

    @property
    def sent(self) -> Any:
        return self.upstream.calls[-1].body


@pytest.fixture(scope="module", params=["openai", "anthropic"])
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    holder: list[Stage] = []

    def script(asked: Asked) -> Reply:
        if asked.path.endswith("/count_tokens"):
            return Reply(body=b'{"input_tokens": 77}')
        return answer(asked, holder[0].says)

    with (
        ScriptedUpstream(script) as upstream,
        Service(
            tmp_path_factory.mktemp("gemini"),
            catalogue(upstream.base_url, request.param, limit=10_000, clients="any"),
        ) as service,
    ):
        holder.append(Stage(service, upstream))
        yield holder[0]


@pytest.fixture(autouse=True)
def _fresh(stage: Stage) -> Iterator[None]:
    """Whatever reaches the upstream in a test, one of its protocol would accept."""
    stage.says = Said()
    stage.upstream.calls.clear()
    yield
    assert [refusals_of(asked) for asked in stage.upstream.calls] == [[]] * len(
        stage.upstream.calls
    )


def ask(
    stage: Stage, streamed: bool, contents: Any = "Hello there", **config: Any
) -> tuple[list[types.Part], types.GenerateContentResponse]:
    """All parts of the answer, and its last piece."""
    client = stage.client()
    arguments: dict[str, Any] = {
        "model": "glm-4.6",
        "contents": contents,
        "config": types.GenerateContentConfig(
            **config,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        ),
    }
    pieces = (
        list(client.models.generate_content_stream(**arguments))
        if streamed
        else [client.models.generate_content(**arguments)]
    )
    return [part for piece in pieces for part in piece.parts or []], pieces[-1]


both_ways = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@both_ways
def test_text_and_usage(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="Guten Tag, 你好 🙂", input=20, cached=5, output=7)
    parts, last = ask(stage, streamed, system_instruction="Be brief.", temperature=0.5)
    assert "".join(part.text or "" for part in parts) == "Guten Tag, 你好 🙂"
    assert last.candidates[0].finish_reason == types.FinishReason.STOP
    usage = last.usage_metadata
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (25, 5)
    assert (usage.candidates_token_count, usage.total_token_count) == (7, 32)
    assert stage.sent["temperature"] == 0.5
    assert bool(stage.sent["stream"]) == streamed
    lead = stage.sent["system"] if stage.is_anthropic else stage.sent["messages"][0]["content"]
    assert "Be brief." in str(lead)


@both_ways
def test_two_parallel_calls_and_their_responses(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="Two things.", calls=TWO_CALLS)
    parameters = types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")})
    tool = types.Tool(
        function_declarations=[
            types.FunctionDeclaration(name="weather", description="d", parameters=parameters),
            types.FunctionDeclaration(
                name="clock", description="d", parameters_json_schema={"type": "object"}
            ),
        ]
    )
    parts, last = ask(stage, streamed, tools=[tool])
    calls = [part.function_call for part in parts if part.function_call]
    assert [(call.id, call.name, call.args) for call in calls] == list(TWO_CALLS)
    assert last.candidates[0].finish_reason == types.FinishReason.STOP
    assert "'type': 'object'" in str(stage.sent["tools"][0])
    stage.says = Said(text="Done.")
    responses = [
        # One that names its call, and one that does not.
        types.Part(
            function_response=types.FunctionResponse(
                id="call_a", name="weather", response={"output": "rain"}
            )
        ),
        types.Part.from_function_response(name="clock", response={"error": "noon"}),
    ]
    history = [
        types.UserContent("Hello there"),
        types.ModelContent([part for part in parts if part.text != ""]),
        types.UserContent(responses),
    ]
    ask(stage, streamed, history, tools=[tool])
    messages = stage.sent["messages"]
    if stage.is_anthropic:
        assert [block["type"] for block in messages[1]["content"]][-2:] == ["tool_use"] * 2
        results = [
            (block["tool_use_id"], block.get("is_error", False)) for block in messages[2]["content"]
        ]
        assert results == [("call_a", False), ("call_b", True)]
    else:
        assert [call["function"]["name"] for call in messages[1]["tool_calls"]] == [
            "weather",
            "clock",
        ]
        assert messages[2:] == [
            {"role": "tool", "tool_call_id": "call_a", "content": "rain"},
            {"role": "tool", "tool_call_id": "call_b", "content": "Error: noon"},
        ]


@both_ways
def test_thinking_is_shown_and_comes_back(stage: Stage, streamed: bool) -> None:
    stage.says = Said(thinking="Let me see.", text="Four.")
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
    parts, _ = ask(stage, streamed, thinking_config=thinking, max_output_tokens=8000)
    assert "".join(part.text for part in parts if part.thought) == "Let me see."
    assert "".join(part.text for part in parts if not part.thought) == "Four."
    # As Gemini CLI does: the thoughts are dropped, their signatures are kept.
    kept = [part for part in parts if not part.thought and part.text]
    history = [types.UserContent("2+2?"), types.ModelContent(kept), types.UserContent("Sure?")]
    ask(stage, streamed, history, thinking_config=thinking, max_output_tokens=8000)
    message = stage.sent["messages"][1]
    if stage.is_anthropic:
        assert message["content"][0]["thinking"] == "Let me see."
        assert message["content"][0]["signature"] == "c2lnbmVk"
    else:
        assert message["reasoning_content"] == "Let me see."


@both_ways
def test_thoughts_that_nobody_asked_for_are_not_shown(stage: Stage, streamed: bool) -> None:
    stage.says = Said(thinking="Let me see.", text="Four.")
    parts, _ = ask(stage, streamed)
    assert [part for part in parts if part.thought] == []
    assert "".join(part.text for part in parts) == "Four."


@both_ways
def test_images(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text="A picture.")
    contents = [types.Part.from_bytes(data=PNG, mime_type="image/png"), "What is it?"]
    ask(stage, streamed, contents)
    sent = stage.sent["messages"][0]["content"]
    data = base64.b64encode(PNG).decode()
    if stage.is_anthropic:
        assert sent[0]["source"] == {"type": "base64", "media_type": "image/png", "data": data}
    else:
        assert sent[0]["image_url"] == {"url": f"data:image/png;base64,{data}"}


@both_ways
def test_an_answer_by_a_schema(stage: Stage, streamed: bool) -> None:
    stage.says = Said(text='{"a": 1}')
    schema = types.Schema(type="OBJECT", properties={"a": types.Schema(type="INTEGER")})
    ask(stage, streamed, response_mime_type="application/json", response_schema=schema)
    wanted = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = (
        stage.sent["output_config"]["format"]["schema"]
        if stage.is_anthropic
        else stage.sent["response_format"]["json_schema"]["schema"]
    )
    assert form == (wanted | {"additionalProperties": False} if stage.is_anthropic else wanted)


def test_counting_and_models(stage: Stage) -> None:
    client = stage.client()
    counted = client.models.count_tokens(model="glm-4.6", contents="Hello there, you.")
    if stage.upstream.calls:
        assert stage.upstream.calls[0].path == "/v1/messages/count_tokens"
        assert set(stage.sent) == {"model", "messages"}
        assert counted.total_tokens == 77
    else:
        assert 0 < counted.total_tokens < 50
    names = [model.name for model in client.models.list()]
    assert "models/glm-4.6" in names
    assert client.models.get(model="GLM-4.6").name == "models/glm-4.6"
    with pytest.raises(errors.ClientError) as refused:
        client.models.get(model="gpt-9")
    assert refused.value.code == 404


def test_the_other_version_and_the_bare_root(stage: Stage) -> None:
    stage.says = Said(text="Yes.")
    for client in (
        stage.client(version="v1"),
        stage.client(base=""),
        stage.client(base=f"{BASE}/"),
    ):
        assert client.models.generate_content(model="glm-4.6", contents="x").text == "Yes."


@pytest.mark.parametrize("form", ["x-goog-api-key", "query", "authorization", "x-api-key", "none"])
def test_a_key_comes_by_header_or_query(stage: Stage, form: str) -> None:
    stage.says = Said(text="Yes.")
    key = stage.service.key
    headers = {
        "x-goog-api-key": {"x-goog-api-key": key},
        "authorization": {"authorization": f"Bearer {key}"},
        "x-api-key": {"x-api-key": key},
    }.get(form, {})
    query = {"key": key} if form == "query" else {}
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    with stage.service.client() as http:
        answered = http.post(
            f"{BASE}/v1beta/models/glm-4.6:generateContent",
            params=query,
            headers=headers,
            json=body,
        )
    if form == "none":
        assert answered.status_code == 401
        assert answered.json()["error"]["status"] == "UNAUTHENTICATED"
    else:
        assert answered.status_code == 200
        assert answered.json()["candidates"][0]["content"]["parts"][0]["text"] == "Yes."
    assert key not in stage.service.log


def test_without_alt_sse_a_stream_is_one_json_array(stage: Stage) -> None:
    stage.says = Said(text="Yes indeed.", calls=TWO_CALLS)
    with stage.service.client() as http:
        answered = http.post(
            f"{BASE}/v1beta/models/glm-4.6:streamGenerateContent",
            headers={"x-goog-api-key": stage.service.key},
            json={"contents": [{"parts": [{"text": "Hello"}]}]},
        )
    assert answered.headers["content-type"] == "application/json"
    pieces = json.loads(answered.text)
    assert len(pieces) > 2
    assert pieces[-1]["usageMetadata"]["totalTokenCount"] == 32


@pytest.mark.parametrize(
    ("model", "config", "told"),
    [
        ("gpt-9", {}, "There is no model"),
        ("glm-4.6", {"tools": [types.Tool(google_search=types.GoogleSearch())]}, "googleSearch"),
        ("glm-4.6", {"candidate_count": 2}, "candidateCount"),
        ("glm-4.6", {"cached_content": "cachedContents/1"}, "cachedContent"),
    ],
)
def test_what_cannot_be_served_is_refused_in_googles_shape(
    stage: Stage, model: str, config: dict[str, Any], told: str
) -> None:
    client = stage.client()
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(
            model=model, contents="x", config=types.GenerateContentConfig(**config)
        )
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")
    assert told in refused.value.message
    info = refused.value.details["error"]["details"][0]
    assert info["domain"] == "codeplan"
    assert info["metadata"]["request_id"] == refused.value.details["request_id"]
    assert not stage.upstream.calls


def test_another_verb_names_the_right_address(stage: Stage) -> None:
    client = stage.client()
    with pytest.raises(errors.ClientError) as refused:
        client.models.embed_content(model="glm-4.6", contents="x")
    assert refused.value.code == 404
    assert "/api/gemini/v1beta/models/{model}:generateContent" in refused.value.message
