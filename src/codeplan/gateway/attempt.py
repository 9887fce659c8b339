"""One try of one upstream: asked, and what it answers passed on.

Nothing of an answer is sent before there is content, so that another route can be tried. The
answer's end is held back until its settlement is durable.
"""

import asyncio

import msgspec

from codeplan.clients.refusal import Refusal
from codeplan.gateway import refusals
from codeplan.gateway.caller import Caller, Headers
from codeplan.gateway.caller_stream import CallerStream
from codeplan.gateway.formats import CallerFormat
from codeplan.gateway.leaving import Leaving
from codeplan.gateway.settlement import Settlement
from codeplan.gateway.translation import BROKEN_OFF, Plan, StreamCarrier, WholeCarrier, plan_body
from codeplan.protocol import complaints, inner, overlong
from codeplan.protocol.answering import Answering
from codeplan.protocol.outline import Outline
from codeplan.routing.failures import broke, inside, of_status
from codeplan.routing.rests import Failure
from codeplan.routing.routes import OpenRoute
from codeplan.store.base import StoreFailed
from codeplan.upstream.base import CALLS_FAULT, UpstreamAnswer, UpstreamCall, UpstreamFailed
from codeplan.upstream.reading import read_whole

# Where others serve, a route whose rest is over has so long for its first content.
TRIAL_SECONDS = 10.0
_JSON: Headers = ((b"content-type", b"application/json"),)


class Ask(msgspec.Struct, frozen=True):
    """A call that may be relayed. ``headers``: what its answer carries beside the usual.
    ``affinity``: the thread whose calls keep to one server. ``about_tokens``: that it sends,
    roughly; ``context``: that its model reads, 0 where nobody said. ``error_in_stream``: its
    client's, where no upstream answers. ``most_tokens``: that the answer may have, whatever the
    call says; None for no such bound."""

    request_id: str
    format: CallerFormat
    outline: Outline
    model: str
    caller: Caller
    headers: Headers
    affinity: str = ""
    about_tokens: int = 0
    context: int = 0
    error_in_stream: str = ""
    most_tokens: int | None = None


class TryNext(Exception):
    """Nothing came of this route; ``refusal`` is what to say when it was the last."""

    def __init__(self, refusal: Refusal, failure: Failure) -> None:
        super().__init__(failure.why)
        self.refusal, self.failure = refusal, failure


class CallerLeft(Exception):
    """The caller left before anything of the answer was sent."""


class Attempt:
    """``stream``: where the answer goes; None for one that is not streamed.
    ``read_on_seconds``: how long an upstream is read after its caller has left. ``charges_cut``:
    content that came before an upstream broke off is charged; else it is free."""

    def __init__(
        self,
        ask: Ask,
        answering: Answering,
        route: OpenRoute,
        settlement: Settlement,
        stream: CallerStream | None,
        now: int,
        read_on_seconds: float,
        charges_cut: bool,
    ) -> None:
        self._ask, self._answering, self._route = ask, answering, route
        self._settlement, self._stream, self._now = settlement, stream, now
        self._charges_cut = charges_cut
        self._plan = plan_body(
            ask.format, ask.outline, ask.caller.whole_body(), route.upstream, route.model,
            ask.most_tokens,
        )  # fmt: skip
        self._leaving = Leaving(ask.caller, read_on_seconds)
        self._patience: asyncio.Timeout | None = None

    async def run(self) -> str:
        """Relay and settle; why the upstream broke off in the middle, or "".

        Raises TryNext, CallerLeft, Refusal, StoreFailed.
        """
        if not self._route.hurries:
            return await self._run()
        try:
            async with asyncio.timeout(TRIAL_SECONDS) as self._patience:
                return await self._run()
        except TimeoutError:
            why = f"{self._route.upstream.settings.name}: silent in its trial"
            raise TryNext(refusals.upstream_failed(), Failure(why, away=True)) from None

    async def _run(self) -> str:
        leaving = self._leaving
        headers = _passed_headers(self._ask, self._plan)
        call = UpstreamCall(self._plan.upstream.path, self._plan.body, headers)
        answer: UpstreamAnswer | None = None
        try:
            answer = leaving.answer = await self._route.upstream.send(call)
            if answer.status != 200:
                raise await self._refused(answer)
            if self._stream is not None:
                return await self._carry_stream(answer, self._stream)
            await self._carry_whole(answer)
            return ""
        except UpstreamFailed as failed:
            raise TryNext(refusals.upstream_failed(), broke(failed)) from None
        except asyncio.CancelledError:
            leaving.forgive()
            raise CallerLeft from None
        finally:
            leaving.over()
            if answer is not None:
                answer.close()

    async def _carry_stream(self, answer: UpstreamAnswer, stream: CallerStream) -> str:
        carrier = StreamCarrier(self._plan, self._answering)
        try:
            return await self._carry_pieces(answer, stream, carrier)
        except (Refusal, TryNext, UpstreamFailed):
            raise  # nothing of it has left
        except Exception as error:
            if stream.opened and self._leaving.committed:
                # Its end cannot leave: the caller is told so in its own protocol.
                failed = error if isinstance(error, StoreFailed) else None
                refusal = refusals.store_failed(failed) if failed else refusals.broken()
                stream.end(carrier.failure(inner.Failed(502, refusal.message)))
            raise

    async def _carry_pieces(
        self, answer: UpstreamAnswer, stream: CallerStream, carrier: StreamCarrier
    ) -> str:
        caller, leaving, progress = self._ask.caller, self._leaving, carrier.progress
        held: list[bytes] = []
        cut = ""
        while not (progress.ended or cut):
            try:
                data = await answer.chunk()
            except UpstreamFailed as failed:
                if not leaving.committed:
                    raise
                cut, data = str(failed), b""
            out = carrier.feed(data) if data else carrier.end()
            if not data:
                # Whole is whole, also where the connection broke behind the model's finish.
                cut = "" if progress.ended else cut or BROKEN_OFF
            if progress.failure is not None:
                cut = progress.failure.message
            if not leaving.committed:
                if cut:
                    raise self._failed_inside(progress.failure, cut)
                held.append(out)
                if not (progress.content or progress.ended):
                    continue
                self._commit(progress.content)
                out = b"".join(held)
            if out and not caller.gone:
                await stream.write(out)
        await self._settle_stream(stream, carrier, cut)
        if not answer.done:
            await _drain(answer)
        return "" if caller.gone or stream.stalled else cut

    async def _carry_whole(self, answer: UpstreamAnswer) -> None:
        carrier = WholeCarrier(self._plan, self._answering)
        out = carrier.carry(await read_whole(answer))
        if carrier.progress.failure is not None:
            raise self._failed_inside(carrier.progress.failure, carrier.progress.failure.message)
        self._commit(content=False)
        settlement, progress = self._settlement, carrier.progress
        if self._ask.caller.gone:
            await settlement.release("cut by client", progress)
            return
        if progress.content:
            settlement.content_came()
            await settlement.settle(progress, "whole")
        else:
            await settlement.release("whole", progress, "the answer was empty")
        self._ask.caller.answer(200, (*_JSON, *self._ask.headers), out)

    def _commit(self, content: bool) -> None:
        """From here on this route's answer is the call's."""
        self._leaving.committed = True
        if self._patience is not None:
            self._patience.reschedule(None)
        if content:
            self._settlement.content_came()

    async def _settle_stream(self, stream: CallerStream, carrier: StreamCarrier, cut: str) -> None:
        """Settle by the fair-charge rule, then let the end go out.

        Whole: due. Cut by the client after content, by leaving or by taking nothing for long: due,
        with what the upstream reports. Cut by the upstream: free, or for what was delivered, as the
        operator chose. An answer without content: free.
        """
        settlement, progress, gone = self._settlement, carrier.progress, self._ask.caller.gone
        if cut and not gone:
            if stream.stalled and progress.content:
                await settlement.settle(progress, "cut by client")
            elif self._charges_cut and progress.content:
                await settlement.settle(progress, "cut by upstream")
            else:
                await settlement.release("cut by upstream", progress, cut)
            failed = inner.Failed(502, cut)
            stream.end(carrier.tail if progress.failure else carrier.failure(failed))
            return
        if not progress.content:
            await settlement.release("whole", progress, "the answer was empty")
        elif gone:
            await settlement.settle(progress, "cut by client")
        else:
            await settlement.settle(progress, "whole")
        stream.end(carrier.tail)

    async def _refused(self, answer: UpstreamAnswer) -> Exception:
        """The exception for an upstream's answer that is no success."""
        try:
            body = await read_whole(answer)
        except UpstreamFailed:
            body = b""
        said = complaints.read_body(body, answer.status)
        if (refusal := self._at_fault(said)) is not None:
            return refusal
        failure = of_status(answer.status, said.message, self._now, answer.headers)
        return TryNext(refusals.of_upstream(answer.status, failure.own_seconds, self._now), failure)

    def _failed_inside(self, failed: inner.Failed | None, why: str) -> Exception:
        """The exception for an answer that failed before its first content."""
        if failed is None:
            return TryNext(refusals.upstream_failed(), Failure(why, inside=True))
        refusal = self._at_fault(complaints.Complaint(failed.status, why, failed.kind))
        if refusal is not None:
            return refusal
        failure = inside(failed.status, why, self._now)
        return TryNext(refusals.of_upstream(failed.status, failure.own_seconds, self._now), failure)

    def _at_fault(self, said: complaints.Complaint) -> Refusal | None:
        """The refusal, where the call itself is at fault: another upstream would say the same."""
        sent = overlong.read(said)
        if sent is None:
            at_fault = said.status in CALLS_FAULT
            return refusals.upstream_refused(said, None) if at_fault else None
        most = sent.most or self._ask.context
        tokens = sent.tokens or max(self._ask.about_tokens, most + 1 - sent.answer)
        return refusals.upstream_refused(said, overlong.Overlong(tokens, most, sent.answer))


async def _drain(answer: UpstreamAnswer) -> None:
    """Read a body's last mark, so that its connection can be kept."""
    try:
        async with asyncio.timeout(1):
            while await answer.chunk():
                pass
    except (TimeoutError, UpstreamFailed):
        pass


def _passed_headers(ask: Ask, plan: Plan) -> Headers:
    """Headers that mean something to an upstream of the same format; else the format's own."""
    if not plan.passes:
        return plan.upstream.own_headers
    theirs = ask.caller.headers
    passed = tuple((name, theirs[name]) for name in plan.upstream.passed_headers if name in theirs)
    missing = tuple(own for own in plan.upstream.own_headers if own[0] not in theirs)
    return passed + missing
