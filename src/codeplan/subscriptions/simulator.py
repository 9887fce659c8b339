"""The plan simulator: the last days' real use of every account that holds a plan, replayed under
the catalogue in force and under a draft. It changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from codeplan.kit.clock import Clock
from codeplan.kit.ids import first_id, new_id
from codeplan.kit.instants import DAY, HOUR
from codeplan.metering.usage import is_apart
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.difference import Difference, difference
from codeplan.plan.periods import PERIOD_MONTHS
from codeplan.plan.simulate import PastCall, Replayed, replay
from codeplan.plan.tokens import TokenPrice, cost, price_for
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account, Subscription
from codeplan.telemetry import log

_PAGE = 200
_CALLS_AT_ONCE = 5_000
MOST_DAYS = 62


@dataclass(frozen=True, slots=True)
class Draft:
    """A catalogue, and what each model's tokens cost the operator."""

    catalogue: Catalogue
    costs: Mapping[str, tuple[TokenPrice, ...]] = field(default_factory=dict)


class DraftInvalid(ValueError):
    """The draft cannot be used; the text names every error."""


# From the text of a codeplan.toml. Raises DraftInvalid.
ReadDraft = Callable[[str], Draft]


class PlanFigures(msgspec.Struct):
    """One plan's, summed over the accounts that hold it. ``limited``: accounts that met a limit;
    ``refused``: prompts or calls that a limit stopped. ``revenue``: minor units of a month, by
    currency."""

    accounts: int = 0
    prompts: int = 0
    limited: int = 0
    refused: int = 0
    refused_by: dict[str, int] = msgspec.field(default_factory=dict)
    revenue: dict[str, int] = msgspec.field(default_factory=dict)


class Figures(msgspec.Struct):
    """Under one catalogue. ``cost``: minor units, by currency, of what would have been served;
    ``lost``: accounts whose plan it does not have."""

    plans: dict[str, PlanFigures] = msgspec.field(default_factory=dict)
    cost: dict[str, int] = msgspec.field(default_factory=dict)
    lost: int = 0


class Simulation(Document, frozen=True, kw_only=True):
    """``state``: running, done or failed. ``done``: accounts that were replayed."""

    days: int
    changes: tuple[Difference, ...]
    draft: str
    done: int = 0
    now: Figures = msgspec.field(default_factory=Figures)
    then: Figures = msgspec.field(default_factory=Figures)


class Simulator:
    """``in_force``: the catalogue that the service runs with."""

    def __init__(self, store: Store, clock: Clock, in_force: Draft, read: ReadDraft) -> None:
        self._store, self._clock = store, clock
        self._in_force, self._read = in_force, read
        self._running: set[asyncio.Task[None]] = set()

    def changes(self, text: str) -> list[Difference]:
        """What a draft would change. Raises DraftInvalid."""
        return difference(self._in_force.catalogue, self._read(text).catalogue)

    async def begin(self, text: str, days: int) -> str:
        """Begin to replay so many days under a draft; the simulation's id. Raises DraftInvalid."""
        if not 1 <= days <= MOST_DAYS:
            raise DraftInvalid(f"days: expected 1 to {MOST_DAYS}")
        draft = await asyncio.to_thread(self._read, text)
        made = Simulation(
            id=new_id("sim", self._clock.now()),
            account_id="",
            made_at=self._clock.now(),
            state="running",
            days=days,
            changes=tuple(difference(self._in_force.catalogue, draft.catalogue)),
            draft=text,
        )
        await put(self._store, "", made)
        task = asyncio.create_task(self._run(made, draft))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return made.id

    async def found(self, simulation_id: str) -> Simulation | None:
        return await self._store.document(Simulation, simulation_id)

    async def newest(self) -> list[Simulation]:
        return await self._store.documents(Simulation, limit=10)

    async def ended(self) -> None:
        """Wait until nothing runs."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await self.ended()

    async def _run(self, made: Simulation, draft: Draft) -> None:
        state, now, then, done = "failed", Figures(), Figures(), 0
        try:
            until = self._clock.now()
            async for account, held in self._holders(until):
                calls = await self._calls(account, until - made.days * DAY)
                for into, under in ((now, self._in_force), (then, draft)):
                    await asyncio.to_thread(_add, into, under, held, calls, account.id)
                done += 1
            state = "done"
        except Exception:
            log.exception("a simulation broke")
        finally:

            def finish(current: Simulation, _: int) -> Simulation:
                return structs.replace(current, state=state, now=now, then=then, done=done)

            await amend(self._store, "", Simulation, made.id, finish)

    async def _holders(self, now: int) -> AsyncIterator[tuple[Account, Subscription]]:
        before = ""
        while page := await self._store.find_accounts("", limit=_PAGE, before=before):
            for account in page:
                held = await self._store.current_subscription(account.id)
                if held is not None and held.state != "expired" and held.ends_at > now:
                    yield account, held
            before = page[-1].id

    async def _calls(self, account: Account, since: int) -> list[PastCall]:
        """In order, since that instant: those that brought something."""
        found: list[PastCall] = []
        after = first_id("req", since - HOUR)
        while page := await self._store.calls_since(account.id, after, _CALLS_AT_ONCE):
            found += [
                PastCall(one.started_at, one.prompt_id or "", one.model, one.usage, one.key_id)
                for one in page
                if one.state == "settled" and one.started_at >= since and not is_apart(one.model)
            ]
            after = page[-1].id
        return found


def _add(
    figures: Figures, under: Draft, held: Subscription, calls: list[PastCall], account_id: str
) -> None:
    """One account's replay into the sums."""
    plan = under.catalogue.plans.get(held.plan_id)
    if plan is None:
        figures.lost += 1
        return
    done = replay(plan, calls, account_id, held.started_at)
    mine = figures.plans.setdefault(plan.id, PlanFigures())
    mine.accounts += 1
    mine.prompts += done.prompts
    mine.limited += done.refusals > 0
    mine.refused += done.refusals
    for rule, number in done.refused.items():
        mine.refused_by[rule] = mine.refused_by.get(rule, 0) + number
    _add_revenue(mine, plan, held)
    _add_cost(figures, under, done, calls)


def _add_revenue(figures: PlanFigures, plan: Plan, held: Subscription) -> None:
    price = plan.price(held.currency, held.period)
    if price is not None:
        month = price * max(1, held.seats) // PERIOD_MONTHS[held.period]
        figures.revenue[held.currency] = figures.revenue.get(held.currency, 0) + month


def _add_cost(figures: Figures, under: Draft, done: Replayed, calls: list[PastCall]) -> None:
    """Of the served share of the calls: which calls of a refused prompt there would have been,
    nobody can know."""
    served = (done.prompts - done.refusals, done.prompts) if done.prompts else (1, 1)
    millionths: dict[str, int] = {}
    for call in calls:
        prices, usage = under.costs.get(call.model, ()), call.usage
        if usage is None:
            continue
        for currency in {one.currency for one in prices}:
            price = price_for(prices, currency, usage.input + usage.cached)
            if price is not None:
                millionths[currency] = millionths.get(currency, 0) + cost(price, usage)
    for currency, amount in millionths.items():
        minor = amount * served[0] // served[1] // 1_000_000
        figures.cost[currency] = figures.cost.get(currency, 0) + minor
