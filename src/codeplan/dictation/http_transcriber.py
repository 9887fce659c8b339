"""Recordings heard by a model of the catalogue, on any server that has OpenAI's
`/audio/transcriptions`, as vLLM has it for Whisper."""

import json

import httpx

from codeplan.dictation.transcriber import Heard, TranscriptionRequest
from codeplan.routing.asking import AskFailed, Asking
from codeplan.subscriptions.apart import Spent, WorkFailed
from codeplan.upstream.base import Upstream, UpstreamCall

_PATH = "/audio/transcriptions"


class HttpTranscriber:
    """A `Transcriber` by HTTP. ``name``: the catalogue's id of the model."""

    def __init__(self, name: str, asking: Asking) -> None:
        self.name, self._asking = name, asking

    async def transcribe(self, request: TranscriptionRequest, spent: Spent) -> Heard:
        recording = request.recording

        def call(_: Upstream, name: str) -> UpstreamCall:
            form = httpx.Request(
                "POST",
                "http://upstream",
                data={"model": name, "response_format": "json", **request.options},
                files={"file": (recording.file_name, request.file, recording.media_type)},
            )
            kind = form.headers["content-type"].encode()
            return UpstreamCall(_PATH, form.read(), content_type=kind)

        def read(upstream: Upstream, name: str, body: bytes) -> Heard:
            answer = json.loads(body)
            spent.upstream, spent.upstream_model = upstream.settings.name, name
            text, language = str(answer["text"]).strip(), str(answer.get("language") or "")
            return Heard(text, recording.seconds, language)

        try:
            return await self._asking.post(self.name, call, read)
        except AskFailed as failed:
            raise WorkFailed(f"The speech model did not answer: {failed}", 503) from None

    async def close(self) -> None:
        """Its upstreams are not its own."""
