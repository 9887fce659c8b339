"""What is left of the windows, in the headers that Claude Code's users read."""

from collections.abc import Sequence

from codeplan.gateway.caller import Headers
from codeplan.plan.windows import WindowView

_PREFIX = b"anthropic-ratelimit-unified-"
_CLAIM = _PREFIX + b"representative-claim"
_ALLOWED = (_PREFIX + b"status", b"allowed")


class _Names:
    """The header names of one window, made once."""

    def __init__(self, short: bytes, claim: bytes) -> None:
        self.share = _PREFIX + short + b"-utilization"
        self.status = (_PREFIX + short + b"-status", b"allowed")
        self.reset = _PREFIX + short + b"-reset"
        self.claim = (_CLAIM, claim)


_FIVE_HOURS, _SEVEN_DAYS = _Names(b"5h", b"five_hour"), _Names(b"7d", b"seven_day")
_NAMES = {("hour", 5): _FIVE_HOURS, ("week", 1): _SEVEN_DAYS, ("day", 7): _SEVEN_DAYS}


def limit_headers(windows: Sequence[WindowView]) -> Headers:
    """``anthropic-ratelimit-unified-*``: utilization from 0 to 1, reset in epoch seconds.

    Only windows that those headers have names for: five hours and seven days. The fullest of them
    is the representative one.
    """
    headers: list[tuple[bytes, bytes]] = []
    fullest, claim = -1.0, None
    for view in windows:
        names = _NAMES.get((view.rule.span, view.rule.number))
        if names is None:
            continue
        share = (view.used + view.reserved) / view.limit
        headers += [(names.share, b"%.4f" % share), names.status]
        if view.resets_at is not None:
            headers.append((names.reset, b"%d" % (view.resets_at // 1000)))
        if share > fullest:
            fullest, claim = share, names.claim
    if claim is not None:
        headers += [_ALLOWED, claim]
    return tuple(headers)
