"""What is left of the windows, in the headers that tools and their users read."""

from collections.abc import Iterable, Sequence

from codeplan.plan.reached import Reached
from codeplan.plan.rules import Unit, WindowRule
from codeplan.plan.windows import WindowView

Headers = tuple[tuple[bytes, bytes], ...]

_PREFIX = b"anthropic-ratelimit-unified-"
# Those headers have names of their own for five hours and seven days only.
_FIVE_HOURS, _SEVEN_DAYS = (b"5h", b"five_hour"), (b"7d", b"seven_day")
_NAMES = {("hour", 5): _FIVE_HOURS, ("week", 1): _SEVEN_DAYS, ("day", 7): _SEVEN_DAYS}
_SHORT = {"hour": "h", "day": "d", "week": "w", "month": "mo"}
_KINDS: dict[Unit, bytes] = {
    "prompt": b"requests",
    "call": b"requests",
    "token": b"tokens",
    "credit": b"tokens",
    "mcp": b"requests",
    "use": b"requests",
}


def limit_headers(
    windows: Sequence[WindowView], now: int, reached: Reached | None = None
) -> Headers:
    """``anthropic-ratelimit-unified-*``: utilization from 0 to 1, reset in epoch seconds; and
    ``x-ratelimit-*``: of the window with the least left, in its units, reset in seconds.

    The first are for windows that those headers have names for, the fullest of each name, and the
    fullest of all is the representative one. ``reached``: the limit that refused the call: it is
    the representative one whatever it is, and the one of ``x-ratelimit-*``. ``now``: epoch
    milliseconds.
    """
    told = reached.view if reached is not None else _fullest(windows)
    if told is None:
        return ()
    named: dict[tuple[bytes, bytes], WindowView] = {}
    for view in sorted(windows, key=lambda view: view.share(10**6)):
        names = _NAMES.get((view.rule.span, view.rule.number))
        if names is not None:
            named[names] = view
    if reached is not None:
        named[_names(told.rule)] = told
    headers: list[tuple[bytes, bytes]] = []
    for (short, _), view in named.items():
        headers += _unified(short + b"-", view, reached)
        headers.append((_PREFIX + short + b"-utilization", _utilization(view)))
    claimed = told if reached is not None else _fullest(named.values())
    if claimed is not None:
        headers += _unified(b"", claimed, reached)
        headers.append((_PREFIX + b"representative-claim", _names(claimed.rule)[1]))
    return (*headers, *_left(told, now, reached))


def _fullest(views: Iterable[WindowView]) -> WindowView | None:
    return max(views, key=lambda view: view.share(10**6), default=None)


def _names(rule: WindowRule) -> tuple[bytes, bytes]:
    """Of any window: how its headers begin, and what the representative claim calls it."""
    short = f"{rule.number}{_SHORT[rule.span]}".encode()
    return _NAMES.get((rule.span, rule.number), (short, f"{rule.number}_{rule.span}".encode()))


def _unified(short: bytes, view: WindowView, reached: Reached | None) -> Headers:
    refuses = reached is not None and view is reached.view
    resets_at = reached.resets_at if reached is not None and refuses else view.resets_at
    used_up = view.room <= 0 and view.running <= 0
    status = (_PREFIX + short + b"status", b"rejected" if refuses or used_up else b"allowed")
    if resets_at is None:
        return (status,)
    return (status, (_PREFIX + short + b"reset", b"%d" % -(-resets_at // 1000)))


def _utilization(view: WindowView) -> bytes:
    """To four places; 1 only where nothing is left."""
    used_up = view.room <= 0
    return b"1.0000" if used_up else b"%.4f" % min(view.share(10**6) / 10**6, 0.9999)


def _left(view: WindowView, now: int, reached: Reached | None) -> Headers:
    """Of plans that count prompts or calls those; of others tokens or credits; of money nothing."""
    kind = _KINDS.get(view.rule.unit)
    if kind is None:
        return ()
    headers = [
        (b"x-ratelimit-limit-" + kind, b"%d" % view.limit),
        (b"x-ratelimit-remaining-" + kind, b"%d" % int(view.left)),
    ]
    resets_at = reached.resets_at if reached is not None else view.resets_at
    if resets_at is not None:
        seconds = max(0, -(-(resets_at - now) // 1000))
        headers.append((b"x-ratelimit-reset-" + kind, b"%ds" % seconds))
    return tuple(headers)
