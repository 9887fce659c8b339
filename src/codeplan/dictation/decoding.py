"""One recording heard by Whisper: what the sender asked for, the decoding, and what of it nobody
said. It runs in a thread, and looks after each half minute whether it is still wanted."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from codeplan.dictation.samples import RATE, samples_of
from codeplan.dictation.transcriber import Heard, TranscriptionRequest
from codeplan.media.kinds import MediaInvalid
from codeplan.subscriptions.apart import WorkFailed

# Whisper hears half a minute at a time, however little is in it.
WINDOW_SECONDS = 30.0
# The library's whole row goes up to 1.0, and takes its time for noise that is no speech anyway.
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6)
# Whisper's own measures of a text that nobody said: a loop, or words for a sound.
_LOOPS_ABOVE, _NO_SPEECH_ABOVE, _UNSURE_BELOW = 2.4, 0.6, -0.8
# What the model is shown first where the sender gives no prompt: whose words these are, and for
# Chinese, that it has marks and which characters.
_PROMPTS = {
    "en": "A developer dictates to a coding assistant.",
    "zh": "以下是开发者说的普通话，有标点符号。",
}
_TRADITIONAL = "以下是開發者說的普通話，有標點符號。"
_TRADITIONAL_TAGS = frozenset({"tw", "hk", "mo", "hant"})


@dataclass(frozen=True, slots=True)
class Options:
    """``language``: its code; "" for whatever is heard. ``prompt``: what the model is shown before
    it hears; "" for what its language has."""

    language: str
    prompt: str
    temperatures: tuple[float, ...]


def options_of(fields: Mapping[str, str], languages: frozenset[str]) -> Options:
    """``languages``: those that the model knows. Raises WorkFailed."""
    code, *tags = re.split(r"[-_]", fields.get("language", "").strip().lower())
    if code and code not in languages:
        raise WorkFailed("language: expected a code that the model knows, such as zh or en", 400)
    prompt = fields.get("prompt", "")
    if code == "zh" and not prompt and _TRADITIONAL_TAGS & set(tags):
        prompt = _TRADITIONAL
    return Options(code, prompt, _temperatures(fields.get("temperature", "")))


def _temperatures(text: str) -> tuple[float, ...]:
    try:
        first = float(text or 0)
    except ValueError:
        first = -1.0
    if not 0 <= first <= 1:
        raise WorkFailed("temperature: expected a number from 0 to 1", 400)
    return (first,) if first else _TEMPERATURES


def decode(
    model: Any, request: TranscriptionRequest, options: Options, given_up: threading.Event
) -> Heard:
    """``model``: a `WhisperModel`. "" where nobody speaks, or where it was given up. Raises
    WorkFailed."""
    try:
        samples = samples_of(request.file, request.recording.seconds)
    except MediaInvalid as invalid:
        raise WorkFailed(f"The recording was not taken: {invalid}.", 400) from None
    if len(samples) < RATE // 10:
        return Heard("", request.recording.seconds)
    segments, about = _segments(model, samples, options)
    if about.language != (options.language or "en") and not options.prompt:
        # What is heard is known before it is decoded: nothing was lost but a look at the sound.
        options = replace(options, language=about.language)
        segments, about = _segments(model, samples, options)
    texts = []
    for segment in segments:
        if given_up.is_set():
            return Heard("", request.recording.seconds)
        if is_speech(segment):
            texts.append(segment.text)
    text = "".join(texts).strip()
    return Heard(text, request.recording.seconds, str(about.language) if text else "")


def _segments(model: Any, samples: Any, options: Options) -> tuple[Any, Any]:
    """The segments, each decoded when it is asked for; and what is known before. Where no language
    is asked for, the English prompt is shown."""
    return model.transcribe(  # type: ignore[no-any-return]  # the library has no types
        samples,
        language=options.language or None,
        initial_prompt=options.prompt or _PROMPTS.get(options.language or "en"),
        temperature=list(options.temperatures),
        # Silence is cut out first: Whisper hears words in it.
        vad_filter=True,
        # One wrong text would be gone on with.
        condition_on_previous_text=False,
    )


def is_speech(segment: Any) -> bool:
    """Whether somebody said it, as far as Whisper's own measures tell."""
    loops = segment.compression_ratio > _LOOPS_ABOVE
    unsure = segment.no_speech_prob > _NO_SPEECH_ABOVE and segment.avg_logprob < _UNSURE_BELOW
    return not (loops or unsure)
