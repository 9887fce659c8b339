"""Which frames of a video are looked at: spread over its whole length by when they are shown, from
the stamps of the frames themselves; what a container says of its length is not asked. Pure."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

# Stamps are rounded to a container's ticks, of a millisecond mostly.
_TICK = 1e-3


@dataclass(frozen=True, slots=True)
class FrameRules:
    """``per_second``: how many are taken of a second; ``most``: in all."""

    per_second: float = 1.0
    most: int = 16


def picked(times: Sequence[float], length: float, rules: FrameRules) -> list[int]:
    """The places of at least one frame, ascending. ``times``: when each is shown, in seconds from
    the first one, ascending; not empty. ``length``: in seconds, of all."""
    step = max(1 / rules.per_second, length / rules.most)
    number = min(rules.most, max(1, math.ceil(length / step - _TICK)))
    shown = {max(0, bisect_right(times, place * step + _TICK) - 1) for place in range(number)}
    # Where stamps are few, or wrong by hours, the rest is spread over the frames.
    spread = (place * len(times) // number for place in range(number))
    for place in spread:
        if len(shown) >= min(number, len(times)):
            break
        shown.add(place)
    return sorted(shown)
