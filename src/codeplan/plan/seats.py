"""A plan as an organisation's seats have it."""

from dataclasses import replace
from typing import Literal

from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import WindowRule


def for_seats(plan: Plan, seats: int, pooled: bool) -> Plan:
    """Each seat has the plan's windows for itself; or all seats share windows that are as many
    times larger (``pooled``). A key's own windows stay as they are."""
    windows = tuple(
        rule
        if rule.scope == "key"
        else replace(rule, scope="plan", limit=rule.limit * seats)
        if pooled
        else replace(rule, scope="member")
        for rule in plan.windows
    )
    return replace(plan, windows=windows, concurrency=plan.concurrency * seats)


def capped(plan: Plan, prompts_a_month: int, scope: Literal["member", "key"] = "member") -> Plan:
    """With a member's, or a key's, own limit beside the plan's windows; 0 for none."""
    if not prompts_a_month:
        return plan
    cap = WindowRule("prompt", 1, "month", prompts_a_month, scope=scope)
    others = tuple(rule for rule in plan.windows if rule.name != cap.name)
    own = next((rule for rule in plan.windows if rule.name == cap.name), None)
    if own is not None and own.limit <= prompts_a_month:
        return plan
    return replace(plan, windows=(*others, cap))
