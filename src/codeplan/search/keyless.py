"""Without a key of anybody's: the `ddgs` library asks public engines. For trying things out;
those who run a service for many set up an engine of their own."""

import asyncio
from collections.abc import Sequence

from codeplan.search.base import Hit, Query, SearchFailed

_RANGES = {"oneDay": "d", "oneWeek": "w", "oneMonth": "m", "oneYear": "y"}


class Keyless:
    name = "ddgs"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def search(self, query: Query) -> Sequence[Hit]:
        try:
            return await asyncio.to_thread(self._search, query)
        except Exception as problem:  # the library raises its engines' own
            raise SearchFailed(f"{self.name}: {problem}") from None

    def _search(self, query: Query) -> Sequence[Hit]:
        from ddgs import DDGS

        text = f"site:{query.domain} {query.text}" if query.domain else query.text
        region = "cn-zh" if query.location == "cn" else "us-en"
        found = DDGS(timeout=round(self._seconds)).text(
            text,
            region=region,
            timelimit=_RANGES.get(query.recency),
            max_results=query.count,
        )
        return [Hit(one["title"], one["href"], one["body"]) for one in found]

    async def close(self) -> None:
        """It keeps nothing open."""
