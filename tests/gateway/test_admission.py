"""Which programs a plan serves: what is known, what has an agent's shape, what rides beside it; and
what becomes of the rest."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

CAPTURES = Path(__file__).parents[1] / "captures"
CODING = "/api/coding/paas/v4/chat/completions"
TOOLS = ("look_around", "do_in_shell", "write_file")
AGENT = {"user-agent": "nobody-knows/0.1"}


def plan(base_url: str, *lines: str, protocol: str = "openai") -> str:
    """A catalogue whose plan says nothing of clients but these lines."""
    text = catalogue(base_url, protocol, limit=10_000)
    small = '["claude-haiku-*", "claude-3-5-haiku-*", "gemini-*flash*"]'
    text = text.replace('["claude-haiku-*"]', small)
    return text + "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(_model) as scripted:
        yield scripted


def _model(asked: Asked) -> Reply:
    """Calls a tool where the person says so, and else answers in words."""
    newest = str(asked.body["messages"][-1].get("content"))
    if asked.body.get("tools") and "USE A TOOL" in newest:
        name = asked.body["tools"][0]["function"]["name"]
        return answer(asked, Said(text="Looking.", calls=(("call_1", name, {}),)))
    return answer(asked, Said(text="Yes."))


@pytest.fixture(scope="module")
def service(
    upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The plan as it is where nobody says which tools it admits."""
    with Service(tmp_path_factory.mktemp("agents"), plan(upstream.base_url)) as running:
        yield running


@pytest.fixture
def key(service: Service, request: pytest.FixtureRequest) -> str:
    """A subscriber's of the test's own: what rides is looked for by key."""
    name = "".join(one for one in request.node.name.lower() if one.isalnum())[-50:]
    return service.new_key(f"{name}@example.org")


def offered(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
        for name in names
    ]


def ask(
    service: Service,
    key: str,
    *messages: dict[str, Any] | str,
    tools: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    path: str = CODING,
    **more: Any,
) -> httpx.Response:
    said = [{"role": "user", "content": one} if isinstance(one, str) else one for one in messages]
    body = {"model": "glm-4.6", "messages": said, **more}
    if tools:
        body["tools"] = offered(tools)
    sent = {**AGENT, "authorization": f"Bearer {key}", **(headers or {})}
    with service.client() as http:
        return http.post(path, headers=sent, json=body)


def used(service: Service, key: str) -> int:
    return int(service.window(key)["used"])


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def test_an_agent_of_no_known_name_is_served_by_its_shape(service: Service, key: str) -> None:
    answered = ask(service, key, "Write it.", tools=TOOLS)
    assert answered.status_code == 200
    result = [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": TOOLS[0], "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]
    assert ask(service, key, "Write it.", *result, tools=TOOLS).status_code == 200
    assert used(service, key) == 1
    more = ask(service, key, "Write it.", *result, "And now?", tools=TOOLS)
    assert more.status_code == 200
    assert used(service, key) == 2
    clients = service.rows(
        "SELECT DISTINCT client FROM calls JOIN client_keys ON key_id = client_keys.id"
        " WHERE client_keys.account_id = calls.account_id AND client = 'agent'"
    )
    assert clients == [("agent",)]


@pytest.mark.parametrize("session", [{}, {"x-session-id": "of-its-own"}])
def test_its_title_call_rides_on_its_turn(
    service: Service, key: str, session: dict[str, str]
) -> None:
    assert ask(service, key, "Write a poem.", tools=TOOLS, headers=session).status_code == 200
    title = ask(service, key, system("Name it."), "Title for: \nWrite a poem.", headers=session)
    assert title.status_code == 200
    assert used(service, key) == 1


@pytest.mark.parametrize("session", [{}, {"x-session-id": "of-its-own-too"}])
def test_its_small_sub_agent_rides_while_the_turn_waits_for_a_tool(
    service: Service, key: str, session: dict[str, str]
) -> None:
    ask(service, key, "USE A TOOL", tools=TOOLS, headers=session)
    helper = ask(service, key, "Look for the file.", tools=("grep", "read"), headers=session)
    assert helper.status_code == 200
    assert used(service, key) == 1


def test_a_bare_script_stays_outside_also_beside_an_agent(service: Service, key: str) -> None:
    refused = ask(service, key, "Tell me a joke.")
    assert refused.status_code == 403
    ask(service, key, "Write a poem.", tools=TOOLS)
    for answered in (
        ask(service, key, "Tell me a joke."),
        ask(service, key, "Title for: \nWrite a poem.", headers={"user-agent": "curl/8"}),
        ask(service, key, "Look around.", tools=("grep",)),
    ):
        assert answered.status_code == 403
        assert answered.json()["error"]["code"] == "1220"
    assert used(service, key) == 1


def test_a_refusal_names_the_program_and_what_to_do(service: Service, key: str) -> None:
    refused = ask(service, key, "Hi", headers={"user-agent": "my-tool/2 (x)"})
    message = refused.json()["error"]["message"]
    assert "'my-tool/2 (x)'" in message
    assert "/api/paas/v4" in message
    assert f"codeplan admin clients learn {refused.headers['x-request-id']}" in message


def test_counting_tokens_is_any_programs_right(service: Service, key: str) -> None:
    with service.client() as http:
        counted = http.post(
            "/api/anthropic/v1/messages/count_tokens",
            headers={"x-api-key": key},
            json={"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello there"}]},
        )
    assert counted.status_code == 200
    assert counted.json()["input_tokens"] > 0
    assert used(service, key) == 0


def recordings() -> list[str]:
    """Those of what is a coding tool: no bare script's, no vision server's."""
    # A web search by the model's own maker is refused (docs/translation.md).
    others = ("sdk", "llm", "vision", "gemini-cli-web-search")
    return [
        path.stem for path in sorted(CAPTURES.glob("*.json")) if not path.stem.startswith(others)
    ]


@pytest.mark.parametrize("recording", recordings())
def test_every_recorded_tool_is_served_and_charged_for_what_was_typed(
    service: Service, key: str, recording: str
) -> None:
    calls = json.loads((CAPTURES / f"{recording}.json").read_text())["calls"]
    typed = {"claude-code-title": 2, "second-prompt": 2}
    expected = next((n for start, n in typed.items() if recording.startswith(start)), 1)
    with service.client() as http:
        for call in calls:
            path = call["path"].partition("?")[0]
            if call["method"] == "POST" and path.endswith(
                ("/messages", "/completions", "/responses", "enerateContent")
            ):
                answered = http.post(call["path"], **_replayed(call, key))
                assert answered.status_code == 200, answered.text
    assert used(service, key) == expected


def _replayed(call: dict[str, Any], key: str) -> dict[str, Any]:
    """The recorded call, with its tools' names given a definition each."""
    body = {name: value for name, value in call["body"].items() if not name.startswith("tools")}
    if "contents" in body:
        return {"headers": _sent(call, key), "json": call["body"]}
    if body["model"].startswith("glm-"):
        body["model"] = "glm-4.6"
    names = call["body"].get("tools_names") or []
    path = call["path"].partition("?")[0]
    schema = {"type": "object", "properties": {}}
    if path.endswith("/messages"):
        body["tools"] = [{"name": name, "input_schema": schema} for name in names]
        body.setdefault("max_tokens", 100)
    elif path.endswith("/responses"):
        body["tools"] = [{"type": "function", "name": name, "parameters": schema} for name in names]
    else:
        body["tools"] = offered(tuple(names))
    if not names:
        del body["tools"]
        body.pop("tool_choice", None)
    return {"headers": _sent(call, key), "json": body}


def _sent(call: dict[str, Any], key: str) -> dict[str, str]:
    """The recorded headers, but for those that are of one connection."""
    dropped = ("authorization", "x-api-key", "content-length", "host", "connection",
               "accept-encoding", "transfer-encoding", "content-encoding")  # fmt: skip
    kept = {name: value for name, value in call["headers"] if name.lower() not in dropped}
    return {**kept, "authorization": f"Bearer {key}"}


OTHERWISE = """
[[plans]]
id = "observed"
name = "Observed"
windows = [{ unit = "prompt", per = "5h", limit = 10 }]
models = ["glm-4.6"]
otherwise = "observe"

[[plans]]
id = "paid"
name = "Paid"
windows = [{ unit = "prompt", per = "5h", limit = 10 }]
models = ["glm-4.6"]
otherwise = "paid"

[[plans]]
id = "known"
name = "Known"
windows = [{ unit = "prompt", per = "5h", limit = 10 }]
models = ["glm-4.6"]
admit = "known"

[[plans]]
id = "listed"
name = "Listed"
windows = [{ unit = "prompt", per = "5h", limit = 10 }]
models = ["glm-4.6"]
admit = ["pi"]
"""


@pytest.fixture(scope="module")
def others(
    upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    prices = 'prices = [{ currency = "CNY", input = "4.00", output = "16.00" }]'
    config = plan(upstream.base_url)
    for model in ("glm-4.6", "glm-4.5-air"):
        config = config.replace(f'id = "{model}"\n', f'id = "{model}"\n{prices}\n', 1)
    with Service(tmp_path_factory.mktemp("others"), config + OTHERWISE) as running:
        yield running


def test_what_is_observed_is_a_prompt_each_time_and_marked(others: Service) -> None:
    key = others.new_key("observed@example.org", "observed")
    for number in (1, 2):
        answered = ask(others, key, "Tell me a joke.")
        assert answered.status_code == 200
        assert answered.headers["x-codeplan-billing"] == "plan; each call is a prompt"
        assert used(others, key) == number
    receipt = others.cli(
        "explain", answered.headers["x-request-id"], "--url", others.url, "--key", key
    )
    assert receipt["prompt"]["why"].startswith("not a known coding tool")


def test_what_is_not_admitted_is_paid_by_the_token_where_the_key_may(others: Service) -> None:
    account = others.new_account("paid@example.org", "paid")
    key = account["key"]
    refused = ask(others, key, "Tell me a joke.")
    assert refused.status_code == 403
    assert "switch for going on with the balance" in refused.json()["error"]["message"]
    assert "x-codeplan-billing" not in refused.headers
    bearer = {"authorization": f"Bearer {key}"}
    others.cli(
        "admin", "account", "credit", "paid@example.org", "10.00", "--reference", "a test",
        "--url", others.url, "--data", str(others.data),
    )  # fmt: skip
    with others.client() as http:
        switched = http.put(
            "/api/account/overage",
            headers=bearer,
            json={"a_day": "5.00", "currency": "CNY"},
        )
        assert switched.status_code == 200, switched.text
    answered = ask(others, key, "Tell me a joke.")
    assert answered.status_code == 200, answered.text
    assert answered.headers["x-codeplan-billing"] == "pay-as-you-go"
    assert used(others, key) == 0


def test_plans_for_known_tools_and_for_listed_ones(others: Service) -> None:
    known = others.new_key("known@example.org", "known")
    listed = others.new_key("listed@example.org", "listed")
    pi = system("You are an expert coding assistant operating inside pi, a coding agent harness.")
    kimi = {"user-agent": "kimi-code-cli/2.1.0"}
    assert ask(others, known, pi, "Hi", tools=TOOLS).status_code == 200
    assert ask(others, known, "Hi", tools=TOOLS).status_code == 403
    assert ask(others, listed, pi, "Hi", tools=TOOLS).status_code == 200
    refused = ask(others, listed, "Hi", tools=TOOLS, headers=kimi)
    assert refused.status_code == 403
    assert "Kimi Code, which your plan Listed does not admit" in refused.json()["error"]["message"]


def test_a_conversation_without_a_session_is_its_keys_own(service: Service) -> None:
    """Two keys of one account, the same first words: two prompts."""
    account = service.new_account("two-keys@example.org")
    with service.client() as http:
        bearer = {"authorization": f"Bearer {account['key']}"}
        other = http.post("/api/account/keys", headers=bearer, json={"name": "other"}).json()["key"]
    assert ask(service, account["key"], "Write a poem.", tools=TOOLS).status_code == 200
    assert ask(service, other, "Write a poem.", tools=TOOLS).status_code == 200
    assert used(service, account["key"]) == 2


def test_an_errand_without_the_session_that_its_agent_sends_rides_too(
    service: Service, key: str
) -> None:
    ask(service, key, "Write a poem.", tools=TOOLS, prompt_cache_key="of-the-main-call")
    assert ask(service, key, "Title for: \nWrite a poem.").status_code == 200
    assert used(service, key) == 1


def test_a_plan_holders_script_at_the_general_address_is_paid_as_ever(others: Service) -> None:
    """Also with a model that the plan does not have."""
    key = others.new_key("own-script@example.org", "known")
    for model in ("glm-4.6", "glm-4.5-air"):
        answered = ask(others, key, "Hi", path="/api/paas/v4/chat/completions", model=model)
        assert answered.json()["error"]["code"] == "1113", answered.text


def test_an_agent_at_the_general_address_draws_on_the_plan_and_a_script_does_not(
    others: Service,
) -> None:
    key = others.new_key("general@example.org", "lite")
    general = "/api/paas/v4/chat/completions"
    assert ask(others, key, "Write a poem.", tools=TOOLS, path=general).status_code == 200
    title = ask(others, key, "Title for: \nWrite a poem.", path=general)
    assert title.status_code == 200
    assert used(others, key) == 1
    assert ask(others, key, "Tell me a joke.", path=general).json()["error"]["code"] == "1113"
    assert used(others, key) == 1
