"""Asking a model for this service's own work, and having the whole answer: pictures looked at,
speech heard, a text rewritten. Each of the model's routes is tried in order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from codeplan.protocol import inner
from codeplan.protocol.outline import Malformed
from codeplan.protocol.usage import Usage
from codeplan.routing.formats import UPSTREAM_FORMATS
from codeplan.routing.routes import Router
from codeplan.telemetry import log
from codeplan.upstream.base import CALLS_FAULT, Upstream, UpstreamCall, UpstreamFailed
from codeplan.upstream.reading import read_whole

T = TypeVar("T")


class AskFailed(Exception):
    """No route answered; the text says what the last one did."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it. ``upstream``, ``model``: who answered, and its name for the model."""

    text: str
    upstream: str
    model: str
    usage: Usage | None = None


class Asking:
    def __init__(self, router: Router) -> None:
        self._router = router

    async def ask(self, model: str, request: inner.Request) -> Told:
        """The answer's text. Raises AskFailed."""

        def call(upstream: Upstream, name: str) -> UpstreamCall:
            form = UPSTREAM_FORMATS[upstream.settings.protocol]
            body = form.encode_request(request, name, upstream.settings.dialect_of(name))
            return UpstreamCall(form.path, body, form.own_headers)

        def read(upstream: Upstream, name: str, body: bytes) -> Told:
            events = UPSTREAM_FORMATS[upstream.settings.protocol].decode_answer(body)
            progress = inner.Progress()
            for event in events:
                progress.note(event)
            if progress.failure is not None:
                raise AskFailed(progress.failure.message)
            text = "".join(event.text for event in events if isinstance(event, inner.TextDelta))
            if not text.strip():
                raise AskFailed("the model's answer was empty")
            return Told(text, upstream.settings.name, name, progress.usage)

        return await self.post(model, call, read)

    async def post(
        self,
        model: str,
        call: Callable[[Upstream, str], UpstreamCall],
        read: Callable[[Upstream, str, bytes], T],
    ) -> T:
        """Any call to the model's upstreams: ``call`` and ``read`` get the upstream and its name
        for the model. Raises AskFailed."""
        why = f"no upstream serves {model}"
        for upstream, name in self._router.routes(model):
            try:
                status, body = await _send(upstream, call(upstream, name))
                if status == 200:
                    return read(upstream, name, body)
                why = _complaint(upstream, status, body)
                if status in CALLS_FAULT:
                    break
            except (UpstreamFailed, AskFailed, Malformed) as failed:
                why = str(failed)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                why = "the upstream's answer has a shape that its protocol does not know"
            log.warning("asking failed", model=model, upstream=upstream.settings.name, why=why)
        raise AskFailed(why)


async def _send(upstream: Upstream, call: UpstreamCall) -> tuple[int, bytes]:
    answer = await upstream.send(call)
    try:
        return answer.status, await read_whole(answer)
    finally:
        answer.close()


def _complaint(upstream: Upstream, status: int, body: bytes) -> str:
    form = UPSTREAM_FORMATS[upstream.settings.protocol]
    try:
        events = form.decode_answer(body)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        events = []
    if events and isinstance(events[0], inner.Failed):
        return f"the model's server answered {status}: {events[0].message[:300]}"
    return f"the model's server answered {status}"
