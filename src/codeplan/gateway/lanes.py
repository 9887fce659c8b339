"""Who pays for a call: the plan, or the account's money; or nobody, and then which address is
right. Asks the plan's own rule (plan/admission.py) which programs it serves; serves nothing."""

from dataclasses import dataclass

from codeplan.clients.base import Client
from codeplan.clients.registry import AGENT, UNKNOWN
from codeplan.gateway import refusals
from codeplan.gateway.addresses import GENERAL_BASE, Lane
from codeplan.kit.clock import Clock
from codeplan.plan.admission import Verdict
from codeplan.protocol.outline import Outline
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.subscriptions import Held, Subscriptions


@dataclass(frozen=True, slots=True)
class Funding:
    """What pays for a call. ``plan``: the subscription and its plan; None where it is paid by the
    token. ``verdict``: how the plan takes the call; ``rest``: how, where it only may ride and finds
    no turn. ``general``: it came by the general address, where what no plan serves is paid by the
    token."""

    plan: Held | None
    verdict: Verdict
    rest: Verdict
    general: bool = False


_MONEY = Funding(None, Verdict.PAY, Verdict.PAY, general=True)


class Lanes:
    """Decides for the gateway."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock, time_zone: str) -> None:
        self._subscriptions, self._clock, self._time_zone = subscriptions, clock, time_zone

    async def funding_of(
        self, lane: Lane, holder: KeyHolder, client: Client, outline: Outline, counts: bool
    ) -> Funding:
        """Tell what pays for the call. ``counts``: it counts tokens, which is any program's right.

        A plan holder's coding tool draws on the plan whatever the address, and never falls through
        to money; anything else at the general address is pay-as-you-go. Raises Refusal.
        """
        subscribed = await self._subscriptions.held_by(holder)
        rule = holder.rules.lane
        verdict = Verdict.REFUSE if subscribed is None else _verdict(subscribed, client)
        active = subscribed is not None and self._is_active(subscribed, holder)
        if lane is Lane.GENERAL and not (active and verdict is Verdict.SERVE):
            if rule == "plan":
                raise refusals.key_only_for("plan")
            if subscribed is None or not active or rule or verdict is not Verdict.RIDE:
                return _MONEY
            return self._may_ride(subscribed, outline)
        if rule == "paid":
            raise refusals.key_only_for("paid")
        if subscribed is None:
            raise refusals.no_plan(GENERAL_BASE)
        if not active:
            ended_at = subscribed.subscription.ends_at
            raise refusals.plan_expired(subscribed.plan, ended_at, self._time_zone)
        if subscribed.subscription.restricted:
            raise refusals.restricted(subscribed.subscription.restricted)
        rest = subscribed.plan.admission.rest
        return Funding(subscribed, Verdict.SERVE if counts else verdict, rest)

    def _may_ride(self, subscribed: Held, outline: Outline) -> Funding:
        """At the general address an agent's own errand may ride on its turn; a script of the
        account's, which looks the same, is paid by the token as ever."""
        model = self._subscriptions.catalogue.model_named(outline.model)
        if subscribed.subscription.restricted or model not in subscribed.plan.models:
            return _MONEY
        return Funding(subscribed, Verdict.RIDE, Verdict.PAY, general=True)

    def model_of(self, outline: Outline, funding: Funding, holder: KeyHolder) -> str:
        """Name the model that the call asks for. Raises Refusal where it is not to be had."""
        catalogue = self._subscriptions.catalogue
        model = catalogue.model_named(outline.model)
        if model is None and funding.plan is None:
            sold = [one.id for one in catalogue.models if one.prices]
            raise refusals.no_such_model(outline.model, sold)
        if model is None:
            assert funding.plan is not None
            raise refusals.unknown_model(outline.model, funding.plan.plan)
        if funding.plan is not None and model not in funding.plan.plan.models:
            raise refusals.model_not_in_plan(model, funding.plan.plan)
        if holder.rules.models and model not in holder.rules.models:
            raise refusals.model_not_for_key(model, holder.rules.models)
        return model

    def _is_active(self, subscribed: Held, holder: KeyHolder) -> bool:
        return subscribed.is_active(self._clock.now() + holder.account.clock_ahead)


def _verdict(subscribed: Held, client: Client) -> Verdict:
    known = client not in (UNKNOWN, AGENT)
    return subscribed.plan.admission.verdict(client.id, known, client is AGENT)
