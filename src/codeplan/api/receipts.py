"""Receipts: what each prompt was, what it cost in every window, and why."""

from typing import Any

import msgspec

from codeplan.api.answers import error
from codeplan.api.endpoints import Call, Endpoint
from codeplan.api.refused_calls import show_refused
from codeplan.api.shown import Services
from codeplan.billing.purse import CallHold
from codeplan.clients.registry import Clients
from codeplan.kit.instants import iso_utc
from codeplan.kit.money import written_exact
from codeplan.plan.admit import Hold
from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import shown
from codeplan.protocol.usage import ESTIMATED
from codeplan.store.operations import CallRow
from codeplan.subscriptions.receipts import Receipt


class ReceiptEndpoints:
    def __init__(self, services: Services) -> None:
        self._services = services

    def endpoints(self) -> list[Endpoint]:
        pages = {"limit": "how many, at most 200", "before": "the last id of the page before"}
        verify = {"verify": "true: every charge is recomputed from what is stored"}
        return [
            Endpoint("GET", "/api/usage/prompts", self.prompts, query=pages),
            Endpoint("GET", "/api/usage/prompts/{id}", self.prompt, query=verify),
        ]

    async def prompts(self, call: Call) -> Any:
        """Prompts, the newest first, in pages; ``next`` is the ``before`` of the next page, or
        null."""
        limit = call.number("limit", 50)
        found = await self._services.usage.prompts(call.account.id, limit, call.text("before"))
        last = found[-1].id if len(found) == limit else None
        clients = self._services.clients
        return {"prompts": [_prompt(prompt, clients) for prompt in found], "next": last}

    async def prompt(self, call: Call) -> Any:
        """The receipt of a prompt by its id, or by the id of one of its calls; also of a call that
        was paid by the token, or refused in the last 14 days."""
        found = await self._services.receipts.find(call.account.id, call.part("id"))
        if found is None:
            refused = await self._services.refused_calls.find(call.part("id"), call.account.id)
            if refused is not None:
                return {"prompt": None, "calls": [], "refused": show_refused(refused)}
            return error(404, "not_found", f"there is no prompt or call {call.part('id')}")
        if found.prompt is None:
            shown = [_call(one, None) for one in found.calls]
            return {"prompt": None, "calls": shown, "paid": _paid(found.paid)}
        receipt = _receipt(found, found.prompt, self._services.clients)
        if call.text("verify") == "true" and found.plan is not None:
            checks = found.checks()
            receipt["verified"] = all(check.agrees for check in checks)
            receipt["checks"] = [
                {**msgspec.structs.asdict(check), "agrees": check.agrees} for check in checks
            ]
        return receipt


def _paid(held: CallHold | None) -> dict[str, Any] | None:
    """What a call that was paid by the token cost, and of what: amounts in millionths of the minor
    unit, tokens of packs beside them."""
    if held is None:
        return None
    return {
        "state": held.state,
        "currency": held.currency or None,
        "cost_millionths": held.cost,
        "cost": written_exact(held.cost, held.currency) if held.currency else None,
        "tokens": held.tokens,
        "tokens_of_packs": held.packed,
        "packs": [part.pack_id for part in held.portions],
        "prices_for_a_million_tokens": msgspec.to_builtins(held.prices),
        "beyond_the_plan": held.spent_id != "",
        "why": held.why,
    }


def _receipt(found: Receipt, prompt: Prompt, clients: Clients) -> dict[str, Any]:
    calls, plan, version = found.calls, found.plan, found.version
    times = plan.rate_of(calls[0].model).times_at(prompt.opened_at) if plan and calls else ONE
    return {
        "prompt": {
            **_prompt(prompt, clients),
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


def _prompt(prompt: Prompt, clients: Clients) -> dict[str, Any]:
    """``state``: reserved (its calls run), settled (charged) or released (free: ``reason``)."""
    return {
        "id": prompt.id,
        "state": prompt.state,
        "reason": prompt.reason,
        "client": prompt.client,
        "client_name": clients.name_of(prompt.client),
        "opened_at": iso_utc(prompt.opened_at),
        "last_call_at": iso_utc(prompt.last_call_at),
        "calls": prompt.calls,
        "running": prompt.open_calls,
        "units": shown(prompt.charged),
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
        "raised_by": hold.raised_by or None,
    }


def _call(call: CallRow, plan: Plan | None) -> dict[str, Any]:
    """Tokens by class as the upstream reported them, or ``tokens_estimated`` where it did not.
    ``free``: why nothing was charged."""
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
        "tokens_estimated": call.detail == ESTIMATED,
        "multiplier": shown(rate.times_at(call.started_at)) if rate else 1,
        **_speed(call),
        **_course(call),
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
    waited = call.waited
    wait = waited / 1000 if waited is not None else None
    return {"seconds_to_first_content": wait, "tokens_per_second": speed}


def _course(call: CallRow) -> dict[str, Any]:
    """Seconds since the call came. ``waited_for``: before the first try. ``tries``: each asking of
    an upstream, ``seconds`` until its first content or until it failed; ``why`` it failed, or
    ""."""
    course = call.course
    return {
        "waited_for": {
            "a_place_among_calls_at_once": course.queued / 1000,
            "its_reservation": course.booked / 1000,
        },
        "tries": [
            {
                "upstream": one.upstream,
                "upstream_model": one.model,
                "after_seconds": one.began / 1000,
                "seconds": one.took / 1000,
                "why": one.why,
            }
            for one in course.tries
        ],
    }
