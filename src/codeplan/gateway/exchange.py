"""The story of one call: who is it, which client, which lane, which turn, reserve, relay, settle.

Knows callers, not sockets; decides nothing that a service or a pure wing can decide.
"""

from dataclasses import dataclass

from codeplan.accounts.devices import DeviceRevoked, Devices, Sighting
from codeplan.accounts.directory import Accounts
from codeplan.accounts.keys import key_in
from codeplan.billing.purse import CapReached, Purse
from codeplan.clients.base import Client, SeenCall
from codeplan.clients.known import UNKNOWN, recognise
from codeplan.clients.refusal import Refusal, Wait
from codeplan.gateway import cors, refusals
from codeplan.gateway.addresses import CODING_BASE, GENERAL_BASE, Action, Address, Lane
from codeplan.gateway.caller import Caller, Headers
from codeplan.gateway.counting import Counter
from codeplan.gateway.encodings import decoded
from codeplan.gateway.formats import CallerFormat
from codeplan.gateway.limits import limit_headers
from codeplan.gateway.listing import list_models, show_model
from codeplan.gateway.paths import Destination, destination, shown
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
from codeplan.plan.catalogue import Model
from codeplan.protocol.outline import Malformed, Outline
from codeplan.store.base import StoreFailed
from codeplan.store.operations import Refused, Reserve, Stopped
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.subscriptions import Held, Subscriptions
from codeplan.telemetry import log

_BYTES_A_TOKEN = 4
# No model reads more; a larger body is pictures.
_MOST_TOKENS = 200_000


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
    """What is known of a call so far; the refusal's form depends on it."""

    request_id: str
    format: CallerFormat
    client: Client = UNKNOWN
    limits: Headers = ()


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
    ) -> None:
        self._accounts, self._subscriptions = accounts, subscriptions
        self._devices, self._tallies = devices, tallies
        self._meter, self._purse, self._slots = meter, purse, slots
        self._relay, self._counter = relay, counter
        self._clock, self._settings, self._sight = clock, settings, sight

    async def serve(self, caller: Caller) -> None:
        """Answer one call, whatever it is."""
        to = destination(caller.path, caller.query, caller.headers)
        call = _Call(new_id("req", self._clock.now()), to.format)
        try:
            if cors.is_preflight(caller.method, caller.headers):
                methods = to.address.methods if to.address else (caller.method,)
                caller.answer(204, cors.preflight(caller.headers, methods), b"")
                return
            if to.address is None:
                raise refusals.unknown_address(shown(caller.path), to.nearest)
            if caller.method not in to.address.methods:
                raise refusals.wrong_method(caller.method, to.address.methods)
            await self._serve(caller, to, to.address, call)
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

    async def _serve(self, caller: Caller, to: Destination, address: Address, call: _Call) -> None:
        if address.action is Action.GREET:
            caller.answer(200, _identity(call.request_id), b"")
            return
        if address.action is Action.EVENTS:
            caller.answer(200, _json_headers(call.request_id), b"{}")
            return
        holder = await self._who(caller)
        if address.action in (Action.MODELS, Action.MODEL):
            body = self._models(to, address)
            caller.answer(200, _json_headers(call.request_id), body)
            return
        await self._whole_body(caller)
        outline = to.format.outline(caller.whole_body(), to.target)
        seen = SeenCall(to.format.name, caller.headers, outline)
        call.client = recognise(seen)
        if address.action is not Action.COUNT:
            await self._admit(caller, holder, seen, call.client)
        if call.client.sees and address.action is Action.CALL:
            body = await self._sight.answer(
                caller, to.format, call.request_id, holder, call.client, seen
            )
            caller.answer(200, _json_headers(call.request_id), body)
            return
        held = await self._lane(address, holder, call.client)
        model = self._model(outline, held)
        if holder.rules.models and model not in holder.rules.models:
            raise refusals.model_not_for_key(model, holder.rules.models)
        if address.action is Action.COUNT:
            body = await self._counter.count(caller, to.format, model)
            caller.answer(200, _json_headers(call.request_id), body)
            return
        payer, limit = f"payg/{holder.key.pays}", self._settings.paid_at_once
        if held is not None:
            payer, limit = held.subscription.id, held.plan.concurrency
        if not self._slots.enter_now(payer, limit):
            await self._slots.enter(payer, limit)
        try:
            if held is None:
                await self._paid(caller, call, seen, holder, model)
            else:
                await self._metered(caller, call, seen, holder, held, model)
        finally:
            self._slots.leave(payer, limit)

    def _models(self, to: Destination, address: Address) -> bytes:
        catalogue = self._subscriptions.catalogue
        if address.action is Action.MODEL:
            return show_model(to.format, catalogue, to.target.model)
        return list_models(to.format, catalogue)

    async def _whole_body(self, caller: Caller) -> None:
        """See that the body is there and not compressed. Raises Refusal, Malformed."""
        limit = self._settings.max_body_bytes
        if caller.too_large:
            raise refusals.too_large(limit)
        coding = caller.headers.get(b"content-encoding")
        if coding is not None:
            caller.replace_body(await decoded(caller.whole_body(), coding, limit))

    async def _who(self, caller: Caller) -> KeyHolder:
        key = key_in(caller.headers, caller.query)
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

    async def _lane(self, address: Address, holder: KeyHolder, client: Client) -> Held | None:
        """The plan that serves the call; None where it is paid by the token; or a refusal that
        names the right address.

        A plan holder's supported tool draws on the plan whatever the address, and never falls
        through to money; anything else at the general address is pay-as-you-go.
        """
        held = await self._subscriptions.held_by(holder)
        lane = holder.rules.lane
        now = self._clock.now() + holder.account.clock_ahead
        known = client is not UNKNOWN
        if address.lane is Lane.GENERAL and not (
            known and held and held.is_active(now) and held.plan.admits(client.id)
        ):
            if lane == "plan":
                raise refusals.key_only_for("plan")
            return None
        if lane == "paid":
            raise refusals.key_only_for("paid")
        if held is None:
            raise refusals.no_plan(GENERAL_BASE)
        if not held.is_active(now):
            ended_at = held.subscription.ends_at
            raise refusals.plan_expired(held.plan, ended_at, self._settings.time_zone)
        if held.subscription.restricted:
            raise refusals.restricted(held.subscription.restricted)
        if not held.plan.admits(client.id or None):
            if known:
                raise refusals.tool_not_in_plan(client.name, held.plan)
            raise refusals.not_a_coding_tool(GENERAL_BASE)
        return held

    def _model(self, outline: Outline, held: Held | None) -> str:
        catalogue = self._subscriptions.catalogue
        model = catalogue.model_named(outline.model)
        if model is None and held is None:
            sold = [one.id for one in catalogue.models if one.prices]
            raise refusals.no_such_model(outline.model, sold)
        if model is None:
            assert held is not None
            raise refusals.unknown_model(outline.model, held.plan)
        if held is not None and model not in held.plan.models:
            raise refusals.model_not_in_plan(model, held.plan)
        return model

    async def _metered(
        self,
        caller: Caller,
        call: _Call,
        seen: SeenCall,
        holder: KeyHolder,
        held: Held,
        model: str,
    ) -> None:
        asked = Reserve(
            call_id=call.request_id,
            account_id=holder.account.id,
            key_id=holder.key.id,
            subscription_id=held.subscription.id,
            plan=held.plan,
            claim=call.client.claim(seen),
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
        if isinstance(reserved, Refused) and await self._goes_on(caller, call, seen, holder, model):
            return
        if isinstance(reserved, Refused):
            call.limits = limit_headers(reserved.windows, reserved.now)
            raise refusals.exhausted(reserved, self._settings.time_zone)
        if isinstance(reserved, Stopped):
            raise refusals.turn_ran_away(reserved.calls, held.plan)
        settlement = PlanSettlement(
            clock=self._clock, meter=self._meter, asked=asked, reserved=reserved
        )
        limits = limit_headers(reserved.windows, reserved.at)
        await self._relayed(caller, call, seen, model, settlement, limits, asked.claim.thread)

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
        headers = (*_identity(call.request_id), *limits)
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
        # Of a wait of hours no number is told: tools obey it in silence.
        seconds = refusal.retry_after_seconds if refusal.wait is Wait.MOMENT else None
        body = call.format.error(
            form.status,
            refusal.code,
            refusal.message,
            call.request_id,
            form.kind,
            form.more,
            seconds,
        )
        count_refusal(self._tallies, refusal.code, form.status)
        log.info(
            "refused",
            request_id=call.request_id,
            client=call.client.id,
            status=form.status,
            code=refusal.code,
        )
        headers = (*_json_headers(call.request_id), *call.limits, *form.headers)
        caller.answer(form.status, headers, body)


def _about_tokens(body: bytes) -> int:
    """A body's tokens, roughly: what is held of plans that count tokens until usage is known."""
    return min(len(body) // _BYTES_A_TOKEN, _MOST_TOKENS)


def _identity(request_id: str) -> Headers:
    value = request_id.encode()
    return ((b"request-id", value), (b"x-request-id", value))


def _json_headers(request_id: str) -> Headers:
    return ((b"content-type", b"application/json"), *_identity(request_id))
