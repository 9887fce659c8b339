"""The second half of a call's story: a place among its payer's calls at once, what it claims to
belong to, its reservation, the relay and the settlement. Knows no sockets and no addresses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec import structs

from codeplan.billing.overages import CapReached
from codeplan.billing.purse import Purse
from codeplan.clients.base import Client, SeenCall, hashed
from codeplan.clients.limits import limit_headers
from codeplan.clients.refusal import Refusal
from codeplan.gateway import refusals
from codeplan.gateway.addresses import CODING_BASE
from codeplan.gateway.attempt import Ask
from codeplan.gateway.caller import Caller, Headers
from codeplan.gateway.evidence import Evidence
from codeplan.gateway.formats import CallerFormat
from codeplan.gateway.identity import identity_headers
from codeplan.gateway.lanes import Funding
from codeplan.gateway.paying import pay
from codeplan.gateway.relay import Relay
from codeplan.gateway.settlement import PlanSettlement, Settlement
from codeplan.gateway.stopwatch import Stopwatch
from codeplan.gateway.tallying import count_speed
from codeplan.kit.clock import Clock
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots
from codeplan.metering.tallies import Tallies
from codeplan.plan.admission import Verdict
from codeplan.plan.catalogue import Catalogue, Model
from codeplan.plan.reached import Reached, first_to_reopen
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.plan.windows import WindowView
from codeplan.protocol.outline import Outline
from codeplan.protocol.usage import about_tokens
from codeplan.store.operations import NotAdmitted, Refused, Reserve, Stopped
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.subscriptions import Held
from codeplan.telemetry import log

# What a call that costs nothing of its own may answer at most: enough for what tools ask of it.
SIDE_TOKENS = 4096
SUMMARY_TOKENS = 16_384
# What becomes of a call of a program that the plan is not for, told beside its answer.
_BILLING = b"x-codeplan-billing"
_OBSERVED: Headers = ((_BILLING, b"plan; each call is a prompt"),)
_PAID: Headers = ((_BILLING, b"pay-as-you-go"),)


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """``time_zone`` writes reset times. ``paid_at_once``: calls of one account that are paid by the
    token. ``overage``: whether keys may have a used-up plan go on with the balance."""

    time_zone: str
    paid_at_once: int = 50
    overage: bool = True


@dataclass(slots=True)
class KnownCall:
    """A call whose key, client and model are known. ``watch``: times it, from when it came.
    ``limits``: what is left of the plan's windows; ``more``: further headers of its answer,
    whatever that is."""

    request_id: str
    format: CallerFormat
    caller: Caller
    client: Client
    holder: KeyHolder
    seen: SeenCall
    model: str
    watch: Stopwatch
    limits: Headers = ()
    more: Headers = ()


class Serving:
    """Serves known calls from a plan, or for money."""

    def __init__(
        self,
        catalogue: Catalogue,
        meter: Meter,
        purse: Purse,
        slots: Slots,
        relay: Relay,
        clock: Clock,
        tallies: Tallies,
        evidence: Evidence,
        settings: ServingSettings,
    ) -> None:
        self._catalogue, self._meter, self._purse, self._slots = catalogue, meter, purse, slots
        self._relay, self._clock, self._tallies = relay, clock, tallies
        self._evidence, self._settings = evidence, settings

    async def serve(self, call: KnownCall, funding: Funding) -> None:
        """Answer the call, in a place among its payer's calls at once. Raises Refusal, Malformed,
        TooManyAtOnce, StoreFailed."""
        subscribed, verdict = funding.plan, funding.verdict
        if subscribed is not None and verdict in (Verdict.SERVE, Verdict.RIDE):
            claim = _claim_of(call, verdict)
            async with self._place(call, subscribed.subscription.id, subscribed.plan.concurrency):
                if await self._meter_call(call, subscribed, claim):
                    return
        if funding.general or subscribed is None:
            async with self._place(
                call, f"payg/{call.holder.key.pays}", self._settings.paid_at_once
            ):
                await self._pay(call)
            return
        await self._serve_beside(call, funding.rest, subscribed)

    @asynccontextmanager
    async def _place(self, call: KnownCall, payer: str, limit: int) -> AsyncIterator[None]:
        """Wait for a place among a payer's calls at once, and leave it. Raises TooManyAtOnce."""
        if not self._slots.enter_now(payer, limit):
            began = call.watch.elapsed()
            await self._slots.enter(payer, limit)
            call.watch.queued += call.watch.elapsed() - began
        try:
            yield
        finally:
            self._slots.leave(payer, limit)

    async def _serve_beside(self, call: KnownCall, rest: Verdict, subscribed: Held) -> None:
        """Take a call of a program that the plan is not for as the plan has it: observed, paid by
        the token where its key's owner said so, or refused."""
        if rest is Verdict.OBSERVE:
            call.more = _OBSERVED
            async with self._place(call, subscribed.subscription.id, subscribed.plan.concurrency):
                await self._meter_call(call, subscribed, _alone(call))
            self._evidence.observed(
                call.request_id, call.caller, call.holder, call.seen, call.client
            )
            return
        may_pay = rest is Verdict.PAY and self._may_go_on(call)
        if may_pay:
            async with self._place(
                call, f"payg/{call.holder.key.pays}", self._settings.paid_at_once
            ):
                went_on, day = await self._go_on_with_balance(call)
                if went_on:
                    return
                if day is not None:
                    raise self._limit_reached(day, ())
        plan = subscribed.plan
        raise refusals.not_admitted(call.client, call.seen, plan, call.request_id, may_pay)

    async def _meter_call(self, call: KnownCall, subscribed: Held, claim: TurnClaim) -> bool:
        """Serve the call from the plan; False where it could only ride on a turn, and there is
        none. Raises Refusal."""
        if call.seen.outline.answers > 1:
            raise refusals.one_answer(call.seen.outline.answers)
        asked = Reserve(
            call_id=call.request_id,
            account_id=call.holder.account.id,
            key_id=call.holder.key.id,
            subscription_id=subscribed.subscription.id,
            plan=subscribed.plan,
            claim=claim,
            client=call.client.id,
            protocol=call.seen.protocol,
            model_asked=call.seen.outline.model,
            model=call.model,
            streamed=call.seen.outline.stream,
            catalogue_version=subscribed.subscription.catalogue_version,
            started_at=subscribed.subscription.started_at,
            prompt_tokens=about_tokens(call.caller.whole_body()),
        )
        began = call.watch.elapsed()
        reserved = await self._meter.reserve(asked)
        if isinstance(reserved, NotAdmitted):
            return False
        if isinstance(reserved, Refused):
            went_on, day = await self._go_on_with_balance(call)
            if went_on:
                return True
            raise self._limit_reached(first_to_reopen(reserved.reached, day), reserved.windows)
        if isinstance(reserved, Stopped):
            raise refusals.turn_ran_away(reserved.calls, subscribed.plan)
        call.watch.queued += reserved.queued_ms
        call.watch.booked += call.watch.elapsed() - began - reserved.queued_ms
        settlement = PlanSettlement(
            clock=self._clock, watch=call.watch, meter=self._meter, asked=asked, reserved=reserved
        )
        call.limits = limit_headers(reserved.windows, reserved.at)
        own = reserved.side and claim.claim in (Claim.SIDE, Claim.ERRAND)
        most = side_tokens(call.seen.outline) if own else None
        await self._relay_call(call, settlement, claim.thread, most)
        return True

    async def _pay(self, call: KnownCall, overage: bool = False) -> None:
        settlement = await pay(
            self._purse,
            self._clock,
            call.watch,
            call.request_id,
            call.holder,
            call.client,
            call.seen.protocol,
            call.seen.outline,
            self._catalogue.model(call.model) or Model(call.model),
            len(call.caller.whole_body()),
            CODING_BASE,
            overage,
        )
        await self._relay_call(call, settlement, call.client.claim(call.seen).thread)

    def _may_go_on(self, call: KnownCall) -> bool:
        """Whether the operator and the key's lane leave going on with the balance to its switch."""
        return self._settings.overage and call.holder.rules.lane != "plan"

    def _limit_reached(self, reached: Reached, windows: Sequence[WindowView]) -> Refusal:
        return refusals.limit_reached(reached, windows, reached.text(self._settings.time_zone))

    async def _go_on_with_balance(self, call: KnownCall) -> tuple[bool, Reached | None]:
        """Whether the call went on with the balance: only by its key's switch, and within what the
        key may spend in a day; and that limit, where it alone stood in the way."""
        if not self._may_go_on(call):
            return False, None
        before, call.more = call.more, _PAID
        try:
            await self._pay(call, overage=True)
        except CapReached as cap:
            call.more = before
            return False, cap.reached
        return True, None

    async def _relay_call(
        self, call: KnownCall, settlement: Settlement, thread: str, most: int | None = None
    ) -> None:
        """``most``: tokens that the answer may have, whatever the call says."""
        outline = call.seen.outline
        headers = (*identity_headers(call.request_id), *call.limits, *call.more)
        model = self._catalogue.model(call.model)
        ask = Ask(
            call.request_id, call.format, outline, call.model, call.caller, headers, thread,
            about_tokens(call.caller.whole_body()), (model.context or 0) if model else 0,
            call.client.error_in_stream, most,
        )  # fmt: skip
        try:
            await self._relay.run(ask, settlement)
        finally:
            # Nothing is held after a call, however it ended.
            await settlement.release("failed", why="the call broke")
            count_speed(self._tallies, settlement, outline.stream)
            # Every call is a row of the store under the same id; a line as well is for debugging.
            log.debug(
                "call",
                request_id=call.request_id,
                client=call.client.id,
                model=call.model,
                upstream=settlement.upstream,
                outcome=settlement.outcome,
            )


def side_tokens(outline: Outline) -> int:
    """How long a side call's answer may be: a summary, where it goes over a conversation; else a
    title, a topic, a page in brief."""
    over_conversation = any(not said.joins for said in outline.said[1:])
    return SUMMARY_TOKENS if over_conversation else SIDE_TOKENS


def _claim_of(call: KnownCall, verdict: Verdict) -> TurnClaim:
    """What the call claims, by how the plan takes it, with the key and program that it comes by.
    Where it tells no session, its conversation is its key's own."""
    client, seen, key_id = call.client, call.seen, call.holder.key.id
    claim = client.companion(seen) if verdict is Verdict.RIDE else client.claim(seen)
    program = hashed(f"{key_id}\0{seen.user_agent}")
    conversation = claim.conversation
    if not claim.session:
        conversation = hashed(f"{key_id}\0{conversation}")
    return structs.replace(claim, program=program, conversation=conversation)


def _alone(call: KnownCall) -> TurnClaim:
    """The claim of an observed call: of no turn, and one on which nothing rides."""
    claim = call.client.claim(call.seen)
    return structs.replace(claim, claim=Claim.OBSERVED, session="", conversation=call.request_id)
