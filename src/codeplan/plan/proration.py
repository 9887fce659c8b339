"""What the unused part of a running period is worth: the lesser of unused time and unused quota, of
what was paid for it, so that nothing is gained by using a period up and then leaving it."""

from collections.abc import Mapping

import msgspec

from codeplan.kit.money import share
from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE


class Running(msgspec.Struct, frozen=True):
    """A period that runs. ``paid_minor``: what was paid for it. ``used``: millionths of each rule's
    unit that were used in it, by the rule's name. ``seats``: among how many each member's windows
    were used; 0 for one person."""

    paid_minor: int
    started_at: int
    ends_at: int
    used: Mapping[str, int] = {}
    seats: int = 0


def unused_minor(running: Running, plan: Plan, now: int) -> int:
    """Credit for ending the period now, in minor units; never more than was paid."""
    length = running.ends_at - running.started_at
    left = min(max(running.ends_at - now, 0), length)
    by_time = share(running.paid_minor, left, length)
    return min([by_time, *(_by_quota(running, plan, name, length) for name in running.used)])


def _by_quota(running: Running, plan: Plan, name: str, length: int) -> int:
    """Of all that the rule would have given in the whole period, what was not taken."""
    rule = next((rule for rule in plan.windows if rule.name == name), None)
    if rule is None or rule.scope == "key":
        return running.paid_minor
    windows = max(1, length // rule.length)
    members = max(1, running.seats) if rule.scope == "member" else 1
    given = rule.limit * ONE * windows * members
    return share(running.paid_minor, max(0, given - running.used[name]), given)
