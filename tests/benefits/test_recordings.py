"""A recording goes to its speech server under the name and type of what it is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.media import filmed
from support.service import Service
from support.speech import HEARD, fields, listening
from support.upstream import Asked, ScriptedUpstream

GIVEN = Path(__file__).parents[1] / "support" / "media_files"
AT = "/api/paas/v4/audio/transcriptions"
NAMED = {
    "a01.webm": ("recording.webm", "audio/webm"),
    "a02.m4a": ("recording.m4a", "audio/mp4"),
    "a03.ogg": ("recording.ogg", "audio/ogg"),
    "a04.mp3": ("recording.mp3", "audio/mpeg"),
    "a05.wav": ("recording.wav", "audio/wav"),
}
MORE = {
    "a06.flac": ("recording.flac", "audio/flac"),
    "a07.aiff": ("recording.aiff", "audio/aiff"),
}


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Service, ScriptedUpstream]]:
    with listening(tmp_path_factory.mktemp("recordings")) as running:
        yield running


def named(asked: Asked) -> tuple[str, str]:
    """The file's name and type in the form that an upstream was sent."""
    head = re.search(
        rb'name="file"; filename="([^"]*)"\r\n[Cc]ontent-[Tt]ype: ([^\r]*)\r\n', asked.raw
    )
    assert head is not None, asked.raw[:500]
    return head[1].decode(), head[2].decode()


@pytest.mark.parametrize("cases", [NAMED, MORE])
def test_a_recording_is_named_by_what_it_is(
    both: tuple[Service, ScriptedUpstream], cases: dict[str, tuple[str, str]]
) -> None:
    """However the sender calls it, and whatever type it says."""
    service, upstream = both
    key = service.new_key(f"{len(cases)}@example.org")
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        assert http.post("/api/account/benefits/voice/claim").status_code == 200
        for name, right in cases.items():
            file = (GIVEN / name).read_bytes()
            sent = ("blob", file, "application/octet-stream")
            answered = http.post(AT, files={"file": sent}, data={"model": "any"})
            assert answered.json() == {"text": HEARD}, answered.text
            assert named(upstream.calls[-1]) == right
            assert fields(upstream.calls[-1])["file"] == file


def test_a_film_without_sound_is_free(both: tuple[Service, ScriptedUpstream]) -> None:
    service, upstream = both
    key, before = service.new_key("film@example.org"), len(upstream.calls)
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        http.post("/api/account/benefits/voice/claim")
        film = ("said.wav", filmed("vp8.webm"), "audio/wav")
        refused = http.post(AT, files={"file": film}, data={"model": "any"})
        assert refused.status_code == 400
        assert "The recording was not read: the file has no sound in it" in refused.text
        windows = http.get("/api/account/benefits").json()["benefits"][0]["windows"]
        assert windows[0]["used"] == 0
    assert len(upstream.calls) == before
