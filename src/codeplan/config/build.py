"""From the file's tables to the values that the rest of the house takes."""

import os
from hashlib import sha256
from typing import cast

import msgspec

from codeplan.config.build_money import pack_offer, prices_of
from codeplan.config.model import (
    DAYS,
    BenefitTable,
    ConfigFile,
    PlanTable,
    PromotionTable,
    RateTable,
    SpanTable,
    UpstreamTable,
)
from codeplan.kit.money import minor_units
from codeplan.plan.admission import Admission, Admit
from codeplan.plan.benefits import Benefit
from codeplan.plan.catalogue import Catalogue, Model, Plan, Price
from codeplan.plan.periods import PERIOD_MONTHS
from codeplan.plan.promotions import Promotion
from codeplan.plan.rates import Hours, Rate
from codeplan.plan.rules import ONE, Unit, WindowRule
from codeplan.routing.routes import Route
from codeplan.upstream.base import Dialect, UpstreamSettings

EMBEDDED = UpstreamSettings(name="embedded", protocol="embedded")


def build_catalogue(config: ConfigFile) -> Catalogue:
    """Plans and models; the version is a hash of what they say."""
    plans = {table.id: _plan(table) for table in config.plans}
    models = tuple(
        Model(
            table.id,
            tuple(table.aliases),
            prices_of(table.prices),
            table.output_tokens,
            table.context,
            table.output,
        )
        for table in config.models
    )
    version = sha256(msgspec.json.encode([list(plans.values()), models], order="sorted"))
    promotions = tuple(_promotion(table) for table in config.promotions)
    packs = tuple(pack_offer(table) for table in config.packs)
    benefits = tuple(_benefit(table) for table in config.benefits)
    return Catalogue(version.hexdigest()[:16], plans, models, promotions, packs, benefits)


def _benefit(table: BenefitTable) -> Benefit:
    return Benefit(
        id=table.id,
        name=table.name,
        kind=table.kind,
        about=table.about,
        plans=frozenset(table.plans),
        days=table.days,
        windows=tuple(_rule(window, "use") for window in table.uses),
        most_seconds=table.most_seconds,
        url=table.url,
    )


def _promotion(table: PromotionTable) -> Promotion:
    return Promotion(
        id=table.id,
        name=table.name,
        begin=table.begin,
        end=table.end,
        zone=table.zone,
        percent_off=round(table.percent_off * 100),
        kinds=frozenset(table.kinds),
        plans=frozenset(table.plans),
        periods=frozenset(table.periods),
        stacks_with=frozenset(table.stacks_with),
        code=table.code,
        referred=table.referred,
        limit=table.limit,
    )


def _rule(window: SpanTable, unit: Unit) -> WindowRule:
    return WindowRule(
        unit, window.number, window.span, window.limit, window.kind, window.scope, window.zone
    )


def _plan(table: PlanTable) -> Plan:
    return Plan(
        id=table.id,
        name=table.name,
        windows=tuple(_rule(window, window.unit) for window in table.windows),
        mcp=tuple(_rule(window, "mcp") for window in table.mcp),
        calls_per_prompt=table.calls_per_prompt,
        concurrency=table.concurrency,
        models=tuple(table.models),
        admission=_admission(table),
        max_calls_per_turn=table.max_calls_per_turn,
        rates=tuple(_rate(rate) for rate in table.rates),
        prices=tuple(
            Price(currency, period, minor_units(amount, currency))
            for currency, prices in table.prices.items()
            for period in PERIOD_MONTHS
            if (amount := getattr(prices, period)) is not None
        ),
    )


def _admission(table: PlanTable) -> Admission:
    admit: str | list[str] = table.admit
    if table.clients is not None:
        admit = "known" if table.clients == "supported" else table.clients
    if isinstance(admit, list):
        return Admission("known", frozenset(admit), table.otherwise)
    return Admission(cast(Admit, admit), None, table.otherwise)


def _rate(table: RateTable) -> Rate:
    return Rate(
        models=tuple(table.models),
        times=_millionths(table.times),
        hours=tuple(
            Hours(
                days=tuple(DAYS.index(day) for day in hours.days),
                begin=_minutes(hours.begin),
                end=_minutes(hours.end),
                zone=hours.zone,
                times=_millionths(hours.times),
            )
            for hours in table.hours
        ),
        # So many credits for a million tokens are so many millionths for one.
        **(table.credits.model_dump() if table.credits else {}),
    )


def _millionths(number: float) -> int:
    return round(number * ONE)


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def build_upstreams(config: ConfigFile) -> tuple[UpstreamSettings, ...]:
    """The upstreams, with their keys read from the environment; the embedded one if there are
    none."""
    if not config.upstreams:
        return (EMBEDDED,)
    return tuple(
        UpstreamSettings(
            name=table.name,
            protocol=table.protocol,
            base_url=_base_url(table, table.base_url),
            replicas=tuple(_base_url(table, address) for address in table.replicas),
            dialect=table.dialect,
            dialects=_dialects(config, table.name),
            api_key=os.environ.get(table.api_key_env, "") if table.api_key_env else "",
            connect_timeout_seconds=table.connect_timeout_seconds,
            first_byte_timeout_seconds=table.first_byte_timeout_seconds,
            silence_timeout_seconds=table.silence_timeout_seconds,
            links=table.links,
        )
        for table in config.upstreams
    )


def _dialects(config: ConfigFile, upstream: str) -> dict[str, Dialect]:
    """The upstream's models that have a dialect of their own, by its names for them."""
    return {
        route.model: dialect
        for model in config.models
        for route in model.routes
        if route.upstream == upstream and (dialect := route.dialect or model.dialect) is not None
    }


def _base_url(table: UpstreamTable, address: str) -> str:
    """An Anthropic address is meant with or without the version behind it; tools write both."""
    if table.protocol == "anthropic":
        return address.removesuffix("/v1")
    return address


def build_routes(config: ConfigFile) -> dict[str, tuple[Route, ...]]:
    """Each model's routes, in the order in which they are tried."""
    return {
        model.id: tuple(Route(route.upstream, route.model) for route in model.routes)
        or (Route(EMBEDDED.name, model.id),)
        for model in config.models
    }
