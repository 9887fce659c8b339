"""Fetching one address: within a size, within a time, through each redirect as if it were the
first. The door to this folder for whoever only wants a body."""

from codeplan.fetching.guarded import GuardedNetwork
from codeplan.fetching.not_fetched import NotFetched
from codeplan.fetching.trips import Fetched, FetchLimits, Trip

__all__ = ["FetchLimits", "Fetched", "Fetcher", "NotFetched"]


class Fetcher:
    def __init__(self, network: GuardedNetwork, limits: FetchLimits | None = None) -> None:
        self._network, self.limits = network, limits or FetchLimits()

    def trip(self, seconds: float | None = None) -> Trip:
        """One that may last so long, and no longer than the limits let it."""
        return Trip(
            self._network, self.limits, min(seconds or self.limits.seconds, self.limits.seconds)
        )

    async def fetch(self, url: str, seconds: float | None = None) -> Fetched:
        """Raises NotFetched."""
        return await self.trip(seconds).fetch(url)
