"""What is left of the windows, in the headers that Claude Code's users read."""

from collections.abc import Sequence

from codeplan.gateway.caller import Headers
from codeplan.plan.windows import WindowView

_NAMES = {"5hour": ("5h", "five_hour"), "1week": ("7d", "seven_day"), "7day": ("7d", "seven_day")}


def limit_headers(windows: Sequence[WindowView]) -> Headers:
    """``anthropic-ratelimit-unified-*``: utilization from 0 to 1, reset in epoch seconds.

    Only windows that those headers have names for: five hours and seven days.
    """
    headers: list[tuple[bytes, bytes]] = []
    claim, fullest = "", -1.0
    for view in windows:
        name = _NAMES.get(view.rule.name)
        if name is None:
            continue
        share = (view.used + view.reserved) / view.limit
        prefix = f"anthropic-ratelimit-unified-{name[0]}".encode()
        headers += [(prefix + b"-utilization", b"%.4f" % share), (prefix + b"-status", b"allowed")]
        if view.resets_at is not None:
            headers.append((prefix + b"-reset", b"%d" % (view.resets_at // 1000)))
        if share > fullest:
            claim, fullest = name[1], share
    if claim:
        headers += [
            (b"anthropic-ratelimit-unified-status", b"allowed"),
            (b"anthropic-ratelimit-unified-representative-claim", claim.encode()),
        ]
    return tuple(headers)
