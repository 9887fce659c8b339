"""Who pays for a call: the plan, or the account's money; or nobody, and then which address is
right. Asks the plan's own rule (plan/admission.py) which programs it serves."""

from codeplan.clients.base import Client
from codeplan.clients.registry import AGENT, UNKNOWN
from codeplan.gateway import refusals
from codeplan.gateway.addresses import GENERAL_BASE, Lane
from codeplan.kit.clock import Clock
from codeplan.plan.admission import Verdict
from codeplan.protocol.outline import Outline
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.subscriptions import Held, Subscriptions


class Payer:
    """What serves a call. ``held``: the plan; None where it is paid by the token. ``verdict``: how
    the plan takes the call; ``rest``: how, where it only may ride and finds no turn. ``general``:
    it came by the general address, where what no plan serves is paid by the token."""

    __slots__ = ("general", "held", "rest", "verdict")

    def __init__(
        self, held: Held | None, verdict: Verdict, rest: Verdict, general: bool = False
    ) -> None:
        self.held, self.verdict, self.rest, self.general = held, verdict, rest, general


_MONEY = Payer(None, Verdict.PAY, Verdict.PAY, general=True)


class Lanes:
    """Decides for the gateway."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock, time_zone: str) -> None:
        self._subscriptions, self._clock, self._time_zone = subscriptions, clock, time_zone

    async def payer_of(self, lane: Lane, holder: KeyHolder, client: Client, counts: bool) -> Payer:
        """Tell what serves the call. ``counts``: it counts tokens, which is any program's right.

        A plan holder's coding tool draws on the plan whatever the address, and never falls through
        to money; anything else at the general address is pay-as-you-go. Raises Refusal.
        """
        held = await self._subscriptions.held_by(holder)
        rule = holder.rules.lane
        verdict = Verdict.REFUSE if held is None else _verdict(held, client)
        serves = verdict in (Verdict.SERVE, Verdict.RIDE)
        if lane is Lane.GENERAL:
            if held is None or not serves or not self._is_active(held, holder):
                return self._money(rule)
            if verdict is Verdict.RIDE and rule != "plan":
                return Payer(held, verdict, Verdict.PAY, general=True)
        if rule == "paid":
            raise refusals.key_only_for("paid")
        if held is None:
            raise refusals.no_plan(GENERAL_BASE)
        if not self._is_active(held, holder):
            ended_at = held.subscription.ends_at
            raise refusals.plan_expired(held.plan, ended_at, self._time_zone)
        if held.subscription.restricted:
            raise refusals.restricted(held.subscription.restricted)
        rest = held.plan.admission.rest
        return Payer(held, Verdict.SERVE if counts else verdict, rest)

    def model_of(self, outline: Outline, held: Held | None, holder: KeyHolder) -> str:
        """The id of the model that the call asks for. Raises Refusal where it is not to be had."""
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
        if holder.rules.models and model not in holder.rules.models:
            raise refusals.model_not_for_key(model, holder.rules.models)
        return model

    def _is_active(self, held: Held, holder: KeyHolder) -> bool:
        return held.is_active(self._clock.now() + holder.account.clock_ahead)

    def _money(self, rule: str) -> Payer:
        if rule == "plan":
            raise refusals.key_only_for("plan")
        return _MONEY


def _verdict(held: Held, client: Client) -> Verdict:
    known = client not in (UNKNOWN, AGENT)
    return held.plan.admission.verdict(client.id, known, client is AGENT)
