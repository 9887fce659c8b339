"""Several search engines, asked in order until one answers."""

from collections.abc import Sequence

from codeplan.search.base import Engine, Hit, Query, SearchFailed
from codeplan.telemetry import log


class Engines:
    """In the operator's order."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = engines

    @property
    def names(self) -> list[str]:
        return [engine.name for engine in self._engines]

    async def search(self, query: Query) -> Sequence[Hit]:
        """Raises SearchFailed where none does."""
        why = "no search engine is set up"
        for engine in self._engines:
            try:
                return (await engine.search(query))[: query.count]
            except SearchFailed as failed:
                why = str(failed)
                log.warning("search engine failed", engine=engine.name, why=why)
        raise SearchFailed(why)

    async def close(self) -> None:
        for engine in self._engines:
            await engine.close()
