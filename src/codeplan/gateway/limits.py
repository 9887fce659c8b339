"""What is left of the windows, in the headers that tools and their users read."""

from collections.abc import Sequence

from codeplan.gateway.caller import Headers
from codeplan.plan.windows import WindowView

_PREFIX = b"anthropic-ratelimit-unified-"
_CLAIM = _PREFIX + b"representative-claim"


class _Names:
    """The header names of one window, made once."""

    def __init__(self, short: bytes, claim: bytes) -> None:
        self.share = _PREFIX + short + b"-utilization"
        self.status = _PREFIX + short + b"-status"
        self.reset = _PREFIX + short + b"-reset"
        self.claim = (_CLAIM, claim)


_FIVE_HOURS, _SEVEN_DAYS = _Names(b"5h", b"five_hour"), _Names(b"7d", b"seven_day")
_NAMES = {("hour", 5): _FIVE_HOURS, ("week", 1): _SEVEN_DAYS, ("day", 7): _SEVEN_DAYS}
_KINDS = {"prompt": b"requests", "call": b"requests", "token": b"tokens", "credit": b"tokens"}


def limit_headers(windows: Sequence[WindowView], now: int) -> Headers:
    """``anthropic-ratelimit-unified-*``: utilization from 0 to 1, reset in epoch seconds; and
    ``x-ratelimit-*``: of the window with the least left, in its units, reset in seconds.

    The first are for windows that those headers have names for: five hours and seven days. The
    fullest of them is the representative one.
    """
    headers: list[tuple[bytes, bytes]] = []
    fullest, claim = -1.0, None
    tightest: WindowView | None = None
    most = -1.0
    for view in windows:
        share = (view.used + view.reserved) / view.limit
        if share > most:
            most, tightest = share, view
        names = _NAMES.get((view.rule.span, view.rule.number))
        if names is None:
            continue
        headers += [(names.share, b"%.4f" % share), (names.status, _status(view))]
        if view.resets_at is not None:
            headers.append((names.reset, b"%d" % (view.resets_at // 1000)))
        if share > fullest:
            fullest, claim = share, (names.claim, view)
    if claim is not None:
        headers += [(_PREFIX + b"status", _status(claim[1])), claim[0]]
        if claim[1].resets_at is not None:
            headers.append((_PREFIX + b"reset", b"%d" % (claim[1].resets_at // 1000)))
    if tightest is not None:
        headers += _left(tightest, now)
    return tuple(headers)


def _status(view: WindowView) -> bytes:
    return b"allowed" if view.room > 0 or view.running > 0 else b"rejected"


def _left(view: WindowView, now: int) -> list[tuple[bytes, bytes]]:
    """Of plans that count prompts or calls those; of others tokens or credits."""
    kind = _KINDS[view.rule.unit]
    headers = [
        (b"x-ratelimit-limit-" + kind, b"%d" % view.limit),
        (b"x-ratelimit-remaining-" + kind, b"%d" % int(view.left)),
    ]
    if view.resets_at is not None:
        seconds = max(0, -(-(view.resets_at - now) // 1000))
        headers.append((b"x-ratelimit-reset-" + kind, b"%ds" % seconds))
    return headers
