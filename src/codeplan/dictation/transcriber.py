"""What turns a recording into its text, as those who ask know it: a model's server, or a model in
this process. It decides nothing about who may ask, and charges nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from codeplan.media.sounds import Recording
from codeplan.subscriptions.apart import Spent, WorkFailed


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """A file, and the recording that it is. ``options``: what of the sender's form a model may be
    told: ``language``, ``prompt``, ``temperature``; no empty ones."""

    file: bytes
    recording: Recording
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """``text``: "" where nobody speaks. ``seconds``: the recording's. ``language``: as the model
    tells it; ""."""

    text: str
    seconds: float
    language: str = ""


class Busy(WorkFailed):
    """Too much is being heard already, or the model is not ready yet. ``retry_after_seconds``: when
    to come again."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message, 503)
        self.retry_after_seconds = retry_after_seconds


class Transcriber(Protocol):
    """``name``: of the model, for those who look at the service."""

    name: str

    async def transcribe(self, request: TranscriptionRequest, spent: Spent) -> Heard:
        """Raises WorkFailed, Busy. Given up by being cancelled."""
        ...

    async def close(self) -> None: ...
