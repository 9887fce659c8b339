"""Brave Search (https://api-dashboard.search.brave.com/app/documentation/web-search)."""

from collections.abc import Sequence

from codeplan.search.asking import Asking
from codeplan.search.base import Hit, Query, SearchFailed

_RANGES = {"oneDay": "pd", "oneWeek": "pw", "oneMonth": "pm", "oneYear": "py"}
_MOST = 20


class Brave:
    name = "brave"

    def __init__(self, api_key: str, seconds: float, base_url: str = "") -> None:
        address = base_url or "https://api.search.brave.com"
        headers = {"x-subscription-token": api_key, "accept": "application/json"}
        self._asking = Asking(self.name, address, seconds, headers)

    async def search(self, query: Query) -> Sequence[Hit]:
        text = f"site:{query.domain} {query.text}" if query.domain else query.text
        params = {"q": text, "count": min(query.count, _MOST), "country": query.location.upper()}
        if query.recency in _RANGES:
            params["freshness"] = _RANGES[query.recency]
        found = await self._asking.ask("GET", "/res/v1/web/search", params)
        try:
            results = (found.get("web") or {"results": []})["results"]
            return [
                Hit(
                    one["title"],
                    one["url"],
                    one.get("description") or "",
                    (one.get("profile") or {}).get("name") or "",
                    (one.get("page_age") or "")[:10],
                )
                for one in results
            ]
        except (KeyError, TypeError, AttributeError) as problem:
            raise SearchFailed(f"{self.name}: its answer has another shape ({problem})") from None

    async def close(self) -> None:
        await self._asking.close()
