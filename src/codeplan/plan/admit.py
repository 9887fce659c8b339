"""Whether use is admitted: every window concerned has room, or none is touched."""

from collections.abc import Sequence

import msgspec

from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.windows import Open, Opener, Payer, counting, taking


class Hold(msgspec.Struct, frozen=True):
    """Millionths of a unit reserved in one window, and what its rule had taken just before, of how
    many. Settled: ``charged``, and what the rule had taken just after; until then None.
    ``raised_by``: of a prompt, the call whose dearer model made it cost so much more; "" else."""

    window_id: str
    rule: str
    units: int
    taken_before: int
    limit: int
    charged: int | None = None
    taken_after: int | None = None
    raised_by: str = ""


class Want(msgspec.Struct, frozen=True):
    """So many millionths of a rule's unit. ``or_less``: they are an estimate; what is left will do,
    as long as there is something."""

    rule: WindowRule
    units: int
    or_less: bool = False


class AllowanceExhausted(msgspec.Struct, frozen=True):
    """A window has no room left. Of several such windows the one that reopens last is named,
    since only then can the person go on. ``resets_at``: epoch milliseconds."""

    rule: WindowRule
    resets_at: int


def admit(
    wants: Sequence[Want], payer: Payer, windows: Open, now: int, opener: Opener
) -> tuple[Hold, ...] | AllowanceExhausted:
    """Reserve what is wanted in every window at once. When refused, nothing is changed."""
    full = exhausted(wants, payer, windows, now)
    if full is not None:
        return full
    holds = []
    for want in wants:
        rule = want.rule
        taken = _taken(rule, payer, windows, now)
        units = min(want.units, rule.limit * ONE - taken) if want.or_less else want.units
        window = taking(rule, payer, windows, now, opener)
        holds.append(Hold(window.id, rule.name, units, taken, rule.limit * ONE))
        window.reserved += units
    return tuple(holds)


def exhausted(
    wants: Sequence[Want], payer: Payer, windows: Open, now: int
) -> AllowanceExhausted | None:
    """Whether some window lacks room. Changes nothing."""
    found: AllowanceExhausted | None = None
    for want in wants:
        least = min(want.units, 1) if want.or_less else want.units
        too_much = _taken(want.rule, payer, windows, now) + least - want.rule.limit * ONE
        if too_much <= 0:
            continue
        resets_at = _enough_at(want.rule, payer, windows, now, too_much)
        if found is None or resets_at > found.resets_at:
            found = AllowanceExhausted(want.rule, resets_at)
    return found


def _taken(rule: WindowRule, payer: Payer, windows: Open, now: int) -> int:
    return sum(window.taken for window in counting(rule, payer, windows, now))


def _enough_at(rule: WindowRule, payer: Payer, windows: Open, now: int, too_much: int) -> int:
    """When windows that end will have given back so much."""
    open_now = counting(rule, payer, windows, now)
    for window in sorted(open_now, key=lambda row: row.closes_at):
        too_much -= window.taken
        if too_much <= 0:
            return window.closes_at
    # More is wanted than the rule ever gives.
    return max((w.closes_at for w in open_now), default=rule.bounds(now, payer.started_at)[1])
