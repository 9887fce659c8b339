"""The subscriptions' use cases: grant one, and say which plan holds now.

A subscription keeps the catalogue version it was bought under until its period ends.
"""

from dataclasses import replace
from typing import Protocol

import msgspec

from codeplan.kit import instants
from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.periods import PERIOD_MONTHS, Period
from codeplan.plan.windows import Payer
from codeplan.store.base import MoneyStore, SubscriptionStore
from codeplan.store.money import Decision, Move, Term
from codeplan.store.rows import Subscription


class Books(SubscriptionStore, MoneyStore, Protocol):
    """Subscriptions, and the moves by which they change."""


class PlanUnknown(ValueError):
    """The catalogue has no such plan."""


class Held(msgspec.Struct, frozen=True):
    """A subscription with its plan as it was bought."""

    subscription: Subscription
    plan: Plan

    def payer(self, account_id: str, key_id: str = "") -> Payer:
        """Whose windows count when this account calls with this key."""
        subscription = self.subscription
        return Payer(subscription.id, account_id, key_id, subscription.started_at)

    def is_active(self, now: int) -> bool:
        return self.subscription.state == "active" and now < self.subscription.ends_at


class Subscriptions:
    """Which plan an account holds."""

    def __init__(self, store: Books, clock: Clock, catalogue: Catalogue) -> None:
        self._store, self._clock = store, clock
        self.catalogue = catalogue
        self._plans: dict[tuple[str, str], Plan] = {}

    async def keep_catalogue(self) -> None:
        """Put the catalogue in force where subscriptions under it will find it."""
        document = msgspec.json.encode(list(self.catalogue.plans.values()))
        await self._store.keep_catalogue(self.catalogue.version, document, self._clock.now())

    async def grant(self, account_id: str, plan_id: str, period: Period) -> Subscription:
        """Start a subscription now. Raises PlanUnknown."""
        if plan_id not in self.catalogue.plans:
            known = ", ".join(self.catalogue.plans)
            raise PlanUnknown(f"there is no plan {plan_id!r}; the catalogue has {known}")
        now = self._clock.now()
        subscription = Subscription(
            id=new_id("sub", now),
            account_id=account_id,
            plan_id=plan_id,
            catalogue_version=self.catalogue.version,
            period=period,
            state="active",
            started_at=now,
            ends_at=instants.add_months(now, PERIOD_MONTHS[period]),
        )
        term = Term(
            id=new_id("term", now),
            subscription_id=subscription.id,
            account_id=account_id,
            plan_id=plan_id,
            catalogue_version=self.catalogue.version,
            period=period,
            kind="granted",
            currency="",
            list_minor=0,
            paid_minor=0,
            started_at=now,
            ends_at=subscription.ends_at,
        )
        given = Decision(b"{}", subscription=subscription, terms=(term,))
        await self._store.move(Move(account_id, f"grant/{subscription.id}", lambda *_: given))
        return subscription

    async def held(self, subscription: Subscription) -> Held:
        """The subscription with the plan it was bought with."""
        name = (subscription.catalogue_version, subscription.plan_id)
        plan = self._plans.get(name)
        if plan is None:
            plan = self._plans[name] = await self._bought(*name)
        return Held(subscription, plan)

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

    async def _bought(self, version: str, plan_id: str) -> Plan:
        if version == self.catalogue.version:
            return self.catalogue.plans[plan_id]
        document = await self._store.catalogue(version)
        if document is None:
            raise PlanUnknown(f"the catalogue {version} of a subscription is not in the store")
        plans = msgspec.json.decode(document, type=list[Plan])
        found = next((plan for plan in plans if plan.id == plan_id), None)
        if found is None:
            raise PlanUnknown(f"the catalogue {version} has no plan {plan_id}")
        return found
