"""SearXNG, an operator's own (https://docs.searxng.org/dev/search_api.html); its JSON form must be
enabled there."""

from collections.abc import Sequence

from codeplan.search.asking import Asking
from codeplan.search.base import Hit, Query, SearchFailed

_RANGES = {"oneDay": "day", "oneWeek": "week", "oneMonth": "month", "oneYear": "year"}


class SearXng:
    name = "searxng"

    def __init__(self, base_url: str, seconds: float) -> None:
        self._asking = Asking(self.name, base_url, seconds, {})

    async def search(self, query: Query) -> Sequence[Hit]:
        text = f"site:{query.domain} {query.text}" if query.domain else query.text
        params = {"q": text, "format": "json"}
        if query.recency in _RANGES:
            params["time_range"] = _RANGES[query.recency]
        found = await self._asking.ask("GET", "/search", params)
        try:
            return [
                Hit(
                    one["title"],
                    one["url"],
                    one.get("content") or "",
                    one.get("engine") or "",
                    (one.get("publishedDate") or "")[:10],
                )
                for one in found["results"]
            ]
        except (KeyError, TypeError) as problem:
            raise SearchFailed(f"{self.name}: its answer has another shape ({problem})") from None

    async def close(self) -> None:
        await self._asking.close()
