"""A refusal that somebody can act on: kept without a word of its person, explained to whoever met
it, listed for operators, and made into an entry that lets the program in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.test_admission import CODING, OTHERWISE, TOOLS, ask, plan, system
from support.replies import Said, answer
from support.service import Service
from support.upstream import Asked, Reply, ScriptedUpstream

SECRET = "the person's own words"
PROGRAM = {"user-agent": "zeta-coder/3.2 (linux)"}
TOOL_NAMES = ("open_thing", "close_thing")


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(_model) as scripted:
        yield scripted


def _model(asked: Asked) -> Reply:
    """Refuses, and says what it was asked, where it is asked to."""
    newest = str(asked.body["messages"][-1].get("content"))
    if "REFUSE" in newest:
        error = {"error": {"message": f"not allowed: {newest}", "type": "invalid_request_error"}}
        return Reply(400, json.dumps(error).encode())
    return answer(asked, Said(text="Yes."))


@pytest.fixture(scope="module")
def service(
    upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("kept"), plan(upstream.base_url) + OTHERWISE) as running:
        yield running


def refused(service: Service, key: str, number: int = 0) -> str:
    """A refused call's request id."""
    answered = ask(
        service, key, system(f"You are Zeta Coder. {'x' * 300}"), f"{SECRET} {number}",
        tools=TOOL_NAMES, headers=PROGRAM,
    )  # fmt: skip
    assert answered.status_code == 403
    return answered.headers["x-request-id"]


def admin(service: Service, *words: str) -> Any:
    return service.cli(
        "admin", "clients", *words, "--url", service.url, "--data", str(service.data)
    )


def test_explain_answers_for_a_refused_call(service: Service) -> None:
    key = service.new_key("explained@example.org")
    request_id = refused(service, key)
    told = service.cli("explain", request_id, "--url", service.url, "--key", key)["refused"]
    assert (told["state"], told["status"], told["code"]) == ("unknown", 403, "1220")
    assert told["user_agent"] == PROGRAM["user-agent"]
    assert told["system_begins"] == f"You are Zeta Coder. {'x' * 300}"[:120]
    assert told["tools"] == list(TOOL_NAMES)
    assert told["protocol"] == "openai_chat"
    assert told["path"] == CODING
    other = service.new_key("somebody-else@example.org")
    denied = service.cli("explain", request_id, "--url", service.url, "--key", other)
    assert "there is no prompt or call" in json.dumps(denied)


def test_a_used_up_window_is_explained_too(service: Service) -> None:
    key = service.new_key("used-up@example.org", "observed")
    for number in range(10):
        assert ask(service, key, f"Joke {number}").status_code == 200
    full = ask(service, key, "One more joke")
    assert full.status_code == 402
    assert "retry-after" not in full.headers
    request_id = full.headers["x-request-id"]
    told = service.cli("explain", request_id, "--url", service.url, "--key", key)["refused"]
    assert told["code"] == "1308"
    assert "Your limit will reset at" in told["message"]


def test_nothing_that_a_person_wrote_is_kept(service: Service) -> None:
    key = service.new_key("private@example.org")
    refused(service, key)
    quoted = ask(service, key, f"REFUSE {SECRET}", tools=TOOLS)
    assert (quoted.status_code, SECRET in quoted.text) == (400, True)
    service.cli("explain", "req_none", "--url", service.url, "--key", service.key)
    kept = service.rows("SELECT body FROM documents WHERE kind = 'refusedcall'")
    assert kept
    assert any(b"what it said of it is not kept" in body for (body,) in kept)
    assert not any(SECRET.encode() in body for (body,) in kept)
    assert SECRET not in service.log


@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 400), (b"x" * 33_554_433, 413), (b'{"messages": []}', 400)]
)
def test_what_could_not_be_read_is_explained_too(
    service: Service, content: bytes, status: int
) -> None:
    key = service.new_key(f"unread-{len(content)}@example.org")
    headers = {"authorization": f"Bearer {key}", "user-agent": "odd/1"}
    with service.client() as http:
        answered = http.post(CODING, headers=headers, content=content)
    assert answered.status_code == status
    request_id = answered.headers["x-request-id"]
    told = service.cli("explain", request_id, "--url", service.url, "--key", key)["refused"]
    assert (told["state"], told["status"], told["user_agent"]) == ("refused", status, "odd/1")


def test_an_operator_sees_unknown_programs_by_count_and_people(service: Service) -> None:
    for person in ("one", "two"):
        key = service.new_key(f"unknown-{person}@example.org")
        for number in range(3):
            newest = refused(service, key, number)
    programs = admin(service, "unknown")["programs"]
    zeta = next(one for one in programs if one["newest"]["user_agent"] == PROGRAM["user-agent"])
    assert zeta["calls"] >= 6
    assert zeta["accounts"] >= 2
    assert zeta["newest"]["id"] == newest
    counts = [one["calls"] for one in programs]
    assert counts == sorted(counts, reverse=True)


def test_a_subscriber_does_not(service: Service) -> None:
    with service.client() as http:
        answered = http.get(
            "/api/admin/clients/unknown", headers={"authorization": f"Bearer {service.key}"}
        )
    assert answered.status_code == 401


def test_what_is_learnt_lets_the_program_in(
    service: Service, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    entry = admin(service, "learn", refused(service, service.key))["entry"]
    assert 'user_agent = "zeta-coder/*"' in entry
    with Service(tmp_path, plan(upstream.base_url) + entry) as taught:
        answered = ask(taught, taught.key, "Write it.", tools=TOOL_NAMES, headers=PROGRAM)
        assert answered.status_code == 200
        assert taught.rows("SELECT client FROM calls") == [("zeta-coder",)]


def test_of_one_key_only_so_many_are_kept(service: Service) -> None:
    key = service.new_key("many@example.org")
    ids = [refused(service, key, number) for number in range(70)]
    service.cli("explain", ids[0], "--url", service.url, "--key", key)
    kept = service.rows(
        "SELECT count(*) FROM documents WHERE kind = 'refusedcall' AND id IN"
        f" ({', '.join('?' * len(ids))})",
        *ids,
    )
    assert kept == [(60,)]


def test_a_scan_of_addresses_is_no_refusal_on_the_operators_page(service: Service) -> None:
    def refusals() -> dict[str, int]:
        shown = service.cli("admin", "today", "--url", service.url, "--data", str(service.data))
        return dict(shown["refusals"])

    before = refusals()
    with service.client() as http:
        for number in range(20):
            assert http.get(f"/api/anthropic/.env-{number}").status_code == 404
            assert http.post(f"/api/coding/paas/v4/wp-{number}").status_code == 404
    assert refusals() == before
    refused(service, service.key)
    after = refusals()
    assert after["1220"] == before.get("1220", 0) + 1


def test_an_admitted_agents_calls_are_not_kept(service: Service) -> None:
    key = service.new_key("served@example.org")
    answered = ask(service, key, "Write it.", tools=TOOLS)
    request_id = answered.headers["x-request-id"]
    told = service.cli("explain", request_id, "--url", service.url, "--key", key)
    assert "refused" not in told
