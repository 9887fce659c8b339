"""From a recording to its text: checked, handed to whatever hears here, and refused where nobody
speaks in it."""

import asyncio
from dataclasses import dataclass

from codeplan.dictation.transcriber import Heard, Transcriber, TranscriptionRequest
from codeplan.media.kinds import MediaInvalid
from codeplan.media.sent import Sent
from codeplan.media.sounds import open_recording
from codeplan.subscriptions.apart import Spent, WorkFailed

# What brings a model that hears to a machine that has none; the page says it, too.
COMMAND = "make up EXTRAS=speech"
# What of a sender's form the model is told.
_OPTIONS = ("language", "prompt", "temperature")


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """``rewrite_model``: which model rewrites; "" for the first of the person's plan."""

    rewrite_model: str = ""
    most_megabytes: int = 25

    @property
    def most_bytes(self) -> int:
        return self.most_megabytes * 1024 * 1024


class Hearing:
    """``transcriber``: None where no speech model is set up."""

    def __init__(self, settings: SpeechSettings, transcriber: Transcriber | None) -> None:
        self.settings, self.transcriber = settings, transcriber

    async def hear(self, sent: Sent, most_seconds: float, spent: Spent) -> Heard:
        """Raises WorkFailed, Busy."""
        if self.transcriber is None:
            raise WorkFailed(
                "No speech model is set up at this service. Its operator can bring a small one for"
                f" trying with `{COMMAND}`, or name a server's in [speech].",
                501,
            )
        try:
            recording = await asyncio.to_thread(open_recording, sent.file, most_seconds)
        except MediaInvalid as invalid:
            raise WorkFailed(f"The recording was not read: {invalid}.", 400) from None
        options = {name: sent.fields[name] for name in _OPTIONS if sent.fields.get(name)}
        request = TranscriptionRequest(sent.file, recording, options)
        heard = await self.transcriber.transcribe(request, spent)
        if not heard.text:
            raise WorkFailed("Nothing was heard in the recording: nobody speaks in it.", 400)
        return heard
