"""The addresses that GLM Coding Plan's quota widgets read, in its shapes.

They answer HTTP 200 with ``success: false`` where something is wrong, as those clients expect;
times are local to the service's zone, ``nextResetTime`` is in epoch milliseconds and absent while
a window has not opened. ``usage`` is the limit there, ``currentValue`` what is used.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer
from codeplan.api.shown import Services, Standing, standing_of
from codeplan.kit import instants
from codeplan.kit.money import written
from codeplan.metering.usage import LONGEST, RangeInvalid, UsageSeries, usage_series
from codeplan.plan.rules import ONE
from codeplan.plan.windows import WindowView, shown

_UNITS = {"hour": 3, "day": 4, "month": 5, "week": 6}
# By the names that those clients have for them.
_SERVERS = {"web_search_prime": "search-prime", "web_reader": "web-reader", "vision": "vision"}
_FORM = "%Y-%m-%d %H:%M:%S"
_BAD_KEY = (1000, "Authentication failed: the API key is missing, unknown or revoked")
_NO_PLAN = (1, "This account has no coding plan")
_BAD_RANGE = "Parameter validation failed: incorrect time format or time range exceeds limit"


def routes(services: Services) -> list[Route]:
    zone = ZoneInfo(services.time_zone)

    async def quota(request: Request) -> Response:
        standing = await _standing(request, services)
        if standing is None:
            return _failure(*_BAD_KEY)
        if standing.held is None:
            return _failure(*_NO_PLAN)
        limits = [_limit(view) for view in _one_each(standing.windows)]
        limits += [await _mcp_limit(services, standing, view) for view in standing.mcp]
        if standing.overage is not None:
            limits.append(_money_limit(*standing.overage))
        return _success({"level": standing.held.plan.id, "limits": limits})

    async def model_usage(request: Request) -> Response:
        found = await _series(request, services, zone)
        return found if isinstance(found, Response) else _success(_model_usage(found, zone))

    async def tool_usage(request: Request) -> Response:
        found = await _series(request, services, zone)
        return found if isinstance(found, Response) else _success(_tool_usage(found, zone))

    async def subscriptions(request: Request) -> Response:
        standing = await _standing(request, services)
        if standing is None:
            return _failure(*_BAD_KEY)
        return _success(_subscriptions(standing, zone))

    return [
        Route("/api/monitor/usage/quota/limit", quota),
        Route("/api/monitor/usage/model-usage", model_usage),
        Route("/api/monitor/usage/tool-usage", tool_usage),
        Route("/api/biz/subscription/list", subscriptions),
    ]


def _one_each(views: Sequence[WindowView]) -> list[WindowView]:
    """Of windows that those clients cannot tell apart, the one that refuses first: a plan's five
    hours and a key's own are one to them."""
    tightest: dict[tuple[str, str, int], WindowView] = {}
    for view in views:
        name = (_type(view), view.rule.span, view.rule.number)
        other = tightest.get(name)
        if other is None or _tightness(view) > _tightness(other):
            tightest[name] = view
    return list(tightest.values())


def _tightness(view: WindowView) -> tuple[int, int]:
    return view.share(10**6), view.resets_at or 0


def _type(view: WindowView) -> str:
    return "CREDIT_LIMIT" if view.rule.unit == "credit" else "TOKENS_LIMIT"


def _money_limit(view: WindowView, currency: str) -> dict[str, Any]:
    """What the key may spend in a day where its plan is used up; in whole units of the currency."""
    amounts = {
        name: float(written(minor, currency, sign=False))
        for name, minor in (
            ("usage", view.limit),
            ("currentValue", int(view.used)),
            ("remaining", view.limit - int(view.used)),
        )
    }
    return {**_limit(view), **amounts, "type": "MONEY_LIMIT", "currency": currency}


async def _mcp_limit(services: Services, standing: Standing, view: WindowView) -> dict[str, Any]:
    """As those clients know it: of a type of its own, months with the code that minutes have, and
    with what was used of each server, by whole hours."""
    used = {}
    if view.opened_at is not None:
        account, now = standing.holder.account.id, services.clock.now()
        since = max(view.opened_at, now + 1 - LONGEST)
        series = await usage_series(services.usage, account, since, now + 1)
        used = {name: sum(counts) for name, counts in series.mcp.items()}
    details = [{"modelCode": code, "usage": used.get(name, 0)} for name, code in _SERVERS.items()]
    return {**_limit(view), "type": "TIME_LIMIT", "usageDetails": details}


async def _standing(request: Request, services: Services) -> Standing | None:
    """None for no key, or one that is nobody's."""
    holder = await services.accounts.holder_in(dict(request.headers.raw))
    return await standing_of(services, holder) if holder else None


def _success(data: Any) -> Response:
    return answer({"code": 200, "msg": "Operation successful", "success": True, "data": data})


def _failure(code: int, message: str) -> Response:
    return answer({"code": code, "msg": message, "success": False})


def _limit(view: WindowView) -> dict[str, Any]:
    shown_limit: dict[str, Any] = {
        "type": _type(view),
        "unit": _UNITS[view.rule.span],
        "number": view.rule.number,
        "usage": view.limit,
        "currentValue": shown(min(view.taken + view.running, view.limit * ONE)),
        "remaining": view.left,
        "percentage": view.percent,
    }
    if view.resets_at is not None:
        shown_limit["nextResetTime"] = view.resets_at
    if view.rule.scope != "plan":
        shown_limit["scope"] = view.rule.scope
    return shown_limit


async def _series(request: Request, services: Services, zone: ZoneInfo) -> UsageSeries | Response:
    standing = await _standing(request, services)
    if standing is None:
        return _failure(*_BAD_KEY)
    if standing.held is None:
        return _failure(*_NO_PLAN)
    try:
        since, until = (
            _instant(request.query_params[name], zone) for name in ("startTime", "endTime")
        )
        return await usage_series(services.usage, standing.holder.account.id, since, until)
    except (KeyError, ValueError, OverflowError, RangeInvalid):
        return _failure(500, _BAD_RANGE)


def _instant(text: str, zone: ZoneInfo) -> int:
    return round(datetime.strptime(text, _FORM).replace(tzinfo=zone).timestamp() * 1000)


def _frame(series: UsageSeries, zone: ZoneInfo) -> dict[str, Any]:
    hourly = series.step == instants.HOUR
    form = "%Y-%m-%d %H:%M" if hourly else "%Y-%m-%d"
    times = [instants.at(start, zone).strftime(form) for start in series.starts]
    return {"x_time": times, "granularity": "hourly" if hourly else "daily"}


def _model_usage(series: UsageSeries, zone: ZoneInfo) -> dict[str, Any]:
    ranked = sorted(series.models.values(), key=lambda item: (-item.total, item.model))
    models = [
        {
            "modelName": item.model,
            "totalTokens": item.total,
            "sortOrder": place,
            "tokensUsage": item.tokens,
        }
        for place, item in enumerate(ranked, 1)
    ]
    summary = [{k: v for k, v in item.items() if k != "tokensUsage"} for item in models]
    return {
        **_frame(series, zone),
        "modelCallCount": series.calls,
        "tokensUsage": series.tokens,
        "totalUsage": {
            "totalModelCallCount": sum(series.calls),
            "totalTokensUsage": sum(series.tokens),
            "modelSummaryList": summary,
        },
        "modelDataList": models,
    }


def _tool_usage(series: UsageSeries, zone: ZoneInfo) -> dict[str, Any]:
    """Calls of the plan's MCP servers, by server."""
    none = [0] * len(series.starts)
    calls = {name: series.mcp.get(name, none) for name in _SERVERS}
    searches, reads = calls["web_search_prime"], calls["web_reader"]
    sums = {name: sum(counts) for name, counts in calls.items()}
    return {
        **_frame(series, zone),
        "networkSearchCount": searches,
        "webReadMcpCount": reads,
        "zreadMcpCount": none,
        "totalUsage": {
            "totalNetworkSearchCount": sums["web_search_prime"],
            "totalWebReadMcpCount": sums["web_reader"],
            "totalZreadMcpCount": 0,
            "totalSearchMcpCount": sum(sums.values()),
            "toolDetails": [],
            "toolSummaryList": [
                {"toolName": name, "totalCount": number} for name, number in sums.items() if number
            ],
        },
    }


def _subscriptions(standing: Standing, zone: ZoneInfo) -> list[dict[str, Any]]:
    if standing.held is None:
        return []
    subscription, plan = standing.held.subscription, standing.held.plan
    cycles = {"month": "monthly", "quarter": "quarterly", "year": "yearly"}
    started, ends = (
        instants.at(instant, zone) for instant in (subscription.started_at, subscription.ends_at)
    )
    return [
        {
            "productId": plan.id,
            "productName": f"GLM Coding {plan.name}",
            "status": "VALID",
            "valid": f"{started:{_FORM}}-{ends:{_FORM}}",
            "billingCycle": cycles[subscription.period],
            "nextRenewTime": f"{ends:%Y-%m-%d}",
        }
    ]
