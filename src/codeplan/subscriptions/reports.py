"""How the business does: today as it is, and past days, each summed once and kept. Revenue is
what the ledger says was earned; cost is what the served tokens cost by the operator's own
prices."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY, HOUR, at
from codeplan.kit.money import MINOR
from codeplan.metering.tallies import Tallies
from codeplan.plan.tokens import TokenPrice, Tokens, cost, price_for
from codeplan.store.base import Store
from codeplan.store.changing import put
from codeplan.store.documents import Document
from codeplan.store.rows import PlanCount, Use

_SALES = "sales/"


class Classes(msgspec.Struct):
    """Tokens by class, as prices look at them."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


class DayFigures(msgspec.Struct):
    """``revenue``, ``cost``: minor units by currency. ``models``: settled calls by model."""

    prompts: int = 0
    calls: int = 0
    tokens: int = 0
    revenue: dict[str, int] = msgspec.field(default_factory=dict)
    cost: dict[str, int] = msgspec.field(default_factory=dict)
    models: dict[str, int] = msgspec.field(default_factory=dict)


class Day(Document, frozen=True, kw_only=True):
    """A day of the service's zone that is over. Its id is the day: 2026-11-25."""

    figures: DayFigures


class UpstreamFigures(msgspec.Struct):
    """Of some hours. ``wait_ms``: until the first content, on average; ``speed``: tokens a second
    of streamed answers; None where nothing was measured."""

    calls: int = 0
    failed: int = 0
    wait_ms: int | None = None
    speed: float | None = None


class Today(msgspec.Struct, frozen=True):
    """``plans``: subscriptions that run. ``refusals``: by code, since midnight. ``upstreams``:
    since midnight, by name."""

    day: str
    figures: DayFigures
    plans: list[PlanCount]
    refusals: dict[str, int]
    upstreams: dict[str, UpstreamFigures]


class Reports:
    """``costs``: what a model's tokens cost the operator. ``zone``: whose days these are."""

    def __init__(
        self,
        store: Store,
        tallies: Tallies,
        clock: Clock,
        costs: Mapping[str, tuple[TokenPrice, ...]],
        zone: str,
    ) -> None:
        self._store, self._tallies, self._clock = store, tallies, clock
        self._costs, self._zone = costs, ZoneInfo(zone)

    async def today(self) -> Today:
        now = self._clock.now()
        midnight = self._midnight(now)
        tallies = await self._tallies.between(midnight, now + HOUR)
        return Today(
            f"{at(midnight, self._zone):%Y-%m-%d}",
            await self._figures(midnight, now + 1),
            await self._store.plans_running(now),
            _refusals(tallies),
            upstream_figures(tallies),
        )

    async def days(self, number: int) -> list[Day]:
        """The last so many days that are over, the oldest first. One that was not summed yet is
        summed now."""
        kept = {one.id: one for one in await self._store.documents(Day, limit=number)}
        found, ends_at = [], self._midnight(self._clock.now())
        for _ in range(number):
            begins = self._midnight(ends_at - 1)
            name = f"{at(begins, self._zone):%Y-%m-%d}"
            found.append(kept.get(name) or await self._keep(name, begins, ends_at))
            ends_at = begins
        return found[::-1]

    async def _keep(self, name: str, since: int, until: int) -> Day:
        figures = await self._figures(since, until)
        day = Day(id=name, account_id="", made_at=since, state="over", figures=figures)
        await put(self._store, "", day)
        return day

    async def _figures(self, since: int, until: int) -> DayFigures:
        figures, millionths = DayFigures(), dict[str, int]()
        for use in await self._store.use("", since - since % HOUR, until, DAY):
            figures.prompts += use.prompts
            figures.calls += use.calls
            figures.tokens += use.tokens
            figures.models[use.model] = figures.models.get(use.model, 0) + use.calls
            for currency, amount in self._cost(use).items():
                millionths[currency] = millionths.get(currency, 0) + amount
        figures.cost = {currency: amount // MINOR for currency, amount in millionths.items()}
        for account, currency, amount in await self._store.house_between(since, until):
            if account.startswith(_SALES):
                earned = figures.revenue.get(currency, 0) + amount // MINOR
                figures.revenue[currency] = earned
        return figures

    def _cost(self, use: Use) -> dict[str, int]:
        """In millionths of a minor unit. Prices by length of context cannot be told apart in sums:
        the first is taken."""
        tokens: Tokens = Classes(use.input, use.cached, use.cache_write, use.output)
        prices = self._costs.get(use.model, ())
        found = {}
        for currency in {one.currency for one in prices}:
            price = price_for(prices, currency, 0)
            if price is not None:
                found[currency] = cost(price, tokens)
        return found

    def _midnight(self, instant: int) -> int:
        """Of the day in which that instant is."""
        day = at(instant, self._zone)
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return round(midnight.timestamp() * 1000)


def upstream_figures(tallies: Mapping[str, int]) -> dict[str, UpstreamFigures]:
    """By upstream, from the tallies of some hours."""
    sums: dict[str, dict[str, int]] = {}
    for name, number in tallies.items():
        kind, _, rest = name.partition("/")
        if kind == "upstream":
            upstream, _, what = rest.rpartition("/")
            sums.setdefault(upstream, {})[what] = number
    return {name: _upstream(one) for name, one in sorted(sums.items())}


def _upstream(sums: Mapping[str, int]) -> UpstreamFigures:
    waits, stream_ms = sums.get("waits", 0), sums.get("stream_ms", 0)
    return UpstreamFigures(
        sums.get("calls", 0),
        sums.get("failed", 0),
        sums.get("waited_ms", 0) // waits if waits else None,
        round(sums.get("tokens", 0) * 1000 / stream_ms, 1) if stream_ms else None,
    )


def _refusals(tallies: Mapping[str, int]) -> dict[str, int]:
    found = {
        name.removeprefix("refused/"): number
        for name, number in tallies.items()
        if name.startswith("refused/")
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))
