"""Windows and what is used of them, in millionths of the rule's unit.

A rule has one open window, or, where it slides, one for each slice that still counts. Held by the
caller: the rows are locked while these functions decide, so what they return is what is written.
"""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass

import msgspec

from codeplan.plan.rules import ONE, WindowRule

Number = int | float


@dataclass(slots=True)
class Window:
    """One window, or one slice, of one rule. ``scope_id``: the member or key whose it is; "" where
    the whole plan shares it. A reservation stays with the window it was made in, also when that
    has ended."""

    id: str
    subscription_id: str
    rule: str
    opened_at: int
    closes_at: int
    used: int = 0
    reserved: int = 0
    scope_id: str = ""

    @property
    def taken(self) -> int:
        return self.used + self.reserved


class Payer(msgspec.Struct, frozen=True):
    """Whose call it is. ``started_at``: the subscription's start, from which cycles count."""

    subscription_id: str
    account_id: str
    key_id: str
    started_at: int = 0

    def scope_id(self, rule: WindowRule) -> str:
        return {"plan": "", "member": self.account_id, "key": self.key_id}[rule.scope]

    def window(self, identity: str, rule: WindowRule, opened_at: int, closes_at: int) -> Window:
        """A window of his that opens."""
        scope_id = self.scope_id(rule)
        return Window(
            identity, self.subscription_id, rule.name, opened_at, closes_at, scope_id=scope_id
        )


# The windows that count now, by rule and whose they are; in order of their opening.
Open = MutableMapping[tuple[str, str], list[Window]]
# Makes a window for a payer and a rule, from its bounds.
Opener = Callable[[WindowRule, int, int], Window]


def shelve(windows: Iterable[Window]) -> Open:
    """The windows by rule and whose they are, in order of their opening."""
    shelves: Open = {}
    for window in sorted(windows, key=lambda row: (row.opened_at, row.id)):
        shelves.setdefault((window.rule, window.scope_id), []).append(window)
    return shelves


def counting(rule: WindowRule, payer: Payer, windows: Open, now: int) -> list[Window]:
    """The windows of a rule in which something counts now.

    One whose units were all given back was never used: it counts as not opened.
    """
    shelf = windows.get((rule.name, payer.scope_id(rule)), ())
    return [window for window in shelf if window.taken > 0 and now < window.closes_at]


def taking(rule: WindowRule, payer: Payer, windows: Open, now: int, opener: Opener) -> Window:
    """The window into which units used now are put; opened if there is none."""
    shelf = windows.setdefault((rule.name, payer.scope_id(rule)), [])
    opened_at, closes_at = rule.bounds(now, payer.started_at)
    for window in reversed(shelf):
        if now >= rule.takes_until(window.opened_at, window.closes_at):
            continue
        # An anchored window that was never used does not count from when it was opened.
        if window.taken > 0 or window.closes_at == closes_at:
            return window
    window = opener(rule, opened_at, closes_at)
    shelf.append(window)
    return window


class WindowView(msgspec.Struct, frozen=True):
    """What a person is shown of a window. ``taken``, ``running`` and ``room`` in millionths:
    what is used for good, what calls that run now hold, and what is left. ``resets_at``: when
    something comes back; None where nothing is used. ``opened_at``: since when it counts.
    ``returns``: instants, and what comes back then, in order."""

    rule: WindowRule
    taken: int
    running: int
    resets_at: int | None
    opened_at: int | None = None
    returns: tuple[tuple[int, int], ...] = ()

    @property
    def room(self) -> int:
        return max(0, self.rule.limit * ONE - self.taken - self.running)

    @property
    def limit(self) -> int:
        return self.rule.limit

    @property
    def used(self) -> Number:
        """Never more than the limit: what was used under a larger one counts for nothing here."""
        return _down(min(self.taken, self.rule.limit * ONE))

    @property
    def reserved(self) -> Number:
        return _down(min(self.running, max(0, self.rule.limit * ONE - self.taken)))

    @property
    def left(self) -> Number:
        """So that what is shown adds up."""
        left = round(self.limit - self.used - self.reserved, 2)
        return max(0, int(left) if left == int(left) else left)

    def share(self, parts: int) -> int:
        """What is taken of the limit, in so many parts of the whole, rounded down: all of them
        only where nothing is left, and never more."""
        whole = self.rule.limit * ONE
        taken = min(self.taken + self.running, whole)
        return taken * parts // whole if whole else parts

    @property
    def percent(self) -> int:
        return self.share(100)


def shown(millionths: int) -> Number:
    """Units as people read them: whole, or with two decimals."""
    whole, rest = divmod(millionths, ONE)
    return round(millionths / ONE, 2) if rest else whole


def _down(millionths: int) -> Number:
    """As `shown`, but rounded down, so that nothing is told to be used up while something is
    left."""
    return shown(millionths - millionths % (ONE // 100))


def views(
    rules: Sequence[WindowRule], payer: Payer, windows: Open, now: int
) -> tuple[WindowView, ...]:
    """Each rule as it stands at that instant."""
    return tuple(_view(rule, payer, windows, now) for rule in rules)


def _view(rule: WindowRule, payer: Payer, windows: Open, now: int) -> WindowView:
    open_now = counting(rule, payer, windows, now)
    if not open_now:
        by_itself = rule.kind in ("calendar", "cycle")
        resets_at = rule.bounds(now, payer.started_at)[1] if by_itself else None
        return WindowView(rule, 0, 0, resets_at)
    return WindowView(
        rule,
        sum(window.used for window in open_now),
        sum(window.reserved for window in open_now),
        min(window.closes_at for window in open_now),
        open_now[0].opened_at,
        tuple(sorted((window.closes_at, window.taken) for window in open_now)),
    )
