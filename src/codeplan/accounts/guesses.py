"""Guessing is slowed down: by account, by network and by browser, in this process. Whoever signs in
from a browser that has signed in before is not kept out by what strangers guess elsewhere."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from codeplan.accounts.hashing import TooManyGuesses
from codeplan.kit.clock import Clock
from codeplan.kit.instants import MINUTE

# After so many wrong ones in so long, further ones are not looked at.
GUESSES, GUESSES_MS = 10, 15 * MINUTE
# Of one network, whatever it guesses at: an office has people who forget.
OF_NETWORK = 40
_KEPT = 100
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many wrong guesses by that name."""

    name: str
    most: int = GUESSES


class Guesses:
    """Wrong guesses by name; the oldest are forgotten when there are many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[int]] = OrderedDict()

    def must_be_few(self, name: str, most: int = GUESSES) -> None:
        """Raises TooManyGuesses."""
        since = self._clock.now() - GUESSES_MS
        if len([at for at in self._wrong.get(name, ()) if at > since]) >= most:
            raise TooManyGuesses(f"more than {most} tries: wait a quarter of an hour")

    def all_must_be_few(self, limits: Iterable[Limit]) -> None:
        """Raises TooManyGuesses."""
        for limit in limits:
            self.must_be_few(limit.name, limit.most)

    def wrong(self, *names: str) -> None:
        for name in names:
            self._wrong[name] = [*self._wrong.pop(name, ())[-_KEPT:], self._clock.now()]
            if len(self._wrong) > _REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, name: str) -> None:
        self._wrong.pop(name, None)
