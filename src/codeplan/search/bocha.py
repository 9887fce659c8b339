"""Bocha (https://open.bochaai.com), whose web search answers in the shape of Bing's."""

from collections.abc import Sequence

from codeplan.search.asking import Asking
from codeplan.search.base import Hit, Query, SearchFailed

_MOST = 50


class Bocha:
    name = "bocha"

    def __init__(self, api_key: str, seconds: float, base_url: str = "") -> None:
        headers = {"authorization": f"Bearer {api_key}"}
        self._asking = Asking(self.name, base_url or "https://api.bochaai.com", seconds, headers)

    async def search(self, query: Query) -> Sequence[Hit]:
        body: dict[str, object] = {
            "query": query.text,
            "count": min(query.count, _MOST),
            "freshness": query.recency or "noLimit",
            "summary": True,
        }
        if query.domain:
            body["include"] = query.domain
        found = await self._asking.ask("POST", "/v1/web-search", body=body)
        try:
            return [
                Hit(
                    one["name"],
                    one["url"],
                    one.get("summary") or one.get("snippet") or "",
                    one.get("siteName") or "",
                    (one.get("datePublished") or "")[:10],
                )
                for one in found["data"]["webPages"]["value"]
            ]
        except (KeyError, TypeError) as problem:
            raise SearchFailed(f"{self.name}: its answer has another shape ({problem})") from None

    async def close(self) -> None:
        await self._asking.close()
