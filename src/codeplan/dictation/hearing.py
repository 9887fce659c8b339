"""From a recording to its text, by a speech model of the catalogue: any server that has OpenAI's
`/audio/transcriptions`, as vLLM has it for Whisper."""

import asyncio
import json
from dataclasses import dataclass

import httpx

from codeplan.media.kinds import MediaInvalid
from codeplan.media.sent import Sent
from codeplan.media.sounds import open_recording
from codeplan.routing.asking import AskFailed, Asking
from codeplan.subscriptions.apart import Spent, WorkFailed
from codeplan.upstream.base import Upstream, UpstreamCall

_PATH = "/audio/transcriptions"
# What of a caller's form goes on to the upstream.
_PASSED = ("language", "prompt", "temperature")


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """``model``: the catalogue's id of the speech model; "" for none. ``rewrite_model``: which
    model rewrites; "" for the first of the person's plan."""

    model: str = ""
    rewrite_model: str = ""
    most_megabytes: int = 25

    @property
    def most_bytes(self) -> int:
        return self.most_megabytes * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Heard:
    """``seconds``: the recording's. ``language``: as the model tells it; ""."""

    text: str
    seconds: float
    language: str = ""


class Hearing:
    def __init__(self, settings: SpeechSettings, asking: Asking) -> None:
        self.settings, self._asking = settings, asking

    async def hear(self, sent: Sent, most_seconds: float, spent: Spent) -> Heard:
        """Raises WorkFailed."""
        if not self.settings.model:
            raise WorkFailed("No speech model is set up at this service.", 501)
        try:
            recording = await asyncio.to_thread(open_recording, sent.file, most_seconds)
        except MediaInvalid as invalid:
            raise WorkFailed(f"The recording was not read: {invalid}.", 400) from None

        def call(_: Upstream, name: str) -> UpstreamCall:
            fields = {one: sent.fields[one] for one in _PASSED if sent.fields.get(one)}
            form = httpx.Request(
                "POST",
                "http://upstream",
                data={"model": name, "response_format": "json", **fields},
                files={"file": (recording.file_name, sent.file, recording.media_type)},
            )
            kind = form.headers["content-type"].encode()
            return UpstreamCall(_PATH, form.read(), content_type=kind)

        def read(upstream: Upstream, name: str, body: bytes) -> Heard:
            told = json.loads(body)
            spent.upstream, spent.upstream_model = upstream.settings.name, name
            return Heard(
                str(told["text"]).strip(), recording.seconds, str(told.get("language") or "")
            )

        try:
            heard = await self._asking.post(self.settings.model, call, read)
        except AskFailed as failed:
            raise WorkFailed(f"The speech model did not answer: {failed}", 503) from None
        if not heard.text:
            raise WorkFailed("Nothing was heard in the recording.", 400)
        return heard
