"""Recordings heard by Whisper in this process: for trying, and for a few people at a time. Needs
the extra ``speech``. It holds the model, its threads and its line of recordings; what becomes of
one recording stands in `decoding`."""

import asyncio
import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeplan.dictation.decoding import WINDOW_SECONDS, decode, options_of
from codeplan.dictation.transcriber import Busy, Heard, TranscriptionRequest
from codeplan.dictation.whisper_files import Locate, ModelMissing
from codeplan.subscriptions.apart import Spent, WorkFailed
from codeplan.telemetry import log

UPSTREAM = "embedded"
# An hour of samples is 230 MB, and as much again as what Whisper sees of them.
_MOST_SECONDS = 1800.0
# So long a caller waits for a model that is being loaded or fetched.
_PATIENCE_SECONDS = 20.0
_FETCHING_SECONDS = 30
# What half a minute takes, until it has been measured here.
_FIRST_GUESS_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class EmbeddedLimits:
    """``at_once``: recordings that are heard at the same time; ``waiting``: those behind them,
    before others are sent away. ``threads``: of each that is heard."""

    at_once: int = 1
    waiting: int = 8
    threads: int = max(1, (os.cpu_count() or 2) - 1)


@dataclass(eq=False, slots=True)
class _Job:
    """One recording in the line. ``windows``: the half minutes that it has."""

    windows: int
    given_up: threading.Event = field(default_factory=threading.Event)


# A model of that folder, as faster-whisper's `WhisperModel` is one.
Load = Callable[[Path, EmbeddedLimits], Any]


class EmbeddedTranscriber:
    """A `Transcriber` in this process. ``name``: of the model."""

    def __init__(
        self, name: str, locate: Locate, limits: EmbeddedLimits, load: Load | None = None
    ) -> None:
        self.name, self._locate, self._limits = name, locate, limits
        self._load_model = load or load_whisper
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(limits.at_once, "speech")
        self._loading: asyncio.Task[Any] | None = None
        # In the order in which they came.
        self._jobs: dict[_Job, None] = {}
        self._window_seconds = _FIRST_GUESS_SECONDS

    def prepare(self) -> None:
        """Load the model ahead of the first recording: one that must be fetched takes minutes."""
        self._load_once()

    async def transcribe(self, request: TranscriptionRequest, spent: Spent) -> Heard:
        if request.recording.seconds > _MOST_SECONDS:
            minutes = _MOST_SECONDS / 60
            raise WorkFailed(f"The speech model hears at most {minutes:g} minutes at once.", 400)
        self._check_line()
        model = await self._model()
        options = options_of(request.options, frozenset(model.supported_languages))
        self._check_line()
        job = _Job(math.ceil(request.recording.seconds / WINDOW_SECONDS))

        def work() -> Heard:
            begun = self._loop.time()
            heard = decode(model, request, options, job.given_up)
            if not job.given_up.is_set():
                self._window_seconds = (self._loop.time() - begun) / job.windows
            return heard

        self._jobs[job] = None
        running = self._threads.submit(work)
        # The thread's own end, not the caller's: one that was left still takes its core.
        running.add_done_callback(lambda _: self._tell_end(job))
        try:
            heard = await asyncio.wrap_future(running)
        except WorkFailed:
            raise
        except Exception as error:  # whatever the library raises, this recording was not heard
            log.exception("speech failed", model=self.name)
            raise WorkFailed(f"The speech model failed: {error}", 503) from None
        finally:
            job.given_up.set()
        spent.upstream, spent.upstream_model = UPSTREAM, self.name
        return heard

    async def close(self) -> None:
        """Ends within the half minute of sound that is being heard."""
        for job in self._jobs:
            job.given_up.set()
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _tell_end(self, job: _Job) -> None:
        """From the job's thread, or from the loop for one that never began."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._jobs.pop, job, None)

    def _check_line(self) -> None:
        """Raises Busy."""
        if len(self._jobs) < self._limits.at_once + self._limits.waiting:
            return
        first = next(iter(self._jobs))
        seconds = max(1, math.ceil(first.windows * self._window_seconds))
        raise Busy("Too many recordings are being heard already. Come again soon.", seconds)

    async def _model(self) -> Any:
        """Raises WorkFailed, Busy."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.shield(self._load_once())
        except TimeoutError:
            text = "The speech model is still being fetched or loaded. Come again soon."
            raise Busy(text, _FETCHING_SECONDS) from None
        except ModelMissing as missing:
            raise WorkFailed(f"The speech model cannot be used: {missing}.", 503) from None

    def _load_once(self) -> asyncio.Task[Any]:
        """One loading for all who wait; one that failed is tried again by whoever comes next."""
        if self._loading is None or (self._loading.done() and _failed(self._loading)):
            self._loading = asyncio.create_task(self._load())
            self._loading.add_done_callback(self._tell_loading)
        return self._loading

    def _tell_loading(self, loading: asyncio.Task[Any]) -> None:
        if not loading.cancelled() and (problem := loading.exception()) is not None:
            log.warning("speech model missing", model=self.name, why=str(problem))

    async def _load(self) -> Any:
        """Raises ModelMissing."""
        folder = await self._locate()
        try:
            return await asyncio.to_thread(self._load_model, folder, self._limits)
        except Exception as error:  # whatever the library raises, the files hold no model
            raise ModelMissing(f"{folder} holds no model that can be loaded: {error}") from None


def _failed(loading: asyncio.Task[Any]) -> bool:
    return loading.cancelled() or loading.exception() is not None


def load_whisper(folder: Path, limits: EmbeddedLimits) -> Any:
    from faster_whisper import WhisperModel

    # int8 hears as well as the floats that it was made of, in half of their memory.
    return WhisperModel(
        str(folder),
        device="cpu",
        compute_type="int8",
        cpu_threads=limits.threads,
        num_workers=limits.at_once,
    )
