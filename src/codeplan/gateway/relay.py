"""Asking a model's routes, one after the other, until one answers; what it answers is passed on by
`Attempt`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from codeplan.clients.refusal import Refusal, Wait
from codeplan.gateway import refusals
from codeplan.gateway.attempt import Ask, Attempt, CallerLeft, TryNext
from codeplan.gateway.caller_stream import CallerStream
from codeplan.gateway.formats import OPENAI_CHAT
from codeplan.gateway.giving_up import GaveUp
from codeplan.gateway.settlement import Settlement
from codeplan.gateway.tallying import count_refusal, count_try
from codeplan.kit.clock import Clock
from codeplan.metering.tallies import Tallies
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.outline import Malformed
from codeplan.routing.rests import Failure
from codeplan.routing.routes import OpenRoute, Router
from codeplan.telemetry import log


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """``read_on_seconds``: how long an upstream is read after its caller has left.
    ``charges_cut``: content that came before an upstream broke off is charged; else it is free.
    ``sign_of_life_seconds``: after so long a silence a stream says that it lives.
    ``caller_timeout_seconds``: a caller that takes nothing for so long is taken to have left."""

    read_on_seconds: float = 60.0
    charges_cut: bool = False
    sign_of_life_seconds: float = 10.0
    caller_timeout_seconds: float = 300.0


class Relay:
    def __init__(
        self, router: Router, clock: Clock, tallies: Tallies, settings: RelaySettings
    ) -> None:
        self._router, self._clock, self._tallies = router, clock, tallies
        self._settings = settings
        self._gave_up = GaveUp()

    async def run(self, ask: Ask, settlement: Settlement) -> None:
        """Relay and settle. Raises Refusal when nothing was sent; StoreFailed."""
        answering = self._answering(ask)
        stream = self._stream(ask) if ask.outline.stream else None
        if stream is None and self._gave_up.falls_back(ask.affinity):
            await settlement.release("failed", why="its stream has just failed on every route")
            raise refusals.gave_up(refusals.upstream_failed().code)
        try:
            await self._try_routes(ask, answering, settlement, stream)
        except (Refusal, Malformed) as error:
            if stream is None or not stream.opened:
                raise
            refusal = error if isinstance(error, Refusal) else refusals.malformed(str(error))
            self._end_with(ask, answering, stream, refusal)
            del refusal
        finally:
            if stream is not None:
                stream.stop()

    async def _try_routes(
        self, ask: Ask, answering: Answering, settlement: Settlement, stream: CallerStream | None
    ) -> None:
        """Raises Refusal, Malformed, StoreFailed."""
        # What they say, not the exceptions: with their tracebacks, those would keep the call.
        tries: list[tuple[Refusal, Failure]] = []
        for route in self._router.routes(ask.model, ask.affinity):
            try:
                await self._try(ask, answering, settlement, stream, route)
                return
            except TryNext as failed:
                tries.append((failed.refusal, failed.failure))
            except CallerLeft:
                await settlement.release("cut by client", why="the client left before any content")
                return
        back_in = self._router.back_in(ask.model)
        await settlement.release("failed", why=_last_words(tries, back_in))
        refusal = _refusal(tries, back_in, self._clock.now())
        if refusal.wait is Wait.MOMENT and self._gave_up.lately(ask.affinity):
            refusal = refusals.gave_up(refusal.code)
        tries.clear()
        try:
            raise refusal
        finally:
            del refusal

    async def _try(
        self,
        ask: Ask,
        answering: Answering,
        settlement: Settlement,
        stream: CallerStream | None,
        route: OpenRoute,
    ) -> None:
        """Raises TryNext, CallerLeft, Refusal, StoreFailed."""
        name = route.upstream.settings.name
        settlement.upstream, settlement.upstream_model = name, route.model
        settlement.watch.begin_try(name, route.model)
        failure: Failure | None = None
        why = ""
        try:
            settings = self._settings
            attempt = Attempt(
                ask, answering, route, settlement, stream, self._clock.now(),
                settings.read_on_seconds, settings.charges_cut,
            )  # fmt: skip
            cut = await attempt.run()
            if cut:
                failure = Failure(cut, inside=True)
                route.failed(failure)
            else:
                route.answered()
        except TryNext as failed:
            failure = failed.failure
            route.failed(failure)
            log.warning("route failed", request_id=ask.request_id, upstream=name, why=failure.why)
            raise
        except Refusal as refusal:
            # The call is at fault, not the upstream.
            route.answered()
            why = f"refused with {refusal.status}"
            raise
        except CallerLeft:
            why = "the client left"
            raise
        finally:
            route.let_go()
            settlement.watch.end_try(failure.why if failure else why)
            count_try(self._tallies, name, failed=failure is not None)

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

    def _stream(self, ask: Ask) -> CallerStream:
        return CallerStream(
            ask.caller,
            ask.format.name,
            ask.headers,
            ask.outline.event_stream,
            self._settings.sign_of_life_seconds,
            self._settings.caller_timeout_seconds,
        )

    def _end_with(
        self, ask: Ask, answering: Answering, stream: CallerStream, refusal: Refusal
    ) -> None:
        """Refuse in a stream that a sign of life has opened: as its protocol tells errors there."""
        count_refusal(self._tallies, refusal.code, refusal.status)
        log.info(
            "refused in its stream",
            request_id=ask.request_id,
            status=refusal.status,
            code=refusal.code,
        )
        if refusal.code in refusals.OF_UPSTREAMS:
            self._gave_up.note(ask.affinity)
            refusal = refusals.gave_up(refusal.code)
        stream.end(error_event(ask, answering, refusal))


def error_event(ask: Ask, answering: Answering, refusal: Refusal) -> bytes:
    """The refusal as an error inside of the caller's stream."""
    if ask.format is OPENAI_CHAT:
        # With our code and not the status: OpenCode tries again whatever has a 503 in it.
        body = ask.format.error(502, refusal.code, refusal.message, ask.request_id)
        return b"data: " + body + b"\n\n"
    kind = ask.error_in_stream if refusal.code in refusals.OF_UPSTREAMS else ""
    failed = inner.Failed(refusal.status, refusal.message, kind)
    return ask.format.writer(answering).write(failed)


def _last_words(tries: Sequence[tuple[Refusal, Failure]], back_in: float | None) -> str:
    if tries:
        return tries[-1][1].why
    return "no route" if back_in is None else "every route rests"


def _refusal(tries: Sequence[tuple[Refusal, Failure]], back_in: float | None, now: int) -> Refusal:
    """What to say when no route is left: of the last one; where each said when to come again, the
    soonest of them."""
    if not tries:
        if back_in is None:
            return refusals.upstream_failed()
        return refusals.upstream_busy(math.ceil(back_in))
    own = [failure.own_seconds for _, failure in tries if failure.own_seconds is not None]
    refusal = tries[-1][0]
    if len(own) == len(tries):
        return refusals.of_upstream(refusal.status, min(own), now)
    return refusal
