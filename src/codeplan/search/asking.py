"""How engines that are reached by HTTP are asked."""

from typing import Any

import httpx

from codeplan.search.base import SearchFailed


class Asking:
    """``base_url``: the operator's own setting, so it may be anywhere."""

    def __init__(self, name: str, base_url: str, seconds: float, headers: dict[str, str]) -> None:
        self._name = name
        self._http = httpx.AsyncClient(base_url=base_url, timeout=seconds, headers=headers)

    async def ask(
        self, method: str, path: str, params: dict[str, Any] | None = None, body: Any = None
    ) -> Any:
        """The JSON that it answers. Raises SearchFailed."""
        try:
            answer = await self._http.request(method, path, params=params, json=body)
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as problem:
            raise SearchFailed(f"{self._name}: {problem or type(problem).__name__}") from None

    async def close(self) -> None:
        await self._http.aclose()
