"""How often something may be done for each payer: so many times a minute, in this process. What a
payer left unused is saved up to a minute's worth, for a burst. Whoever does it knows what for."""

from collections import OrderedDict

from codeplan.kit.clock import Clock
from codeplan.kit.instants import MINUTE

# A payer who is forgotten has a whole minute's worth again: so only those are whom so many others
# came after.
_REMEMBERED = 10_000


class Pace:
    """``times_a_minute``: for each payer."""

    def __init__(self, clock: Clock, times_a_minute: int) -> None:
        self._clock, self._times = clock, times_a_minute
        # By payer: what is saved up, and when it was.
        self._saved: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, payer: str) -> float:
        """Take one, and return 0; or return how many seconds there are to wait for it."""
        now = self._clock.now()
        saved, at = self._saved.pop(payer, (float(self._times), now))
        saved = min(self._times, saved + max(0, now - at) * self._times / MINUTE)
        wait = 0.0 if saved >= 1 else (1 - saved) * MINUTE / self._times / 1000
        self._saved[payer] = (saved if wait else saved - 1, now)
        if len(self._saved) > _REMEMBERED:
            self._saved.popitem(last=False)
        return wait
