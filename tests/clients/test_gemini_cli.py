"""Gemini CLI over Gemini's protocol: what one prompt is, and what it does at a used-up window."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

QUESTION = "In one sentence, what does def add(a,b): return a+b do?"
protocols = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    tools.install()


@protocols
def test_a_plain_question_is_one_prompt_and_a_second_makes_two(
    protocol: str, tmp_path: Path
) -> None:
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="It adds numbers."))) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, protocol)) as service,
    ):
        ran = tools.gemini_cli(service.url, service.key, QUESTION, tmp_path)
        assert ran.status == 0, ran.seen
        assert "It adds numbers." in ran.seen
        window = service.window()
        assert (window["used"], window["reserved"]) == (1, 0), service.rows("SELECT * FROM calls")
        ran = tools.gemini_cli(
            service.url, service.key, "And what does it not do?", tmp_path, continues=True
        )
        assert ran.status == 0, ran.seen
        assert QUESTION in upstream.calls[-1].raw.decode()
        assert service.window()["used"] == 2
        assert {client for (client,) in service.rows("SELECT client FROM calls")} == {"gemini-cli"}


def _target(asked: Asked) -> str:
    """The path that the test's prompt names."""
    text = asked.raw.decode()
    start = text.index("PATH=") + len("PATH=")
    return text[start : text.index("=END", start)]


def _writes_two_files(asked: Asked) -> Reply:
    """Two calls at once on the first step; done once their results are there."""
    raw = asked.raw.decode()
    if '"tool_use_id"' in raw or '"tool_call_id"' in raw:
        return answer(asked, Said(text="Written."))
    path = _target(asked)
    calls = tuple(
        (f"call_{name}", "write_file", {"file_path": f"{path}.{name}", "content": f"{name}\n"})
        for name in ("one", "two")
    )
    return answer(asked, Said(thinking="Two files.", text="Writing.", calls=calls))


@protocols
def test_files_written_by_parallel_calls_are_one_prompt(protocol: str, tmp_path: Path) -> None:
    target = tmp_path / "workspace" / "hello"
    with (
        ScriptedUpstream(_writes_two_files) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, protocol)) as service,
    ):
        prompt = f"Write two files into PATH={target}=END"
        ran = tools.gemini_cli(service.url, service.key, prompt, tmp_path)
        for name in ("one", "two"):
            assert target.with_suffix(f".{name}").read_text() == f"{name}\n", ran.seen
        assert len(upstream.calls) == 2
        assert service.window()["used"] == 1
        assert service.rows("SELECT count(*), sum(calls) FROM prompts") == [(1, 2)]
        # The model's thinking of the first step comes back to it with the second.
        assert "Two files." in upstream.calls[1].raw.decode()


def test_at_a_used_up_window_it_stops_at_once_and_shows_the_reset_time(tmp_path: Path) -> None:
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(tmp_path, catalogue(upstream.base_url, limit=1)) as service,
    ):
        assert tools.gemini_cli(service.url, service.key, QUESTION, tmp_path).status == 0
        assert service.window()["used"] == 1
        asked_before = len(upstream.calls)
        ran = tools.gemini_cli(service.url, service.key, "And another one.", tmp_path / "again")
        ended = datetime.now(UTC)
        refusals = [
            datetime.fromisoformat(json.loads(line)["timestamp"])
            for line in service.log.splitlines()
            if '"refused"' in line
        ]
        assert 1 <= len(refusals) <= 2
        # From the refusal on: how long it takes to start is its own affair.
        assert (ended - refusals[0]).total_seconds() < 15
        assert "Usage limit reached for 5 hour. Your limit will reset at " in ran.seen, ran.seen
        assert "(UTC+08:00)" in ran.seen
        assert len(upstream.calls) == asked_before
        assert service.window()["used"] == 1
