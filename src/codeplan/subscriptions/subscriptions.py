"""Which plan a subscription holds, and whether it serves calls now.

A subscription keeps the catalogue version it was bought under until its period ends.
"""

from dataclasses import replace
from typing import Protocol

import msgspec
from msgspec import structs

from codeplan.kit.clock import Clock
from codeplan.plan.admission import with_admission
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.lifecycle import Dunning
from codeplan.plan.seats import capped, for_seats
from codeplan.plan.windows import Payer
from codeplan.store.base import ChangeStore, MoneyStore, SubscriptionStore
from codeplan.store.remembered import Remembered
from codeplan.store.rows import KeyHolder, Subscription
from codeplan.subscriptions.teams import Member, member_id


class Books(SubscriptionStore, MoneyStore, ChangeStore, Protocol):
    """Subscriptions, and the moves by which they change."""


class PlanUnknown(ValueError):
    """The catalogue has no such plan."""


class Held(msgspec.Struct, frozen=True):
    """A subscription with its plan as it was bought. ``serves_until``: its end, or that of the
    grace behind it."""

    subscription: Subscription
    plan: Plan
    serves_until: int

    def payer(self, account_id: str, key_id: str = "") -> Payer:
        """Whose windows count when this account calls with this key."""
        subscription = self.subscription
        return Payer(subscription.id, account_id, key_id, subscription.started_at)

    def is_active(self, now: int) -> bool:
        return self.subscription.state != "expired" and now < self.serves_until


class Subscriptions:
    """Which plan an account holds."""

    def __init__(
        self, store: Books, clock: Clock, catalogue: Catalogue, dunning: Dunning | None = None
    ) -> None:
        self._store, self._clock = store, clock
        self.catalogue = catalogue
        self._dunning = dunning or Dunning()
        # By the catalogue's version and the plan's id.
        self._plans: Remembered[tuple[str, str], Plan] = Remembered(
            store, (Catalogue,), self._bought, lambda *_: ()
        )
        # Of an organisation's members, by both their accounts; 0 for none.
        self._caps: Remembered[tuple[str, str], int] = Remembered(
            store, (Member,), self._cap, lambda name, _: (name[0],)
        )

    async def keep_catalogue(self) -> None:
        """Put the catalogue in force where subscriptions under it will find it."""
        document = msgspec.json.encode(list(self.catalogue.plans.values()))
        await self._store.keep_catalogue(self.catalogue.version, document, self._clock.now())

    def no_plan(self, asked: str) -> str:
        """What to say of a plan that the catalogue does not have."""
        return f"there is no plan {asked!r}; the catalogue has {', '.join(self.catalogue.plans)}"

    async def held(self, subscription: Subscription) -> Held:
        """The subscription with the plan it was bought with."""
        plan = await self._plans.get((subscription.catalogue_version, subscription.plan_id))
        assert plan is not None  # where there is none, PlanUnknown is raised
        if subscription.seats:
            plan = for_seats(plan, subscription.seats, subscription.pooled)
        until = self._dunning.serves_until(
            subscription.state,
            subscription.currency != "",
            subscription.ends_at,
        )
        return Held(subscription, plan, until)

    async def held_by(self, holder: KeyHolder) -> Held | None:
        """What the key's calls draw on: with the member's own cap, where an organisation pays."""
        if holder.subscription is None:
            return None
        held = await self.held(holder.subscription)
        cap = holder.rules.prompts_a_month
        if cap:
            held = structs.replace(held, plan=capped(held.plan, cap, "key"))
        if not holder.key.payer_id:
            return held
        cap = await self._caps.get((holder.key.payer_id, holder.account.id)) or 0
        return Held(held.subscription, capped(held.plan, cap), held.serves_until)

    async def _cap(self, name: tuple[str, str]) -> int:
        member = await self._store.document(Member, member_id(*name))
        return member.prompts_a_month if member else 0

    async def plan_of(self, subscription_id: str, version: str, at: int) -> Plan | None:
        """The plan that a subscription had at that instant, under that version of the catalogue, as
        far as that is known."""
        subscription = await self._store.subscription(subscription_id)
        if subscription is None:
            return None
        term = await self._store.term_at(subscription_id, at)
        plan_id = term.plan_id if term else subscription.plan_id
        version = version or subscription.catalogue_version
        bought = replace(subscription, catalogue_version=version, plan_id=plan_id)
        try:
            return (await self.held(bought)).plan
        except PlanUnknown:
            return None

    async def _bought(self, name: tuple[str, str]) -> Plan:
        version, plan_id = name
        if version == self.catalogue.version:
            return self.catalogue.plans[plan_id]
        document = await self._store.catalogue(version)
        if document is None:
            raise PlanUnknown(f"the catalogue {version} of a subscription is not in the store")
        stored = [with_admission(plan) for plan in msgspec.json.decode(document)]
        plans = msgspec.convert(stored, list[Plan])
        found = next((plan for plan in plans if plan.id == plan_id), None)
        if found is None:
            raise PlanUnknown(f"the catalogue {version} has no plan {plan_id}")
        return found
