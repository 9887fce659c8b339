"""What is kept of what callers send: bounded, printable, and not without end."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from attack.wire import CHAT, call, key_headers
from codeplan.gateway.refusal_log import OF_ADDRESS, OF_ALL, RefusalLog
from codeplan.kit.instants import MINUTE
from support.meters import HandClock
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream,
        Service(tmp_path_factory.mktemp("kept"), catalogue(upstream.base_url)) as running,
    ):
        yield running


def asked(service: Service, content: bytes, session: str = "ses") -> httpx.Response:
    with service.client() as http:
        return http.post(CHAT, content=content, headers=key_headers(service.key, session))


@pytest.mark.parametrize(
    "session", ["s" * 60_000, "tab\there", "\u0000".encode("unicode_escape").decode(), "ünï"]
)
def test_a_session_is_kept_short_and_printable(service: Service, session: str) -> None:
    with service.client() as http:
        headers = {**key_headers(service.key), "x-session-id": session.encode("latin-1")}
        answered = http.post(CHAT, content=call(), headers=headers)  # type: ignore[arg-type]  # bytes as they are
    assert answered.status_code == 200
    ((kept,),) = service.rows("SELECT session FROM prompts ORDER BY id DESC LIMIT 1")
    assert len(kept) <= 200
    assert kept.isprintable()


@pytest.mark.parametrize("body", ["metadata", "prompt_cache_key", "user"])
@pytest.mark.parametrize("text", ["x" * 1_000_000, "nul \u0000", "line\nend", "\ud800"])
def test_names_in_bodies_too(service: Service, body: str, text: str) -> None:
    session: Any = {"user_id": f"user_a_account__session_{text}"} if body == "metadata" else text
    answered = asked(service, call(**{body: session}), session="")
    assert answered.status_code in (200, 400)
    rows = service.rows("SELECT session, conversation, text_hash FROM prompts")
    assert all(len(one) <= 200 and one.isprintable() for row in rows for one in row)


@pytest.mark.parametrize(
    "model", ["claude-opus-\u0000", "claude-opus-\n4", "claude-opus-" + "x" * 300]
)
def test_a_models_name_is_a_name(service: Service, model: str) -> None:
    answered = asked(service, call(model=model))
    assert answered.status_code == 400
    assert not service.rows("SELECT 1 FROM calls WHERE model_asked LIKE 'claude-opus-%'")


def test_refusals_of_one_address_do_not_fill_the_log() -> None:
    clock = HandClock()
    lines = RefusalLog(clock)
    with capture_logs() as written:
        for number in range(1000):
            lines.refused("192.0.2.1", status=401, number=number)
        lines.refused("192.0.2.2", status=401)
        assert len(written) == OF_ADDRESS + 1
        for number in range(10_000):
            lines.refused(f"198.51.100.{number}", status=401)
        assert len(written) == OF_ALL
        clock.instant += MINUTE
        lines.refused("192.0.2.1", status=401)
    assert written[-2] == {
        "event": "refused more than is written",
        "calls": 11_001 - OF_ALL,
        "log_level": "info",
    }
    assert written[-1]["status"] == 401
