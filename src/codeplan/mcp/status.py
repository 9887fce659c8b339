"""The tool `plan_status`, which every server has: an agent's own windows, so that it can plan
what to do before a limit. It counts nothing."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from codeplan.kit.instants import iso_utc
from codeplan.mcp.base import Caller, Tool
from codeplan.metering.meter import Meter
from codeplan.plan.windows import WindowView
from codeplan.subscriptions.mcp_calls import McpCalls
from codeplan.subscriptions.subscriptions import Subscriptions

_SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {}}
_ABOUT = (
    "What is left of this coding plan: each window with its limit, what is used, what is left and"
    " when it resets. Free."
)


def plan_status(subscriptions: Subscriptions, meter: Meter, calls: McpCalls) -> Tool:
    work = partial(_status, subscriptions, meter, calls)
    return Tool("plan_status", "Plan status", _ABOUT, _SCHEMA, work, free=True)


async def _status(
    subscriptions: Subscriptions,
    meter: Meter,
    calls: McpCalls,
    caller: Caller,
    _: Mapping[str, Any],
) -> str:
    holder = caller.holder
    held = await subscriptions.held_by(holder)
    if held is None:
        return json.dumps({"plan": None})
    payer = held.payer(holder.account.id, holder.key.id)
    windows = await meter.windows(payer, held.plan)
    return json.dumps(
        {
            "plan": held.plan.name,
            "ends_at": iso_utc(held.subscription.ends_at),
            "windows": [_window(view) for view in windows],
            "mcp_windows": [_window(view) for view in await calls.windows(holder)],
        },
        ensure_ascii=False,
    )


def _window(view: WindowView) -> dict[str, Any]:
    return {
        "window": view.rule.words,
        "unit": view.rule.unit,
        "scope": view.rule.scope,
        "limit": view.limit,
        "used": view.used,
        "left": view.left,
        "resets_at": iso_utc(view.resets_at),
    }
