"""The line of recordings before a model in this process, with a model that follows a script."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codeplan.dictation.embedded import EmbeddedLimits, EmbeddedTranscriber
from codeplan.dictation.transcriber import Busy, Heard, TranscriptionRequest
from codeplan.dictation.whisper_files import ModelMissing
from codeplan.media.sounds import Recording
from codeplan.subscriptions.apart import Spent, WorkFailed
from support.sounds import tone


def segment(text: str, **more: float) -> SimpleNamespace:
    usual = {"compression_ratio": 1.0, "no_speech_prob": 0.0, "avg_logprob": -0.2}
    return SimpleNamespace(text=text, **{**usual, **more})


class Script:
    """A model: it tells when it hears, and goes on when it is let."""

    supported_languages = ("en", "zh")

    def __init__(self, *segments: SimpleNamespace) -> None:
        self.segments = segments or (segment(" One."), segment(" Two."))
        self.begun, self.go_on, self.asked = threading.Semaphore(0), threading.Semaphore(0), 0
        self.prompts: list[str | None] = []
        self.heard_language = "en"

    def transcribe(self, samples: Any, **options: Any) -> tuple[Iterator[Any], Any]:
        self.prompts.append(options["initial_prompt"])
        language = options["language"] or self.heard_language
        return self._decode(), SimpleNamespace(language=language)

    def _decode(self) -> Iterator[Any]:
        for one in self.segments:
            self.begun.release()
            assert self.go_on.acquire(timeout=30)
            self.asked += 1
            yield one

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, True, 30)

    def let(self, times: int) -> None:
        self.go_on.release(times)


def recording(seconds: int = 1, **options: str) -> TranscriptionRequest:
    return TranscriptionRequest(
        tone(seconds), Recording("recording.wav", "audio/wav", seconds), options
    )


def transcriber(script: Script, at_once: int = 1, waiting: int = 0) -> EmbeddedTranscriber:
    async def anywhere() -> Path:
        return Path()

    limits = EmbeddedLimits(at_once, waiting)
    return EmbeddedTranscriber("script", anywhere, limits, lambda *_: script)


async def hear(embedded: EmbeddedTranscriber, sent: Recording) -> Heard:
    return await embedded.transcribe(sent, Spent())


async def test_what_does_not_fit_into_the_line_is_sent_away_with_a_time() -> None:
    script = Script()
    embedded = transcriber(script, waiting=1)
    first = asyncio.create_task(hear(embedded, recording()))
    await script.has_begun()
    second = asyncio.create_task(hear(embedded, recording()))
    await asyncio.sleep(0)
    with pytest.raises(Busy) as busy:
        await hear(embedded, recording())
    assert busy.value.status == 503
    assert busy.value.retry_after_seconds >= 1
    script.let(4)
    assert (await first).text == (await second).text == "One. Two."
    assert (await asyncio.wait_for(again(embedded, script), 30)).text == "One. Two."
    await embedded.close()


async def again(embedded: EmbeddedTranscriber, script: Script) -> Heard:
    """Once the line has room."""
    while True:
        script.let(2)
        try:
            return await hear(embedded, recording())
        except Busy:
            await asyncio.sleep(0)


async def test_what_nobody_waits_for_ends_at_the_next_segment_and_gives_its_place_back() -> None:
    script = Script()
    embedded = transcriber(script)
    left = asyncio.create_task(hear(embedded, recording()))
    await script.has_begun()
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    with pytest.raises(Busy):
        await hear(embedded, recording())  # its thread still takes its core
    script.let(1)
    assert (await asyncio.wait_for(again(embedded, script), 30)).text == "One. Two."
    await embedded.close()


async def test_closing_waits_for_no_whole_recording() -> None:
    script = Script()
    embedded = transcriber(script)
    running = asyncio.create_task(hear(embedded, recording()))
    await script.has_begun()
    closing = asyncio.create_task(embedded.close())
    await asyncio.sleep(0)
    script.let(1)
    await closing
    assert script.asked == 1
    assert (await running).text == ""


@pytest.mark.parametrize(
    "no_speech",
    [
        segment(" so so so so so so", compression_ratio=5.0),
        segment(" Thank you.", no_speech_prob=0.9, avg_logprob=-1.0),
    ],
)
async def test_words_that_nobody_said_are_left_out(no_speech: SimpleNamespace) -> None:
    script = Script(no_speech, segment(" Add a test.", no_speech_prob=0.9))
    embedded = transcriber(script)
    script.let(2)
    assert await hear(embedded, recording()) == Heard("Add a test.", 1, "en")
    await embedded.close()


async def test_each_language_has_its_prompt_and_the_senders_goes_before() -> None:
    script = Script(segment(" Da."))
    embedded = transcriber(script)
    script.let(20)
    await hear(embedded, recording())
    assert script.prompts == ["A developer dictates to a coding assistant."]
    for options, characters in (
        ({"language": "zh"}, "开发者"),
        ({"language": "zh-CN"}, "开发者"),
        ({"language": "zh-TW"}, "開發者"),
        ({"language": "zh_Hant"}, "開發者"),
        ({"language": "EN", "prompt": "Kubernetes"}, "Kubernetes"),
    ):
        await hear(embedded, recording(**options))
        assert characters in str(script.prompts[-1]), options
    script.heard_language = "zh"
    await hear(embedded, recording())
    assert "开发者" in str(script.prompts[-1])
    for options in ({"language": "klingon"}, {"temperature": "2"}, {"temperature": "warm"}):
        with pytest.raises(WorkFailed) as failed:
            await hear(embedded, recording(**options))
        assert failed.value.status == 400
    await embedded.close()


async def test_a_model_that_could_not_be_loaded_is_tried_again() -> None:
    script, tries = Script(), []

    async def locate() -> Path:
        tries.append(1)
        if len(tries) == 1:
            raise ModelMissing("there is no network")
        return Path()

    embedded = EmbeddedTranscriber("script", locate, EmbeddedLimits(), lambda *_: script)
    with pytest.raises(WorkFailed, match="there is no network") as failed:
        await hear(embedded, recording())
    assert failed.value.status == 503
    script.let(2)
    assert (await hear(embedded, recording())).text == "One. Two."
    assert len(tries) == 2
    await embedded.close()


async def test_a_model_that_breaks_fails_the_recording_alone() -> None:
    script = Script()
    embedded = transcriber(script)
    script.segments = (SimpleNamespace(text="no measures"),)
    script.let(1)
    with pytest.raises(WorkFailed) as failed:
        await hear(embedded, recording())
    assert failed.value.status == 503
    script.segments = (segment(" Well."),)
    assert (await asyncio.wait_for(again(embedded, script), 30)).text == "Well."
    await embedded.close()
