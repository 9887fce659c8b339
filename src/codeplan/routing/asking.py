"""Asking a model for this service's own work, and having the whole answer: pictures looked at,
speech heard, a text rewritten. Each of the model's routes is tried in order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from codeplan.kit.clock import Clock
from codeplan.protocol import complaints, inner
from codeplan.protocol.outline import Malformed
from codeplan.protocol.usage import Usage
from codeplan.routing.failures import of_status
from codeplan.routing.formats import UPSTREAM_FORMATS
from codeplan.routing.routes import OpenRoute, Router
from codeplan.telemetry import log
from codeplan.upstream.base import CALLS_FAULT, Upstream, UpstreamCall, UpstreamFailed

T = TypeVar("T")
# So many characters of a server's error are passed on.
_SAID = 300


class Refused(Exception):
    """An upstream says that the call itself is wrong: another would say the same."""


class AskFailed(Exception):
    """No route answered; the text says what the last one did."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it. ``upstream``, ``model``: who answered, and its name for the model. ``tiny``:
    whether that is a model for trying the service."""

    text: str
    upstream: str
    model: str
    usage: Usage | None = None
    tiny: bool = False


class Asking:
    def __init__(self, router: Router, clock: Clock) -> None:
        self._router, self._clock = router, clock

    async def ask(
        self, model: str, request: inner.Request, simpler: inner.Request | None = None
    ) -> Told:
        """The answer's text. ``simpler``: what a tiny model is asked in its place. Raises
        AskFailed."""

        def call(upstream: Upstream, name: str) -> UpstreamCall:
            form = UPSTREAM_FORMATS[upstream.settings.protocol]
            asked = simpler if upstream.tiny and simpler is not None else request
            body = form.encode_request(asked, name, upstream.settings.dialect_of(name))
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
            return Told(text, upstream.settings.name, name, progress.usage, upstream.tiny)

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
        for route in self._router.routes(model):
            upstream, name = route.upstream, route.model
            try:
                return read(upstream, name, await self._send(route, call(upstream, name)))
            except Refused as refused:
                why = str(refused)
                break
            except (UpstreamFailed, AskFailed, Malformed) as failed:
                why = str(failed)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                why = "the upstream's answer has a shape that its protocol does not know"
            finally:
                route.let_go()
            log.warning("asking failed", model=model, upstream=upstream.settings.name, why=why)
        raise AskFailed(why)

    async def _send(self, route: OpenRoute, call: UpstreamCall) -> bytes:
        """The answer's body. Raises UpstreamFailed, AskFailed; Refused where the call is at
        fault."""
        answer, body = await route.fetch(call)
        if answer.status == 200:
            route.answered()
            return body
        said = complaints.read_body(body, answer.status).message
        why = f"the model's server answered {answer.status}: {said[:_SAID]}"
        if answer.status in CALLS_FAULT:
            route.answered()
            raise Refused(why)
        route.failed(of_status(answer.status, why, self._clock.now(), answer.headers))
        raise AskFailed(why)
