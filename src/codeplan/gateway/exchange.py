"""The story of one call: who is it, which client, which lane, which turn, reserve, relay, settle.

Knows callers, not sockets; decides nothing that a service or a pure wing can decide.
"""

from dataclasses import dataclass

from msgspec import structs

from codeplan.accounts.devices import DeviceRevoked, Devices, Sighting
from codeplan.accounts.directory import Accounts
from codeplan.accounts.keys import key_in
from codeplan.billing.purse import CapReached, Purse
from codeplan.clients.base import Client, SeenCall, hashed
from codeplan.clients.refusal import Refusal
from codeplan.clients.registry import UNKNOWN, Clients
from codeplan.gateway import refusals
from codeplan.gateway.addresses import (
    ADDRESSES,
    CODING_BASE,
    Action,
    Address,
    format_of,
)
from codeplan.gateway.caller import Caller, Headers
from codeplan.gateway.counting import Counter
from codeplan.gateway.evidence import Evidence
from codeplan.gateway.formats import CallerFormat
from codeplan.gateway.lanes import Lanes, Payer
from codeplan.gateway.limits import limit_headers
from codeplan.gateway.listing import list_models
from codeplan.gateway.paying import pay
from codeplan.gateway.relay import Ask, Relay
from codeplan.gateway.seeing import Sight
from codeplan.gateway.settlement import PlanSettlement, Settlement
from codeplan.gateway.tallying import count_refusal, count_speed
from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots, TooManyAtOnce
from codeplan.metering.tallies import Tallies
from codeplan.plan.admission import Verdict
from codeplan.plan.catalogue import Model
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.protocol.outline import Malformed
from codeplan.store.base import StoreFailed
from codeplan.store.operations import NotAdmitted, Refused, Reserve, Stopped
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.subscriptions import Held, Subscriptions
from codeplan.telemetry import log

_BYTES_A_TOKEN = 4
# No model reads more; a larger body is pictures.
_MOST_TOKENS = 200_000
# What becomes of a call of a program that the plan is not for, told beside its answer.
_BILLING = b"x-codeplan-billing"
_OBSERVED: Headers = ((_BILLING, b"plan; each call is a prompt"),)
_PAID: Headers = ((_BILLING, b"pay-as-you-go"),)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """``time_zone`` writes reset times; ``max_body_bytes`` bounds a call. ``paid_at_once``: calls
    of one account that are paid by the token. ``overage``: whether keys may have a used-up plan go
    on with the balance."""

    time_zone: str
    max_body_bytes: int
    paid_at_once: int = 50
    overage: bool = True


@dataclass(slots=True)
class _Call:
    """What is known of a call so far; the refusal's form depends on it. ``told``: headers of its
    answer, whatever that is."""

    request_id: str
    format: CallerFormat
    client: Client = UNKNOWN
    limits: Headers = ()
    told: Headers = ()
    holder: KeyHolder | None = None
    seen: SeenCall | None = None


class Gateway:
    """Serves the addresses that coding tools call."""

    def __init__(
        self,
        accounts: Accounts,
        subscriptions: Subscriptions,
        meter: Meter,
        purse: Purse,
        slots: Slots,
        relay: Relay,
        counter: Counter,
        clock: Clock,
        settings: GatewaySettings,
        devices: Devices,
        tallies: Tallies,
        sight: Sight,
        clients: Clients,
        evidence: Evidence,
    ) -> None:
        self._accounts, self._subscriptions = accounts, subscriptions
        self._clients, self._evidence = clients, evidence
        self._lanes = Lanes(subscriptions, clock, settings.time_zone)
        self._devices, self._tallies = devices, tallies
        self._meter, self._purse, self._slots = meter, purse, slots
        self._relay, self._counter = relay, counter
        self._clock, self._settings, self._sight = clock, settings, sight

    async def serve(self, caller: Caller) -> None:
        """Answer one call, whatever it is."""
        address = ADDRESSES.get(caller.path)
        format_ = address.format if address else format_of(caller.path)
        call = _Call(new_id("req", self._clock.now()), format_)
        try:
            if address is None:
                raise refusals.unknown_address(caller.path)
            if caller.method not in address.methods:
                raise refusals.wrong_method(caller.method, address.methods)
            await self._serve(caller, address, call)
        except Refusal as refusal:
            self._refuse(caller, call, refusal)
        except Malformed as error:
            self._refuse(caller, call, refusals.malformed(str(error)))
        except TooManyAtOnce as many:
            self._refuse(caller, call, refusals.too_many_at_once(many.limit))
        except StoreFailed as error:
            log.error("store failed", request_id=call.request_id, why=str(error))
            self._refuse(caller, call, refusals.store_failed())
        except Exception:
            log.exception("call broke", request_id=call.request_id)
            self._refuse(caller, call, refusals.broken())

    async def _serve(self, caller: Caller, address: Address, call: _Call) -> None:
        if address.action is Action.GREET:
            caller.answer(200, _identity(call.request_id), b"")
            return
        holder = await self._who(caller)
        if address.action is Action.MODELS:
            body = list_models(caller.path, address.format, self._subscriptions.catalogue)
            caller.answer(200, _json_headers(call.request_id), body)
            return
        if caller.too_large:
            raise refusals.too_large(self._settings.max_body_bytes)
        outline = address.format.outline(caller.whole_body())
        seen = SeenCall(address.format.name, caller.headers, outline, caller.whole_body())
        call.client, call.holder, call.seen = self._clients.recognise(seen), holder, seen
        counts = address.action is Action.COUNT
        if not counts:
            await self._admit(caller, holder, seen, call.client)
        if call.client.sees and not counts:
            body = await self._sight.answer(
                caller, address.format, call.request_id, holder, call.client, seen
            )
            caller.answer(200, _json_headers(call.request_id), body)
            return
        payer = await self._lanes.payer_of(address.lane, holder, call.client, counts)
        model = self._lanes.model_of(outline, payer.held, holder)
        if counts:
            body = await self._counter.count(caller, model)
            caller.answer(200, _json_headers(call.request_id), body)
            return
        await self._paid_for(caller, call, seen, holder, payer, model)

    async def _who(self, caller: Caller) -> KeyHolder:
        key = key_in(caller.headers)
        if key is None:
            raise refusals.no_key()
        holder = await self._accounts.holder_of(key)
        if holder is None:
            raise refusals.unknown_key()
        return holder

    async def _admit(
        self, caller: Caller, holder: KeyHolder, seen: SeenCall, client: Client
    ) -> None:
        """Remember what uses the account; refuse what its owner revoked."""
        sighting = Sighting(
            holder.account.id, holder.key.id, client.id, client.machine(seen), caller.address
        )
        try:
            await self._devices.admit(sighting)
        except DeviceRevoked as revoked:
            raise refusals.device_revoked(str(revoked)) from None

    async def _paid_for(
        self,
        caller: Caller,
        call: _Call,
        seen: SeenCall,
        holder: KeyHolder,
        payer: Payer,
        model: str,
    ) -> None:
        """Wait for a place among the payer's calls at once, and serve the call."""
        held, verdict = payer.held, payer.verdict
        name, limit = f"payg/{holder.key.pays}", self._settings.paid_at_once
        if held is not None and verdict not in (Verdict.PAY, Verdict.REFUSE):
            name, limit = held.subscription.id, held.plan.concurrency
        if not self._slots.enter_now(name, limit):
            await self._slots.enter(name, limit)
        try:
            if held is None:
                await self._paid(caller, call, seen, holder, model)
            elif verdict in (Verdict.SERVE, Verdict.RIDE):
                claim = _claim_of(call.client, seen, holder, verdict)
                if not await self._metered(caller, call, seen, holder, held, model, claim):
                    await self._beside(caller, call, seen, holder, payer, model)
            else:
                await self._beside(caller, call, seen, holder, payer, model)
        finally:
            self._slots.leave(name, limit)

    async def _beside(
        self,
        caller: Caller,
        call: _Call,
        seen: SeenCall,
        holder: KeyHolder,
        payer: Payer,
        model: str,
    ) -> None:
        """A call of a program that the plan is not for: refused, paid by the token or observed, as
        the plan has it."""
        if payer.general:
            await self._paid(caller, call, seen, holder, model)
            return
        assert payer.held is not None
        if payer.rest is Verdict.OBSERVE:
            call.told = _OBSERVED
            claim = _alone(call.client.claim(seen), call.request_id)
            await self._metered(caller, call, seen, holder, payer.held, model, claim)
            self._evidence.observed(call.request_id, caller, holder, seen, call.client)
            return
        if payer.rest is Verdict.PAY:
            call.told = _PAID
            if await self._goes_on(caller, call, seen, holder, model):
                return
            call.told = ()
        raise refusals.not_admitted(
            call.client, seen, payer.held.plan, call.request_id, payer.rest is Verdict.PAY
        )

    async def _metered(
        self,
        caller: Caller,
        call: _Call,
        seen: SeenCall,
        holder: KeyHolder,
        held: Held,
        model: str,
        claim: TurnClaim,
    ) -> bool:
        """Serve the call from the plan; False where it could only ride on a turn, and there is
        none."""
        asked = Reserve(
            call_id=call.request_id,
            account_id=holder.account.id,
            key_id=holder.key.id,
            subscription_id=held.subscription.id,
            plan=held.plan,
            claim=claim,
            client=call.client.id,
            protocol=seen.protocol,
            model_asked=seen.outline.model,
            model=model,
            streamed=seen.outline.stream,
            catalogue_version=held.subscription.catalogue_version,
            started_at=held.subscription.started_at,
            prompt_tokens=_about_tokens(caller.whole_body()),
        )
        reserved = await self._meter.reserve(asked)
        if isinstance(reserved, NotAdmitted):
            return False
        if isinstance(reserved, Refused) and await self._goes_on(caller, call, seen, holder, model):
            return True
        if isinstance(reserved, Refused):
            call.limits = limit_headers(reserved.windows, reserved.now)
            raise refusals.exhausted(reserved, self._settings.time_zone)
        if isinstance(reserved, Stopped):
            raise refusals.turn_ran_away(reserved.calls, held.plan)
        settlement = PlanSettlement(
            clock=self._clock, meter=self._meter, asked=asked, reserved=reserved
        )
        limits = limit_headers(reserved.windows, reserved.at)
        await self._relayed(caller, call, seen, model, settlement, limits, claim.thread)
        return True

    async def _paid(
        self,
        caller: Caller,
        call: _Call,
        seen: SeenCall,
        holder: KeyHolder,
        model: str,
        overage: bool = False,
    ) -> None:
        sold = self._subscriptions.catalogue.model(model) or Model(model)
        settlement = await pay(
            self._purse,
            self._clock,
            call.request_id,
            holder,
            call.client,
            seen.protocol,
            seen.outline,
            sold,
            len(caller.whole_body()),
            CODING_BASE,
            overage,
        )
        thread = call.client.claim(seen).thread
        await self._relayed(caller, call, seen, model, settlement, (), thread)

    async def _goes_on(
        self, caller: Caller, call: _Call, seen: SeenCall, holder: KeyHolder, model: str
    ) -> bool:
        """Whether the used-up plan's call went on with the balance: only by its key's switch, and
        within what the key may spend in a day."""
        if not self._settings.overage or holder.rules.lane == "plan":
            return False
        try:
            await self._paid(caller, call, seen, holder, model, overage=True)
        except CapReached:
            return False
        return True

    async def _relayed(
        self,
        caller: Caller,
        call: _Call,
        seen: SeenCall,
        model: str,
        settlement: Settlement,
        limits: Headers,
        thread: str,
    ) -> None:
        headers = (*_identity(call.request_id), *limits, *call.told)
        ask = Ask(call.request_id, call.format, seen.outline, model, caller, headers, thread)
        try:
            await self._relay.run(ask, settlement)
        finally:
            # Nothing is held after a call, however it ended.
            await settlement.release("failed", why="the call broke")
            count_speed(self._tallies, settlement, seen.outline.stream)
            # Every call is a row of the store under the same id; a line as well is for debugging.
            log.debug(
                "call",
                request_id=call.request_id,
                client=call.client.id,
                model=model,
                upstream=settlement.upstream,
                outcome=settlement.outcome,
            )

    def _refuse(self, caller: Caller, call: _Call, refusal: Refusal) -> None:
        form = call.client.refuse(refusal)
        body = call.format.error(
            form.status, refusal.code, refusal.message, call.request_id, form.kind, form.more
        )
        if call.holder is not None and call.seen is not None:
            self._evidence.refused(
                call.request_id, caller, call.holder, call.seen, call.client, refusal, form.status
            )
        if refusal.code != refusals.NO_ADDRESS:
            # A scan of addresses that never were is nobody's refusal.
            count_refusal(self._tallies, refusal.code, form.status)
        log.info(
            "refused",
            request_id=call.request_id,
            client=call.client.id,
            status=form.status,
            code=refusal.code,
        )
        headers = (*_json_headers(call.request_id), *call.limits, *call.told, *form.headers)
        caller.answer(form.status, headers, body)


def _claim_of(client: Client, seen: SeenCall, holder: KeyHolder, verdict: Verdict) -> TurnClaim:
    """What the call claims, by how the plan takes it; where it tells no session, with the program
    and the key that it comes by."""
    claim = client.companion(seen) if verdict is Verdict.RIDE else client.claim(seen)
    if claim.session:
        return claim
    return structs.replace(claim, program=hashed(f"{holder.key.id}\0{seen.user_agent}"))


def _alone(claim: TurnClaim, request_id: str) -> TurnClaim:
    """The claim of an observed call: of no turn, and one on which nothing rides."""
    return structs.replace(claim, claim=Claim.OBSERVED, session="", conversation=request_id)


def _about_tokens(body: bytes) -> int:
    """A body's tokens, roughly: what is held of plans that count tokens until usage is known."""
    return min(len(body) // _BYTES_A_TOKEN, _MOST_TOKENS)


def _identity(request_id: str) -> Headers:
    value = request_id.encode()
    return ((b"request-id", value), (b"x-request-id", value))


def _json_headers(request_id: str) -> Headers:
    return ((b"content-type", b"application/json"), *_identity(request_id))
