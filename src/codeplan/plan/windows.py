"""Windows and what is used of them. A window opens with the first prompt and at its end gives
everything back; the next one opens with the next prompt.

Held by the caller: the rows are locked while these functions decide, so what they return is
what is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from codeplan.plan.catalogue import WindowRule


@dataclass(slots=True)
class Window:
    """One window of one subscription. ``used`` and ``reserved`` are units of its rule; a
    reservation stays with the window it was made in, also when that has ended."""

    id: str
    subscription_id: str
    rule: str
    opened_at: int
    closes_at: int
    used: int = 0
    reserved: int = 0

    @property
    def taken(self) -> int:
        return self.used + self.reserved


class WindowView(msgspec.Struct, frozen=True):
    """What a person is shown of a window: units, and when they come back (None: not open yet)."""

    rule: WindowRule
    limit: int
    used: int
    reserved: int
    resets_at: int | None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used - self.reserved)


def is_open(window: Window | None, now: int) -> bool:
    """A window whose only units were released was never used: it counts as not opened."""
    return window is not None and window.taken > 0 and now < window.closes_at


def views(
    rules: Sequence[WindowRule], windows: Mapping[str, Window], now: int
) -> tuple[WindowView, ...]:
    """Each rule's window as it stands at that instant. ``windows`` is keyed by the rule's name."""
    shown = []
    for rule in rules:
        window = windows.get(rule.name)
        if window is not None and is_open(window, now):
            shown.append(
                WindowView(rule, rule.limit, window.used, window.reserved, window.closes_at)
            )
        else:
            shown.append(WindowView(rule, rule.limit, 0, 0, None))
    return tuple(shown)
