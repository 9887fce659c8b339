"""Tavily (https://docs.tavily.com/documentation/api-reference/endpoint/search)."""

from collections.abc import Sequence

from codeplan.search.asking import Asking
from codeplan.search.base import Hit, Query, SearchFailed

_RANGES = {"oneDay": "day", "oneWeek": "week", "oneMonth": "month", "oneYear": "year"}
_MOST = 20


class Tavily:
    name = "tavily"

    def __init__(self, api_key: str, seconds: float, base_url: str = "") -> None:
        headers = {"authorization": f"Bearer {api_key}"}
        self._asking = Asking(self.name, base_url or "https://api.tavily.com", seconds, headers)

    async def search(self, query: Query) -> Sequence[Hit]:
        body: dict[str, object] = {"query": query.text, "max_results": min(query.count, _MOST)}
        if query.recency in _RANGES:
            body["time_range"] = _RANGES[query.recency]
        if query.domain:
            body["include_domains"] = [query.domain]
        found = await self._asking.ask("POST", "/search", body=body)
        try:
            return [
                Hit(
                    one["title"],
                    one["url"],
                    one.get("content") or "",
                    published=(one.get("published_date") or "")[:10],
                )
                for one in found["results"]
            ]
        except (KeyError, TypeError) as problem:
            raise SearchFailed(f"{self.name}: its answer has another shape ({problem})") from None

    async def close(self) -> None:
        await self._asking.close()
