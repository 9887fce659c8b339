"""The catalogue: the plans on sale and the models in them, as values. Knows no file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from codeplan.plan.admission import AGENTS, Admission
from codeplan.plan.benefits import Benefit
from codeplan.plan.periods import Period
from codeplan.plan.promotions import Promotion
from codeplan.plan.rates import Rate
from codeplan.plan.rules import WindowRule
from codeplan.plan.tokens import TokenPrice


@dataclass(frozen=True, slots=True)
class Price:
    """What a period of a plan costs, in the currency's minor unit."""

    currency: str
    period: Period
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. ``calls_per_prompt``: model calls that one prompt pays for. ``concurrency``: calls
    at once. ``admission``: which programs it serves. ``max_calls_per_turn``: where a turn that
    runs away is stopped; 0 for nowhere. ``rates``: what use weighs, the first that fits.
    ``prices``: none where it is not sold. ``mcp``: windows of calls to the plan's MCP servers; none
    where it has none."""

    id: str
    name: str
    windows: tuple[WindowRule, ...]
    calls_per_prompt: int
    concurrency: int
    models: tuple[str, ...]
    admission: Admission = AGENTS
    max_calls_per_turn: int = 0
    rates: tuple[Rate, ...] = ()
    prices: tuple[Price, ...] = ()
    mcp: tuple[WindowRule, ...] = ()

    @property
    def for_mcp(self) -> "Plan":
        """As calls of its MCP servers are counted by it: in their own windows, and in no other."""
        return replace(self, windows=self.mcp)

    def price(self, currency: str, period: Period) -> int | None:
        """The list price in minor units; None where it is not sold so."""
        for price in self.prices:
            if (price.currency, price.period) == (currency, period):
                return price.amount_minor
        return None

    def rate_of(self, model: str) -> Rate:
        """The first rate that names the model, or the plain one: everything weighs one."""
        for rate in self.rates:
            if not rate.models or model in rate.models:
                return rate
        return _PLAIN


_PLAIN = Rate()


@dataclass(frozen=True, slots=True)
class Model:
    """A model that plans name. Aliases are glob patterns; all of it matches in any case.
    ``prices``: for whoever pays by the token; none where nobody can. ``output_tokens``: what an
    answer is taken to be at most where the call does not say. ``context``, ``output``: the tokens
    that it reads and writes at most, for tools that want to be told; None where nobody said."""

    id: str
    aliases: tuple[str, ...] = ()
    prices: tuple[TokenPrice, ...] = ()
    output_tokens: int = 8192
    context: int | None = None
    output: int | None = None


@dataclass(frozen=True, slots=True)
class PackOffer:
    """A resource pack on sale: so many tokens of these models (none for all), for so many days.
    ``prices``: by currency, in minor units."""

    id: str
    name: str
    tokens: int
    days: int
    models: tuple[str, ...] = ()
    prices: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Plans and models under one version: a hash of what they say."""

    version: str
    plans: Mapping[str, Plan]
    models: tuple[Model, ...]
    promotions: tuple[Promotion, ...] = ()
    packs: tuple[PackOffer, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    _resolved: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def model_named(self, asked: str) -> str | None:
        """The id of the model meant by an id, an alias or a pattern, or None.

        An exact id wins over a pattern. ``[1m]`` behind a name is a client's own mark.
        """
        if len(asked) > 200 or not asked.isprintable():
            return None  # no name is like that, and it is not worth remembering
        if asked not in self._resolved:
            if len(self._resolved) > 4096:
                self._resolved.clear()
            self._resolved[asked] = self._resolve(asked)
        return self._resolved[asked]

    def model(self, model_id: str) -> Model | None:
        return next((model for model in self.models if model.id == model_id), None)

    def pack(self, pack_id: str) -> PackOffer | None:
        return next((pack for pack in self.packs if pack.id == pack_id), None)

    def counters(self) -> tuple[str, ...]:
        """Where purchases of limited promotions are counted."""
        return tuple(one.counter for one in self.promotions if one.limit)

    def _resolve(self, asked: str) -> str | None:
        name = asked.lower().removesuffix("[1m]")
        for model in self.models:
            if model.id.lower() == name:
                return model.id
        for model in self.models:
            if any(fnmatchcase(name, alias.lower()) for alias in model.aliases):
                return model.id
        return None
