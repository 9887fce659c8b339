"""Voice input as a fresh machine has it: the built-in catalogue, no upstream, the speech model that
wheels carry and the embedded text model. What is said is spoken by espeak-ng."""

import re
import stat
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest

from support.console import Pages
from support.service import Service
from support.sounds import noise, silence, tone
from support.speech import spoken, wrong_words

AT = "/api/paas/v4/audio/transcriptions"
SAID = "the login page does not show an error when the password is wrong"
# One wrong word in so many is as much as may be.
WORDS_FOR_ONE = 12


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("fresh")) as running:
        yield running


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    """The demo subscriber, who has claimed the benefit."""
    with service.client(headers={"authorization": f"Bearer {service.key}"}) as client:
        client.timeout = httpx.Timeout(300)
        client.post("/api/account/benefits/voice/claim").raise_for_status()
        yield client


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return spoken(tmp_path_factory.mktemp("spoken") / "said.wav", SAID).read_bytes()


def say(http: httpx.Client, file: bytes, **more: str) -> httpx.Response:
    return http.post(AT, files={"file": ("said.wav", file)}, data={"model": "any", **more})


def text_in(page: str) -> str:
    """What stands in the page's field."""
    field = re.search(r'id="dictated"[^>]*>([^<]*)</textarea>', page)
    assert field is not None, page
    return unescape(field[1])


def benefit(http: httpx.Client) -> dict[str, Any]:
    shown: dict[str, Any] = http.get("/api/account/benefits").json()
    assert shown["speech_model"] == "whisper-base"
    (voice,) = shown["benefits"]
    return dict(voice)


def used(http: httpx.Client) -> int:
    return int(benefit(http)["windows"][0]["used"])


def test_what_is_said_comes_as_text_and_rewritten(
    service: Service, http: httpx.Client, recording: bytes
) -> None:
    assert service.told["speech_model"] == "whisper-base"
    answered = say(http, recording, response_format="verbose_json", rewrite="polish")
    assert answered.status_code == 200, answered.text
    shown = answered.json()
    heard = shown.get("heard", shown["text"])
    words = len(SAID.split())
    assert wrong_words(SAID, heard) <= words / WORDS_FOR_ONE, shown
    assert wrong_words(heard, shown["text"]) <= words / WORDS_FOR_ONE, shown
    assert shown["language"] == "en"
    assert used(http) == 1
    rows = service.rows(
        "SELECT model, model_asked, state, upstream, upstream_model, prompt_id FROM calls"
    )
    assert rows == [("benefit/voice", "transcribe", "settled", "embedded", rows[0][4], None)]
    model = service.data / "models" / "whisper-base" / "model.bin"
    assert stat.S_IMODE(model.stat().st_mode) == 0o600
    assert stat.S_IMODE(service.data.stat().st_mode) == 0o700


def test_the_page_hears_and_rewrites_and_keeps_what_was_there_before(
    service: Service, http: httpx.Client, recording: bytes
) -> None:
    before = used(http)
    pages = Pages(service)
    pages.http.timeout = http.timeout
    pages.with_key(service.key)
    pages.get("/console/benefits/voice")
    heard = pages.http.post(
        "/console/benefits/voice/hear",
        data={"csrf": pages.token},
        files={"file": ("said.wav", recording)},
    )
    text = text_in(heard.text)
    assert wrong_words(SAID, text) <= len(SAID.split()) / WORDS_FOR_ONE, heard.text
    spoken_on = f"um {text}"
    new = pages.post("/console/benefits/voice/rewrite", text=spoken_on, way="polish")
    assert new.status_code == 200, new.text
    assert wrong_words(text, text_in(new.text)) <= len(SAID.split()) / WORDS_FOR_ONE
    assert f'<pre id="before">{spoken_on}</pre>' in new.text
    assert used(http) == before + 2
    pages.close()


@pytest.mark.parametrize("sound", [silence, noise, tone])
def test_a_recording_in_which_nobody_speaks_is_free_and_says_so(
    http: httpx.Client, sound: Any
) -> None:
    before = used(http)
    refused = say(http, sound(3))
    assert refused.status_code == 400, refused.text
    assert "Nothing was heard in the recording" in refused.json()["error"]["message"]
    assert "Nothing was charged" in refused.json()["error"]["message"]
    assert used(http) == before


def test_an_option_that_the_model_does_not_know_is_refused(
    http: httpx.Client, recording: bytes
) -> None:
    before = used(http)
    for field, value in (("language", "klingon"), ("temperature", "7")):
        refused = say(http, recording, **{field: value})
        assert refused.status_code == 400, refused.text
        assert refused.json()["error"]["message"].startswith(f"{field}: expected")
    assert used(http) == before


def test_doctor_tells_what_hears(service: Service) -> None:
    findings = service.cli("doctor", "--url", service.url, "--key", service.key)
    (voice,) = (one for one in findings if one["check"] == "voice input")
    assert (voice["ok"], voice["says"]) == (True, "whisper-base hears.")
