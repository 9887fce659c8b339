"""Receipts: what each prompt was, what it cost in every window, and why."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer, error, key_of
from codeplan.api.shown import Services
from codeplan.clients.known import name_of
from codeplan.kit.instants import iso_utc
from codeplan.plan.admit import Hold
from codeplan.plan.catalogue import Plan
from codeplan.plan.recompute import recompute
from codeplan.plan.rules import ONE
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import shown
from codeplan.store.operations import CallRow
from codeplan.store.rows import KeyHolder

_MOST = 200
_BAD_KEY = "This API key is not valid: it is missing, unknown or revoked."


def routes(services: Services) -> list[Route]:
    async def who(request: Request) -> KeyHolder | None:
        key = key_of(request)
        return await services.accounts.holder_of(key) if key else None

    async def prompts(request: Request) -> Response:
        """``?limit=&before=``: the newest first, in pages; ``next`` is the ``before`` of the next
        page, or null."""
        holder = await who(request)
        if holder is None:
            return error(401, "1000", _BAD_KEY)
        limit = request.query_params.get("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= _MOST:
            return error(400, "1214", f"limit: expected a number from 1 to {_MOST}")
        before = request.query_params.get("before", "")
        found = await services.usage.prompts(holder.account.id, int(limit), before)
        last = found[-1].id if len(found) == int(limit) else None
        return answer({"prompts": [_prompt(prompt) for prompt in found], "next": last})

    async def prompt(request: Request) -> Response:
        """The receipt of a prompt by its id, or by the id of one of its calls. ``?verify=true``
        recomputes every charge from what is stored."""
        holder = await who(request)
        if holder is None:
            return error(401, "1000", _BAD_KEY)
        account_id, named = holder.account.id, request.path_params["id"]
        if named.startswith("req_"):
            call = await services.usage.call(account_id, named)
            if call is not None and call.prompt_id is None:
                return answer({"prompt": None, "calls": [_call(call, None)]})
            named = call.prompt_id or "" if call else ""
        found = await services.usage.prompt(account_id, named)
        if found is None:
            return error(
                404, "not_found", f"there is no prompt or call {request.path_params['id']}"
            )
        calls = await services.usage.calls(found)
        version = next((call.catalogue_version for call in calls), "")
        plan = await services.subscriptions.plan_of(found.subscription_id, version, found.opened_at)
        receipt = _receipt(found, calls, plan, version)
        if request.query_params.get("verify") == "true" and plan is not None:
            checks = list(recompute(plan, found, calls))
            receipt["verified"] = all(check.agrees for check in checks)
            receipt["checks"] = [
                {**msgspec.structs.asdict(check), "agrees": check.agrees} for check in checks
            ]
        return answer(receipt)

    return [
        Route("/api/usage/prompts", prompts),
        Route("/api/usage/prompts/{id}", prompt),
    ]


def _receipt(
    prompt: Prompt, calls: list[CallRow], plan: Plan | None, version: str
) -> dict[str, Any]:
    times = plan.rate_of(calls[0].model).times_at(prompt.opened_at) if plan and calls else ONE
    return {
        "prompt": {
            **_prompt(prompt),
            "session": prompt.session,
            "turn": prompt.ordinal,
            "earlier_calls_of_the_turn": prompt.earlier_calls,
            "multiplier": shown(times),
            "why": calls[0].why if calls else "",
            "charges": [_charge(hold, plan) for hold in prompt.holds],
        },
        "plan": {"id": plan.id, "name": plan.name, "catalogue_version": version} if plan else None,
        "calls": [_call(call, plan) for call in calls],
    }


def _prompt(prompt: Prompt) -> dict[str, Any]:
    """``state``: reserved (its calls run), settled (charged) or released (free: ``reason``)."""
    return {
        "id": prompt.id,
        "state": prompt.state,
        "reason": prompt.reason,
        "client": prompt.client,
        "client_name": name_of(prompt.client),
        "opened_at": iso_utc(prompt.opened_at),
        "last_call_at": iso_utc(prompt.last_call_at),
        "calls": prompt.calls,
        "running": prompt.open_calls,
        "units": max((shown(hold.charged or 0) for hold in prompt.holds), default=0),
    }


def _charge(hold: Hold, plan: Plan | None) -> dict[str, Any]:
    """In units of the window's rule: what it had taken before, and after."""
    rules = {rule.name: rule for rule in plan.windows} if plan else {}
    rule = rules.get(hold.rule)
    return {
        "window": rule.words if rule else hold.rule,
        "rule": hold.rule,
        "unit": rule.unit if rule else "",
        "held": shown(hold.units),
        "charged": None if hold.charged is None else shown(hold.charged),
        "taken_before": shown(hold.taken_before),
        "taken_after": None if hold.taken_after is None else shown(hold.taken_after),
        "limit": shown(hold.limit),
    }


def _call(call: CallRow, plan: Plan | None) -> dict[str, Any]:
    """Tokens by class as the upstream reported them. ``free``: why nothing was charged."""
    rate = plan.rate_of(call.model) if plan else None
    return {
        "id": call.id,
        "model_asked": call.model_asked,
        "model": call.model,
        "upstream": call.upstream,
        "upstream_model": call.upstream_model,
        "why": call.why,
        "state": call.state,
        "outcome": call.outcome,
        "free": _why_free(call),
        "streamed": call.streamed,
        "started_at": iso_utc(call.started_at),
        "ended_at": iso_utc(call.ended_at),
        "tokens": msgspec.structs.asdict(call.usage),
        "multiplier": shown(rate.times_at(call.started_at)) if rate else 1,
        **_speed(call),
        "charges": [_charge(hold, plan) for hold in call.holds],
    }


def _why_free(call: CallRow) -> str:
    if call.state == "released":
        return call.detail or call.outcome
    return call.why if call.prompt_id is None else ""


def _speed(call: CallRow) -> dict[str, float | None]:
    first, ended = call.first_content_at, call.ended_at
    if first is None or ended is None:
        return {"seconds_to_first_content": None, "tokens_per_second": None}
    seconds = (ended - first) / 1000
    speed = round(call.usage.output / seconds, 1) if call.streamed and seconds > 0 else None
    wait = round(max(0, first - call.started_at) / 1000, 3)
    return {"seconds_to_first_content": wait, "tokens_per_second": speed}
