"""How many second tries there may be of upstreams that are not known to serve, so that one that
fails is not asked twice for each call."""


class RetryBudget:
    """Every call puts in a fifth of a try; every second try takes a whole one, unless it goes to
    another upstream that serves. A full budget is good for ``most`` tries in a row."""

    SHARE = 0.2

    def __init__(self, most: int = 50) -> None:
        self._most = float(most)
        self._left = float(most)

    def deposit(self) -> None:
        """A call is tried for the first time."""
        self._left = min(self._most, self._left + self.SHARE)

    def withdraw(self) -> bool:
        """Whether a call may be tried once more."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
