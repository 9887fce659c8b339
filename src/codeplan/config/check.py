"""What types cannot say: names that must be unique, and names that must exist."""

import os
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from codeplan.config.check_clients import check_clients
from codeplan.config.check_mcp import check_mcp
from codeplan.config.check_money import check_money
from codeplan.config.lines import Path, written
from codeplan.config.model import ConfigFile, SpanTable
from codeplan.kit.money import minor_units
from codeplan.upstream.base import ANTHROPIC_DIALECTS, Dialect


def check(config: ConfigFile) -> list[tuple[Path, str]]:
    """Each complaint with the path of what it is about."""
    return [
        *_zones(config),
        *_windows(config),
        *_unique(config),
        *_upstreams(config),
        *_routes(config),
        *_dialects(config),
        *_plans(config),
        *_prices(config),
        *_promotions(config),
        *check_money(config),
        *check_mcp(config),
        *check_clients(config),
    ]


def _zones(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    named: list[tuple[Path, str]] = [(("service", "time_zone"), config.service.time_zone)]
    named += [((*path, "zone"), window.zone) for path, window in _spans(config)]
    for index, plan in enumerate(config.plans):
        for place, rate in enumerate(plan.rates):
            for hour, hours in enumerate(rate.hours):
                where: Path = ("plans", index, "rates", place, "hours", hour, "zone")
                named.append((where, hours.zone))
    for index, promotion in enumerate(config.promotions):
        named.append((("promotions", index, "zone"), promotion.zone))
    for path, zone in named:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield path, f"{written(path)}: expected a zone such as Europe/Berlin (not {zone!r})"


def _spans(config: ConfigFile) -> Iterator[tuple[Path, SpanTable]]:
    """Each window of plans and benefits, with its place."""
    for index, plan in enumerate(config.plans):
        for name, windows in (("windows", plan.windows), ("mcp", plan.mcp)):
            for place, window in enumerate(windows):
                yield ("plans", index, name, place), window
    for index, benefit in enumerate(config.benefits):
        for place, use in enumerate(benefit.uses):
            yield ("benefits", index, "uses", place), use


def _windows(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    """A calendar has whole days, weeks and months, and hours that divide a day."""
    for path, window in _spans(config):
        wholes = {"hour": 24, "day": 1, "week": 1, "month": 12}[window.span]
        if window.kind == "calendar" and wholes % window.number:
            where = (*path, "per")
            yield (
                where,
                (
                    f"{written(where)}: expected a length that a calendar has, such as 6h, 1d,"
                    f" 1w, 1mo or 3mo (not {window.per!r})"
                ),
            )


def _prices(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    for index, plan in enumerate(config.plans):
        for currency, prices in plan.prices.items():
            for period, amount in prices.model_dump(exclude_none=True).items():
                path: Path = ("plans", index, "prices", currency, period)
                try:
                    minor_units(amount, currency)
                except ValueError as problem:
                    yield path, f"{written(path)}: {problem} (not {amount!r})"


def _promotions(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    plans = {plan.id for plan in config.plans}
    known = {promotion.id: promotion for promotion in config.promotions}
    for index, promotion in enumerate(config.promotions):
        if promotion.end < promotion.begin:
            path: Path = ("promotions", index, "to")
            yield path, f"{written(path)}: expected a day that is not before {promotion.begin}"
        for place, plan in enumerate(promotion.plans):
            if plan not in plans:
                path = ("promotions", index, "plans", place)
                yield path, f"{written(path)}: expected one of {sorted(plans)} (not {plan!r})"
        for place, other in enumerate(promotion.stacks_with):
            path = ("promotions", index, "stacks_with", place)
            if other not in known:
                yield path, f"{written(path)}: expected one of {sorted(known)} (not {other!r})"
            elif promotion.id not in known[other].stacks_with:
                yield path, f"{written(path)}: {other} does not name {promotion.id} in turn"


def _unique(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    for table, key, names in (
        ("upstreams", "name", [item.name for item in config.upstreams]),
        ("models", "id", [item.id.lower() for item in config.models]),
        ("plans", "id", [item.id for item in config.plans]),
        ("promotions", "id", [item.id for item in config.promotions]),
        ("packs", "id", [item.id for item in config.packs]),
        ("benefits", "id", [item.id for item in config.benefits]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (table, index, key), f"{table}[{index}].{key}: {name!r} is already taken"
    for index, plan in enumerate(config.plans):
        spans = [(w.number, w.span, w.unit, w.scope) for w in plan.windows]
        for place, span in enumerate(spans):
            if span in spans[:place]:
                path: Path = ("plans", index, "windows", place)
                yield path, f"{written(path)}: a window of that length is there"


def _upstreams(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    for index, upstream in enumerate(config.upstreams):
        place = f"upstreams[{index}]"
        if upstream.protocol != "embedded" and not upstream.base_url:
            yield ("upstreams", index), f"{place}.base_url: is missing; it must be given"
        if upstream.api_key_env and not os.environ.get(upstream.api_key_env):
            yield (
                ("upstreams", index, "api_key_env"),
                (f"{place}.api_key_env: expected the environment to hold {upstream.api_key_env}"),
            )


def _routes(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    names = {upstream.name for upstream in config.upstreams}
    for index, model in enumerate(config.models):
        if names and not model.routes:
            yield ("models", index), f"models[{index}].routes: expected at least one route"
        for place, route in enumerate(model.routes):
            if route.upstream not in names:
                yield (
                    ("models", index, "routes", place, "upstream"),
                    (
                        f"models[{index}].routes[{place}].upstream: expected one of"
                        f" {sorted(names)} (not {route.upstream!r})"
                    ),
                )


def _dialects(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    """A model has one dialect at an upstream, and one that servers of its protocol may have."""
    known = {upstream.name: upstream for upstream in config.upstreams}
    named: list[tuple[Path, str, Dialect]] = [
        (("upstreams", index, "dialect"), upstream.protocol, upstream.dialect)
        for index, upstream in enumerate(config.upstreams)
    ]
    taken: dict[tuple[str, str], Dialect | None] = {}
    for index, model in enumerate(config.models):
        for place, route in enumerate(model.routes):
            path: Path = ("models", index, "routes", place)
            dialect = route.dialect or model.dialect
            if taken.setdefault((route.upstream, route.model), dialect) != dialect:
                yield path, f"{written(path)}: {route.model} has another dialect there already"
            if dialect is not None and route.upstream in known:
                named.append((path, known[route.upstream].protocol, dialect))
    for path, protocol, dialect in named:
        if dialect in ANTHROPIC_DIALECTS and protocol != "anthropic":
            yield path, f"{written(path)}: only an Anthropic upstream has the dialect {dialect!r}"


def _plans(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    models = {model.id for model in config.models}
    for index, plan in enumerate(config.plans):
        named: list[tuple[Path, str]] = [
            (("plans", index, "models", place), name) for place, name in enumerate(plan.models)
        ]
        for rate, table in enumerate(plan.rates):
            for place, name in enumerate(table.models):
                named.append((("plans", index, "rates", rate, "models", place), name))
        for path, name in named:
            if name not in models:
                yield path, f"{written(path)}: expected one of {sorted(models)} (not {name!r})"
