"""A plan as an organisation's seats have it."""

from dataclasses import replace
from typing import Literal

from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import WindowRule


def for_seats(plan: Plan, seats: int, pooled: bool) -> Plan:
    """Each seat has the plan's windows for itself; or all seats share windows that are as many
    times larger (``pooled``). A key's own windows stay as they are."""
    windows, mcp = (
        tuple(_for_seats(rule, seats, pooled) for rule in rules)
        for rules in (plan.windows, plan.mcp)
    )
    return replace(plan, windows=windows, mcp=mcp, concurrency=plan.concurrency * seats)


def _for_seats(rule: WindowRule, seats: int, pooled: bool) -> WindowRule:
    if rule.scope == "key":
        return rule
    if pooled:
        return replace(rule, scope="plan", limit=rule.limit * seats)
    return replace(rule, scope="member")


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
