"""Benefits: which a person may claim, which run, and their use, which is charged apart from prompts
and money: one unit of the benefit's own windows each time.

A grant belongs to one person and one subscription; claimed again it is the same."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY, with_zone
from codeplan.metering.meter import Meter
from codeplan.metering.usage import BENEFIT
from codeplan.plan.benefits import Benefit, BenefitKind
from codeplan.plan.catalogue import Plan
from codeplan.plan.windows import Payer, WindowView
from codeplan.store.base import Store
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.operations import Reserve
from codeplan.store.rows import Account
from codeplan.subscriptions.apart import APART, Apart, CallRefused, Spent
from codeplan.subscriptions.partner_codes import PartnerCode, PartnerCodes
from codeplan.subscriptions.subscriptions import Held, Subscriptions
from codeplan.subscriptions.teams import Teams

T = TypeVar("T")
_AT_ONCE = 5
State = Literal["open", "runs", "over", "elsewhere"]


class Grant(Document, frozen=True, kw_only=True):
    """``ends_at``: None for with the plan. ``code``: a partner's, where it is one."""

    benefit_id: str
    subscription_id: str
    ends_at: int | None = None
    code: str = ""


class BenefitUnknown(ValueError):
    """No such benefit, or none that this person may claim; the text says which plans bring it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A benefit as it stands for a person. ``state``: open to be claimed, runs, over, or elsewhere:
    in other plans. ``held``: the plan that brings it, while that runs."""

    benefit: Benefit
    state: State
    grant: Grant | None = None
    held: Held | None = None
    windows: tuple[WindowView, ...] = ()

    @property
    def plan(self) -> Plan | None:
        return self.held.plan if self.held else None

    @property
    def ends_at(self) -> int | None:
        """None where it ends with the plan."""
        return self.grant.ends_at if self.grant else None

    @property
    def restricted(self) -> str:
        """Why an operator stopped the plan that it runs by; "" where nobody did."""
        stopped = self.held.subscription.restricted if self.held else ""
        return stopped if self.state == "runs" else ""


class Benefits:
    """``zone``: in which times are told."""

    def __init__(
        self,
        store: Store,
        subscriptions: Subscriptions,
        teams: Teams,
        meter: Meter,
        apart: Apart,
        clock: Clock,
        zone: str,
    ) -> None:
        self._store, self._subscriptions, self._teams = store, subscriptions, teams
        self._meter, self._clock, self._zone = meter, clock, zone
        self._apart, self.codes = apart, PartnerCodes(store)

    @property
    def offered(self) -> tuple[Benefit, ...]:
        return self._subscriptions.catalogue.benefits

    async def of(self, account: Account) -> list[Standing]:
        """Every benefit of the catalogue, as it stands for this person, with what is left of it."""
        found = []
        for standing in await self._standings(account):
            limited = standing.state == "runs" and standing.benefit.windows
            if limited and standing.grant is not None:
                payer = _payer(standing.grant, account.id)
                windows = await self._meter.windows(payer, _as_plan(standing.benefit))
                standing = replace(standing, windows=windows)
            found.append(standing)
        return found

    async def claim(self, account: Account, benefit_id: str) -> Grant:
        """Raises BenefitUnknown, NoCodeLeft."""
        standings = await self._standings(account)
        found = next((one for one in standings if one.benefit.id == benefit_id), None)
        if found is None:
            raise BenefitUnknown("there is no such benefit")
        if found.grant is not None and found.state == "runs":
            return found.grant
        if found.state == "over":
            raise BenefitUnknown(self._over(found))
        benefit, held = found.benefit, found.held
        if held is None:
            plans = self._subscriptions.catalogue.plans.values()
            names = [plan.name for plan in plans if benefit.comes_with(plan.id)]
            raise BenefitUnknown(f"{benefit.name} comes with {', '.join(names)}")
        if benefit.kind == "codes":
            return await self.codes.give(
                benefit.id, lambda code: self._grant(account, benefit, held, code)
            )
        return await self._grant(account, benefit, held, None)

    async def use(
        self,
        account: Account,
        kind: BenefitKind,
        what: str,
        work: Callable[[Standing, Spent], Awaitable[T]],
        key_id: str = "",
        client: str = "",
    ) -> T:
        """Do the work on the first benefit of that kind that runs, and charge it once it is done.
        Raises CallRefused, and what the work raises."""
        standing = await self._running(account, kind)
        grant = standing.grant
        assert grant is not None  # it runs
        asked = Reserve(
            call_id=new_id("req", self._clock.now()),
            account_id=account.id,
            key_id=key_id,
            subscription_id=grant.id,
            plan=_as_plan(standing.benefit),
            claim=APART,
            client=client,
            protocol="benefit",
            model_asked=what,
            model=f"{BENEFIT}{standing.benefit.id}",
            streamed=False,
            started_at=grant.made_at,
        )
        return await self._apart.charged(
            asked, standing.benefit.name, lambda spent: work(standing, spent)
        )

    async def _standings(self, account: Account) -> list[Standing]:
        plans = await self._plans(account)
        grants = await self._store.documents(Grant, account.id, limit=1000)
        now = self._clock.now() + account.clock_ahead
        return [_standing(benefit, plans, grants, now) for benefit in self.offered]

    async def _running(self, account: Account, kind: BenefitKind) -> Standing:
        """Raises CallRefused."""
        mine = [one for one in await self._standings(account) if one.benefit.kind == kind]
        for standing in mine:
            if standing.state == "runs" and not standing.restricted:
                return standing
        for standing in mine:
            if standing.restricted:
                raise CallRefused(
                    f"Your plan was restricted by the operator: {standing.restricted}", "1313", 429
                )
        for standing in mine:
            if standing.state == "open":
                name = standing.benefit.name
                raise CallRefused(
                    f"{name} is a benefit of your plan that you have not claimed yet: the"
                    " console's page Benefits has it."
                )
        for standing in mine:
            if standing.state == "over":
                raise CallRefused(self._over(standing), "1309")
        raise CallRefused("None of your plans brings this benefit.")

    def _over(self, standing: Standing) -> str:
        name = standing.benefit.name
        if standing.ends_at is None:
            return f"Your benefit {name} ended with the plan that brought it."
        return f"Your benefit {name} ended at {with_zone(standing.ends_at, self._zone)}."

    async def _grant(
        self, account: Account, benefit: Benefit, held: Held, code: PartnerCode | None
    ) -> Grant:
        """Raises CodeGone where another person got that code meanwhile."""
        name = f"{account.id}/{benefit.id}/{held.subscription.id}"
        made: Grant | None = None

        def decide(books: Books, now: int) -> Decision:
            nonlocal made
            made = books.found.one(Grant, name)
            if made is not None:
                return Decision()
            given = self.codes.given(code, books, account.id) if code is not None else ()
            made = Grant(
                id=name,
                account_id=account.id,
                made_at=now,
                state="claimed",
                benefit_id=benefit.id,
                subscription_id=held.subscription.id,
                ends_at=now + benefit.days * DAY if benefit.days else None,
                code=code.code if code is not None else "",
            )
            return Decision(documents=(*given, made))

        reads = (One(Grant, name), *((One(PartnerCode, code.id),) if code is not None else ()))
        await self._store.move(Move(account.id, "", decide, reads, terms=False))
        assert made is not None  # the decision made or found it
        return made

    async def _plans(self, account: Account) -> list[Held]:
        """What runs now: the person's own plan, and those of organisations."""
        payers = [account.id]
        for team, member in await self._teams.teams_of(account.id):
            if member.state == "active":
                payers.append(team.id)
        now = self._clock.now() + account.clock_ahead
        found = []
        for payer in payers:
            subscription = await self._store.current_subscription(payer)
            if subscription is not None:
                held = await self._subscriptions.held(subscription)
                if held.is_active(now):
                    found.append(held)
        return found


def _standing(
    benefit: Benefit, plans: Sequence[Held], grants: Sequence[Grant], now: int
) -> Standing:
    mine = [grant for grant in grants if grant.benefit_id == benefit.id]
    bringing = [held for held in plans if benefit.comes_with(held.plan.id)]
    by_subscription = {held.subscription.id: held for held in bringing}
    for grant in mine:
        held = by_subscription.get(grant.subscription_id)
        runs = held is not None if grant.ends_at is None else now < grant.ends_at
        if runs:
            return Standing(benefit, "runs", grant, held)
    claimed = {grant.subscription_id for grant in mine}
    for held in bringing:
        if held.subscription.id not in claimed:
            return Standing(benefit, "open", held=held)
    if mine:
        return Standing(benefit, "over", mine[0])
    return Standing(benefit, "elsewhere")


def _as_plan(benefit: Benefit) -> Plan:
    """As its use is counted."""
    return Plan(f"{BENEFIT}{benefit.id}", benefit.name, benefit.windows, 1, _AT_ONCE, ())


def _payer(grant: Grant, account_id: str) -> Payer:
    return Payer(grant.id, account_id, "", grant.made_at)
