"""Benefits by the API: claimed, used, metered on themselves, over; and partners' codes."""

import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.console import Pages
from support.service import Service, catalogue
from support.speech import CATALOGUE, COMMIT, HEARD, fields, listening, spoken, without_the_extra
from support.upstream import ScriptedUpstream

AT = "/api/paas/v4/audio/transcriptions"


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Service, ScriptedUpstream]]:
    with listening(tmp_path_factory.mktemp("benefits")) as running:
        yield running


@pytest.fixture(scope="module")
def service(both: tuple[Service, ScriptedUpstream]) -> Service:
    return both[0]


@pytest.fixture(scope="module")
def upstream(both: tuple[Service, ScriptedUpstream]) -> ScriptedUpstream:
    return both[1]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return spoken(tmp_path_factory.mktemp("spoken") / "said.wav").read_bytes()


def silence(seconds: int, rate: int = 8000) -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as written:
        written.setparams((1, 2, rate, 0, "NONE", ""))
        written.writeframes(bytes(2 * rate * seconds))
    return made.getvalue()


class Person:
    """Somebody with a plan and a key."""

    def __init__(self, service: Service, email: str) -> None:
        self.email, self.service = email, service
        self.http = service.client(headers={"authorization": f"Bearer {service.new_key(email)}"})

    def claim(self, name: str) -> httpx.Response:
        return self.http.post(f"/api/account/benefits/{name}/claim")

    def say(self, file: bytes, name: str = "said.wav", **more: str) -> httpx.Response:
        return self.http.post(AT, files={"file": (name, file)}, data={"model": "any", **more})

    def benefit(self, name: str) -> dict[str, Any]:
        shown = self.http.get("/api/account/benefits").json()["benefits"]
        return next(one for one in shown if one["id"] == name)

    def used(self) -> int:
        return int(self.benefit("voice")["windows"][0]["used"])

    def prompts(self) -> int:
        return int(self.http.get("/api/account/plan").json()["windows"][0]["used"])


def test_a_recording_becomes_text_and_is_metered_on_the_benefit(
    service: Service, upstream: ScriptedUpstream, recording: bytes
) -> None:
    person = Person(service, "speaker@example.org")
    early = person.say(recording)
    assert early.status_code == 403
    assert "that you have not claimed yet" in early.json()["error"]["message"]
    claimed = person.claim("voice")
    assert claimed.status_code == 200
    assert person.claim("voice").json() == claimed.json()
    assert person.say(recording, language="en").json() == {"text": HEARD}
    sent = fields(upstream.calls[-1])
    assert sent["model"] == b"openai/whisper-large-v3"
    assert sent["language"] == b"en"
    assert sent["file"] == recording
    assert person.say(recording, response_format="text").text == f"{HEARD}\n"
    whole = person.say(recording, response_format="verbose_json", rewrite="commit_message").json()
    assert (whole["text"], whole["heard"]) == (COMMIT, HEARD)
    assert 1 < whole["duration"] < 10
    assert person.used() == 3
    assert person.prompts() == 0
    rows = service.rows(
        "SELECT id, model, model_asked, state, upstream, prompt_id FROM calls WHERE account_id ="
        " (SELECT id FROM accounts WHERE email = 'speaker@example.org') ORDER BY id"
    )
    assert [row[1:] for row in rows] == [("benefit/voice", "transcribe", "settled", "up", None)] * 3
    receipt = person.http.get(f"/api/usage/prompts/{rows[0][0]}").json()
    assert receipt["calls"][0]["state"] == "settled"
    for _ in range(2):
        assert person.say(recording).status_code == 200
    full = person.say(recording)
    assert full.status_code == 429
    assert full.json()["error"]["code"] == "1310"
    assert "Dictation usage limit reached for 1 month" in full.json()["error"]["message"]


def test_what_cannot_be_heard_is_free_and_says_why(service: Service, recording: bytes) -> None:
    person = Person(service, "wrong@example.org")
    person.claim("voice")
    large = recording + bytes(26 * 1024 * 1024 - len(recording))
    for file, name, more, status, why in (
        (large, "long.wav", {}, 413, "larger than 25 MB"),
        (b"This is a text.\n" * 50, "note.wav", {}, 400, "this one is none, whatever its name"),
        (recording[:30], "cut.wav", {}, 400, "recording is"),
        (silence(31), "long.wav", {}, 400, "longer than 30 seconds"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "list.m3u8", {}, 400, "expected a sound file"),
        (recording, "said.wav", {"response_format": "srt"}, 400, "one of json, text"),
        (recording, "said.wav", {"stream": "true"}, 400, "comes whole"),
        (recording, "said.wav", {"rewrite": "sing"}, 400, "one of polish"),
    ):
        refused = person.say(file, name, **more)
        assert refused.status_code == status, refused.text
        error = refused.json()["error"]
        assert why in error["message"], error
        assert error["code"] == "1210"
    no_file = person.http.post(AT, data={"model": "whisper"}, files={"other": b"x"})
    assert (no_file.status_code, "field 'file'" in no_file.text) == (400, True)
    with service.client() as http:
        assert http.post(AT, files={"file": recording}).status_code == 401
    assert person.used() == 0


def test_one_that_is_over_says_so(service: Service, recording: bytes) -> None:
    person = Person(service, "late@example.org")
    person.claim("voice")
    service.cli("admin", "clock", person.email, "--days", "40",
                "--url", service.url, "--data", str(service.data))  # fmt: skip
    over = person.say(recording)
    assert over.status_code == 403
    assert over.json()["error"]["code"] == "1309"
    assert "ended with the plan" in over.json()["error"]["message"]
    assert person.benefit("voice")["state"] == "over"
    again = person.claim("voice")
    assert again.status_code == 409


def test_partners_codes_are_given_once_each(service: Service, tmp_path: Path) -> None:
    people = [Person(service, f"reader{number}@example.org") for number in range(3)]
    none = people[0].claim("editor")
    assert (none.status_code, none.json()["error"]["code"]) == (409, "no_code_left")
    file = tmp_path / "codes"
    file.write_text("AAA-1\nBBB-2\n\nAAA-1\n")
    put = ("admin", "benefit-codes", "editor", str(file), "--url", service.url,
           "--data", str(service.data))  # fmt: skip
    assert service.cli(*put) == {"added": 2, "left": 2}
    assert service.cli(*put) == {"added": 0, "left": 2}
    first, second = (person.claim("editor").json()["code"] for person in people[:2])
    assert {first, second} == {"AAA-1", "BBB-2"}
    assert people[0].claim("editor").json()["code"] == first
    assert people[2].claim("editor").status_code == 409
    shown = people[0].benefit("editor")
    assert (shown["state"], shown["code"]) == ("runs", first)
    # Nobody reads them in the audit log.
    log = service.rows("SELECT body FROM documents WHERE kind = 'audit'")
    assert log and not any("AAA-1" in str(row) for row in log)


def test_without_a_speech_model_it_says_so(tmp_path: Path, recording: bytes) -> None:
    config = catalogue("http://127.0.0.1:9/v1") + CATALOGUE.replace('model = "whisper"\n', "")
    missing_extra = without_the_extra(tmp_path / "hidden")
    with Service(tmp_path, config, environment=missing_extra) as silent:
        assert silent.told["speech_model"] is None
        person = Person(silent, "deaf@example.org")
        person.claim("voice")
        missing = person.say(recording)
        assert missing.status_code == 501
        assert "No speech model is set up" in missing.json()["error"]["message"]
        assert "`make up EXTRAS=speech`" in missing.json()["error"]["message"]
        pages = Pages(silent)
        pages.with_key(str(person.http.headers["authorization"]).removeprefix("Bearer "))
        for language in ("en", "zh-CN"):
            shown = pages.http.get("/console/benefits/voice", headers={"accept-language": language})
            assert "make up EXTRAS=speech" in shown.text
        assert person.used() == 0
        elsewhere = Person(silent, "noplan@example.org")
        silent.cli("admin", "clock", elsewhere.email, "--days", "40",
                   "--url", silent.url, "--data", str(silent.data))  # fmt: skip
        assert "None of your plans" in elsewhere.say(recording).json()["error"]["message"]
