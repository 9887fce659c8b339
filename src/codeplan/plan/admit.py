"""Whether a new prompt is admitted: every window of the plan has room, or none is touched."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence

import msgspec

from codeplan.plan.catalogue import WindowRule
from codeplan.plan.windows import Window, is_open


class Hold(msgspec.Struct, frozen=True):
    """Units reserved in one window, and what the window held just before."""

    window_id: str
    rule: str
    units: int
    taken_before: int
    limit: int


class AllowanceExhausted(msgspec.Struct, frozen=True):
    """A window has no room left. Of several such windows the one that reopens last is named,
    since only then can the person go on. ``resets_at``: epoch milliseconds."""

    rule: WindowRule
    resets_at: int


def admit(
    rules: Sequence[WindowRule],
    windows: MutableMapping[str, Window],
    units: int,
    now: int,
    open_window: Callable[[WindowRule, int], Window],
) -> tuple[Hold, ...] | AllowanceExhausted:
    """Reserve so many units in every window at once.

    ``windows`` holds the newest window of each rule by its name; windows that had ended are
    replaced there by what ``open_window`` makes. When refused, nothing is changed.
    """
    full = exhausted(rules, windows, units, now)
    if full is not None:
        return full
    holds = []
    for rule in rules:
        window = windows.get(rule.name)
        if window is None or not is_open(window, now):
            window = windows[rule.name] = open_window(rule, now)
        holds.append(Hold(window.id, rule.name, units, window.taken, rule.limit))
        window.reserved += units
    return tuple(holds)


def exhausted(
    rules: Sequence[WindowRule], windows: Mapping[str, Window], units: int, now: int
) -> AllowanceExhausted | None:
    """Whether some window lacks room for so many units. Changes nothing."""
    found: AllowanceExhausted | None = None
    for rule in rules:
        window = windows.get(rule.name)
        open_now = window is not None and is_open(window, now)
        taken = window.taken if window is not None and open_now else 0
        if taken + units <= rule.limit:
            continue
        resets_at = window.closes_at if window is not None and open_now else rule.closes_at(now)
        if found is None or resets_at > found.resets_at:
            found = AllowanceExhausted(rule, resets_at)
    return found
