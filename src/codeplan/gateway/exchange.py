"""The story of one call: who is it, which client, which lane, which turn, reserve, relay, settle.

Knows callers, not sockets; decides nothing that a service or a pure wing can decide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeplan.accounts.devices import DeviceRevoked, Devices, Sighting
from codeplan.accounts.directory import Accounts
from codeplan.clients.base import Client, SeenCall, kept
from codeplan.clients.refusal import Refusal, Wait
from codeplan.clients.registry import UNKNOWN, Clients
from codeplan.gateway import cors, refusals
from codeplan.gateway.addresses import Action, Address
from codeplan.gateway.caller import Caller
from codeplan.gateway.caller_stream import end_in_stream
from codeplan.gateway.counting import Counter
from codeplan.gateway.encodings import decoded
from codeplan.gateway.evidence import Evidence
from codeplan.gateway.formats import CallerFormat
from codeplan.gateway.identity import identity_headers, json_headers
from codeplan.gateway.lanes import Lanes
from codeplan.gateway.listing import list_models, show_model
from codeplan.gateway.paths import Destination, destination, shown
from codeplan.gateway.refusal_log import RefusalLog
from codeplan.gateway.seeing import Sight
from codeplan.gateway.serving import KnownCall, Serving
from codeplan.gateway.stopwatch import Stopwatch
from codeplan.gateway.tallying import count_refusal
from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.metering.slots import TooManyAtOnce
from codeplan.metering.tallies import Tallies
from codeplan.plan.catalogue import Catalogue
from codeplan.protocol import inner
from codeplan.protocol.outline import Malformed
from codeplan.store.base import StoreFailed
from codeplan.store.rows import KeyHolder
from codeplan.telemetry import log


@dataclass(slots=True)
class _Call:
    """What is known of a call so far; the refusal's form depends on it."""

    request_id: str
    format: CallerFormat
    watch: Stopwatch
    client: Client = UNKNOWN
    holder: KeyHolder | None = None
    seen: SeenCall | None = None
    known: KnownCall | None = None


class Gateway:
    """Serves the addresses that coding tools call."""

    def __init__(
        self,
        accounts: Accounts,
        devices: Devices,
        clients: Clients,
        lanes: Lanes,
        serving: Serving,
        counter: Counter,
        sight: Sight,
        evidence: Evidence,
        tallies: Tallies,
        catalogue: Catalogue,
        clock: Clock,
        max_body_bytes: int,
    ) -> None:
        """``max_body_bytes`` bounds a call."""
        self._accounts, self._devices, self._clients = accounts, devices, clients
        self._lanes, self._serving, self._counter = lanes, serving, counter
        self._sight, self._evidence, self._tallies = sight, evidence, tallies
        self._catalogue, self._clock, self._max_body_bytes = catalogue, clock, max_body_bytes
        self._log = RefusalLog(clock)

    async def serve(self, caller: Caller) -> None:
        """Answer one call, whatever it is."""
        to = destination(caller.path, caller.query, caller.headers)
        call = _Call(new_id("req", self._clock.now()), to.format, Stopwatch())
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
            self._refuse(caller, call, refusals.store_failed(error), str(error))
        except Exception:
            log.exception("call broke", request_id=call.request_id)
            self._refuse(caller, call, refusals.broken())

    async def _serve(self, caller: Caller, to: Destination, address: Address, call: _Call) -> None:
        if address.action is Action.GREET:
            caller.answer(200, identity_headers(call.request_id), b"")
            return
        if address.action is Action.EVENTS:
            caller.answer(200, json_headers(call.request_id), b"{}")
            return
        holder = call.holder = await self._who(caller)
        if address.action in (Action.MODELS, Action.MODEL):
            body = self._models(to, address)
            caller.answer(200, json_headers(call.request_id), body)
            return
        await self._whole_body(caller)
        outline = to.format.outline(caller.whole_body(), to.target)
        seen = SeenCall(to.format.name, caller.headers, outline, caller.whole_body())
        call.client, call.seen = self._clients.recognise(seen), seen
        counts = address.action is Action.COUNT
        if not counts:
            await self._admit(caller, holder, seen, call.client)
        if call.client.sees and not counts:
            body = await self._sight.answer(
                caller, to.format, call.request_id, holder, call.client, seen
            )
            caller.answer(200, json_headers(call.request_id), body)
            return
        funding = await self._lanes.funding_of(address.lane, holder, call.client, outline, counts)
        model = self._lanes.model_of(outline, funding, holder)
        if counts:
            body = await self._counter.count(caller, to.format, model, holder.key.pays)
            caller.answer(200, json_headers(call.request_id), body)
            return
        call.known = KnownCall(
            call.request_id, to.format, caller, call.client, holder, seen, model, call.watch
        )
        await self._serving.serve(call.known, funding)

    def _models(self, to: Destination, address: Address) -> bytes:
        if address.action is Action.MODEL:
            return show_model(to.format, self._catalogue, to.target.model)
        return list_models(to.format, self._catalogue)

    async def _whole_body(self, caller: Caller) -> None:
        """See that the body is there and not compressed. Raises Refusal, Malformed."""
        limit = self._max_body_bytes
        if caller.dropped == "too_large":
            raise refusals.too_large(limit)
        if caller.dropped == "no_room":
            raise refusals.no_room()
        if caller.dropped:
            raise refusals.unknown_key()
        coding = caller.headers.get(b"content-encoding")
        if coding is not None:
            caller.replace_body(await decoded(caller.whole_body(), coding, limit))

    async def _who(self, caller: Caller) -> KeyHolder:
        if not caller.keys:
            raise refusals.no_key()
        if len(caller.keys) > 1:
            raise refusals.several_keys()
        holder = await self._accounts.holder_of(caller.keys[0])
        if holder is None:
            raise refusals.unknown_key()
        return holder

    async def knows(self, keys: Sequence[str]) -> bool:
        """Whether a call with these keys is of somebody who is known. Raises StoreFailed."""
        return len(keys) == 1 and await self._accounts.holder_of(keys[0]) is not None

    async def _admit(
        self, caller: Caller, holder: KeyHolder, seen: SeenCall, client: Client
    ) -> None:
        """Remember what uses the account; refuse what its owner revoked."""
        sighting = Sighting(
            holder.account.id, holder.key.id, client.id, kept(client.machine(seen)), caller.address
        )
        try:
            await self._devices.admit(sighting)
        except DeviceRevoked as revoked:
            raise refusals.device_revoked(str(revoked)) from None

    def _refuse(self, caller: Caller, call: _Call, refusal: Refusal, why: str = "") -> None:
        """``why``: of the service's own, for its log alone."""
        form = call.client.refuse(refusal)
        said = call.format.overlong(refusal.overlong) if refusal.overlong else None
        message = said.message if said else refusal.message
        if call.holder is not None:
            self._evidence.refused(
                call.request_id, caller, call.holder, call.seen, call.client, refusal, form.status
            )
        if refusal.code != refusals.NO_ADDRESS:
            # A scan of addresses that never were is nobody's refusal.
            count_refusal(self._tallies, refusal.code, form.status)
        self._log.refused(
            caller.address,
            why,
            request_id=call.request_id,
            client=call.client.id,
            status=form.status,
            code=refusal.code,
        )
        more = (*refusal.limits, *(call.known.more if call.known else ()))
        if form.in_stream and call.seen is not None and call.seen.outline.stream:
            failed = inner.Failed(form.status, message, form.kind)
            headers = (*identity_headers(call.request_id), *more)
            end_in_stream(caller, call.format, call.request_id, headers, failed)
            return
        # Of a wait of hours no number is told: tools obey it in silence.
        seconds = refusal.retry_after_seconds if refusal.wait is Wait.MOMENT else None
        fields = {**_theirs(call.format, refusal), **(said.more if said else {}), **form.more}
        body = call.format.error(
            form.status, refusal.code, message, call.request_id, form.kind, fields, seconds
        )
        headers = (*json_headers(call.request_id), *more, *form.headers)
        caller.answer(form.status, headers, body)


def _theirs(format_: CallerFormat, refusal: Refusal) -> Mapping[str, str]:
    """What an upstream said beside its message, where the caller's protocol has the same names."""
    return refusal.theirs if format_.name in ("openai_chat", "openai_responses") else {}
