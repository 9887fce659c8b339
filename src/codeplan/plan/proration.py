"""What the unused part of a running period is worth: the lesser of unused time and unused quota, of
what was paid for it and kept, so that nothing is gained by using a period up and then leaving it,
nor by having it given back. Exact; whoever credits it rounds down."""

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE


class Running(msgspec.Struct, frozen=True):
    """A period that runs. ``kept_minor``: what was paid for it, less what was given or taken back.
    ``used``: millionths of each rule's unit that were used in it, by the rule's name. ``seats``:
    among how many each member's windows were used; 0 for one person."""

    kept_minor: int
    started_at: int
    ends_at: int
    used: Mapping[str, int] = {}
    seats: int = 0


def unused_by_time(running: Running, now: int) -> Fraction:
    """Minor units, never more than was kept."""
    length = running.ends_at - running.started_at
    left = min(max(running.ends_at - now, 0), length)
    return Fraction(running.kept_minor * left, length)


def unused_by_quota(running: Running, plan: Plan) -> Fraction:
    """Of all that each rule would have given in the whole period, what was not taken; of the rule
    that has the least left."""
    whole = Fraction(running.kept_minor)
    return min([whole, *(whole * _left(running, plan, name) for name in running.used)])


def _left(running: Running, plan: Plan, name: str) -> Fraction:
    rule = next((rule for rule in plan.windows if rule.name == name), None)
    if rule is None or rule.scope == "key":
        return Fraction(1)
    windows = max(1, (running.ends_at - running.started_at) // rule.length)
    members = max(1, running.seats) if rule.scope == "member" else 1
    given = rule.limit * ONE * windows * members
    return Fraction(max(0, given - running.used[name]), given)
