"""Asking upstreams and passing on what they answer.

Nothing is sent to the caller until there is content, so that another route can be tried. The
answer's end is held back until its settlement is durable.
"""

import asyncio

import msgspec

from codeplan.clients.refusal import Refusal
from codeplan.gateway import refusals
from codeplan.gateway.caller import Caller, Headers
from codeplan.gateway.formats import CallerFormat
from codeplan.gateway.leaving import Leaving
from codeplan.gateway.settlement import Settlement
from codeplan.gateway.tallying import count_try
from codeplan.gateway.translation import Plan, StreamCarrier, WholeCarrier, plan_body
from codeplan.kit.clock import Clock
from codeplan.metering.tallies import Tallies
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.outline import Outline
from codeplan.routing.budget import RetryBudget
from codeplan.routing.routes import Router
from codeplan.telemetry import log
from codeplan.upstream.base import (
    CALLS_FAULT,
    Upstream,
    UpstreamAnswer,
    UpstreamCall,
    UpstreamFailed,
)
from codeplan.upstream.reading import read_whole

_STREAM: Headers = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
_BROKEN_OFF = "the upstream ended in the middle of its answer"
# Where a stream is one JSON array.
_ARRAY: Headers = ((b"content-type", b"application/json"), *_STREAM[1:])
_JSON: Headers = ((b"content-type", b"application/json"),)


class Ask(msgspec.Struct, frozen=True):
    """A call that may be relayed. ``headers``: what its answer carries beside the usual.
    ``affinity``: the thread whose calls keep to one server."""

    request_id: str
    format: CallerFormat
    outline: Outline
    model: str
    caller: Caller
    headers: Headers
    affinity: str = ""


class TryNext(Exception):
    """Nothing came of this route; ``refusal`` is what to say when it was the last."""

    def __init__(self, refusal: Refusal, why: str) -> None:
        super().__init__(why)
        self.refusal = refusal


class CallerLeft(Exception):
    """The caller left before anything was sent."""


class Relay:
    """``read_on_seconds``: how long an upstream is read after its caller has left.
    ``charges_cut``: content that came before an upstream broke off is charged; else it is free."""

    def __init__(
        self,
        router: Router,
        clock: Clock,
        tallies: Tallies,
        read_on_seconds: float,
        charges_cut: bool = False,
    ) -> None:
        self._router, self._clock, self._tallies = router, clock, tallies
        self._read_on_seconds, self._charges_cut = read_on_seconds, charges_cut
        self._retries = RetryBudget()

    async def run(self, ask: Ask, settlement: Settlement) -> None:
        """Relay and settle. Raises Refusal when nothing was sent; StoreFailed."""
        last: TryNext | None = None
        self._retries.deposit()
        for upstream, model in self._router.routes(ask.model):
            if last is not None and not self._retries.withdraw():
                log.warning("no more second tries for now", request_id=ask.request_id)
                break
            settlement.upstream, settlement.upstream_model = upstream.settings.name, model
            try:
                await self._attempt(ask, upstream, model, settlement)
                count_try(self._tallies, upstream.settings.name, failed=False)
                return
            except TryNext as failed:
                last = failed
                count_try(self._tallies, upstream.settings.name, failed=True)
                log.warning(
                    "route failed",
                    request_id=ask.request_id,
                    upstream=upstream.settings.name,
                    why=str(failed),
                )
            except CallerLeft:
                await settlement.release("cut by client", why="the client left before any content")
                return
        await settlement.release("failed", why=str(last or "no route"))
        raise last.refusal if last else refusals.upstream_failed()

    def _answering(self, ask: Ask) -> Answering:
        return Answering(
            ask.request_id,
            ask.model,
            self._clock.now() // 1000,
            ask.outline.asks_usage,
            ask.outline.namespaces,
            ask.outline.free_form,
            ask.outline.event_stream,
            ask.outline.shows_thinking,
        )

    async def _attempt(
        self, ask: Ask, upstream: Upstream, model: str, settlement: Settlement
    ) -> None:
        caller = ask.caller
        plan = plan_body(ask.format, ask.outline, caller.whole_body(), upstream, model)
        leaving = Leaving(caller, self._read_on_seconds)
        headers = _passed_headers(ask, plan)
        call = UpstreamCall(plan.upstream.path, plan.body, headers, ask.affinity)
        try:
            answer = await upstream.send(call)
        except UpstreamFailed as failed:
            raise TryNext(refusals.upstream_failed(), str(failed)) from None
        except asyncio.CancelledError:
            leaving.forgive()
            raise CallerLeft from None
        leaving.answer = answer
        try:
            if answer.status != 200:
                raise await _refused(answer, plan)
            if ask.outline.stream:
                await self._stream(ask, plan, answer, settlement, leaving)
            else:
                await self._whole(ask, plan, answer, settlement, leaving)
            if not answer.done:
                await _drain(answer)
        except asyncio.CancelledError:
            leaving.forgive()
            raise CallerLeft from None
        finally:
            leaving.over()
            answer.close()

    async def _stream(
        self,
        ask: Ask,
        plan: Plan,
        answer: UpstreamAnswer,
        settlement: Settlement,
        leaving: Leaving,
    ) -> None:
        caller = ask.caller
        carrier = StreamCarrier(plan, self._answering(ask))
        progress = carrier.progress
        held: list[bytes] = []
        cut = ""
        while not (progress.ended or cut):
            try:
                data = await answer.chunk()
            except UpstreamFailed as failed:
                cut = str(failed)
                data = b""
            out = carrier.feed(data) if data else carrier.end()
            if not data:
                # Whole is whole, also where the connection broke behind the model's finish.
                cut = "" if progress.ended else cut or _BROKEN_OFF
            if progress.failure is not None:
                cut = progress.failure.message
            if not leaving.committed:
                if cut:
                    raise TryNext(_refusal(progress.failure), cut)
                held.append(out)
                if not (progress.content or progress.ended):
                    continue
                leaving.committed = True
                if progress.content:
                    settlement.content_came()
                stream = _STREAM if ask.outline.event_stream else _ARRAY
                caller.start_stream(200, (*stream, *ask.headers))
                out = b"".join(held)
            if out and not caller.gone:
                await caller.write(out)
        await _settle_stream(caller, carrier, settlement, cut, self._charges_cut)

    async def _whole(
        self,
        ask: Ask,
        plan: Plan,
        answer: UpstreamAnswer,
        settlement: Settlement,
        leaving: Leaving,
    ) -> None:
        try:
            body = await read_whole(answer)
        except UpstreamFailed as failed:
            raise TryNext(refusals.upstream_failed(), str(failed)) from None
        carrier = WholeCarrier(plan, self._answering(ask))
        out = carrier.carry(body)
        if carrier.progress.failure is not None:
            raise TryNext(_refusal(carrier.progress.failure), carrier.progress.failure.message)
        leaving.committed = True
        if ask.caller.gone:
            await settlement.release("cut by client", carrier.progress)
            return
        if carrier.progress.content:
            settlement.content_came()
            await settlement.settle(carrier.progress, "whole")
        else:
            await settlement.release("whole", carrier.progress, "the answer was empty")
        ask.caller.answer(200, (*_JSON, *ask.headers), out)


async def _settle_stream(
    caller: Caller, carrier: StreamCarrier, settlement: Settlement, cut: str, charges_cut: bool
) -> None:
    """Settle by the fair-charge rule, then let the end go out.

    Whole: due. Cut by the client after content: due, with what the upstream reports. Cut by the
    upstream: free, or for what was delivered, as the operator chose. An answer without content:
    free.
    """
    progress = carrier.progress
    if cut and not caller.gone:
        if charges_cut and progress.content:
            await settlement.settle(progress, "cut by upstream")
        else:
            await settlement.release("cut by upstream", progress, cut)
        told = carrier.tail if progress.failure else carrier.failure(inner.Failed(502, cut))
        caller.end_stream(told)
        return
    if not progress.content:
        await settlement.release("whole", progress, "the answer was empty")
    elif caller.gone:
        await settlement.settle(progress, "cut by client")
    else:
        await settlement.settle(progress, "whole")
    caller.end_stream(carrier.tail)


async def _drain(answer: UpstreamAnswer) -> None:
    """Read a body's last mark, so that its connection can be kept."""
    try:
        async with asyncio.timeout(1):
            while await answer.chunk():
                pass
    except (TimeoutError, UpstreamFailed):
        pass


async def _refused(answer: UpstreamAnswer, plan: Plan) -> Exception:
    """The exception for an upstream's answer that is no success."""
    try:
        body = await read_whole(answer)
    except UpstreamFailed:
        body = b""
    events = plan.upstream.decode_answer(body)
    told = events[0] if events and isinstance(events[0], inner.Failed) else None
    message = told.message if told else f"the upstream answered {answer.status}"
    if answer.status in CALLS_FAULT:
        return refusals.upstream_refused(answer.status, message)
    return TryNext(_refusal(inner.Failed(answer.status, message)), f"{answer.status}: {message}")


def _refusal(failure: inner.Failed | None) -> Refusal:
    if failure is not None and failure.status in (429, 503, 529):
        return refusals.upstream_busy()
    return refusals.upstream_failed()


def _passed_headers(ask: Ask, plan: Plan) -> Headers:
    """Headers that mean something to an upstream of the same format; else the format's own."""
    if not plan.passes:
        return plan.upstream.own_headers
    theirs = ask.caller.headers
    passed = tuple((name, theirs[name]) for name in plan.upstream.passed_headers if name in theirs)
    missing = tuple(own for own in plan.upstream.own_headers if own[0] not in theirs)
    return passed + missing
