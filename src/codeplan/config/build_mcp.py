"""From the file's tables to search engines and the web reader's limits."""

import os
from pathlib import Path

from codeplan.config.mcp_model import ReaderTable, SearchTable
from codeplan.fetching.fetcher import Fetcher, FetchLimits
from codeplan.fetching.guarded import GuardedNetwork
from codeplan.search.base import Engine
from codeplan.search.bocha import Bocha
from codeplan.search.brave import Brave
from codeplan.search.embedded import Embedded
from codeplan.search.keyless import Keyless
from codeplan.search.searxng import SearXng
from codeplan.search.tavily import Tavily


def build_engines(table: SearchTable) -> list[Engine]:
    """In order; `check` has seen that each has its setting."""
    return [_engine(name, table) for name in table.engines]


def _engine(name: str, table: SearchTable) -> Engine:
    seconds = table.timeout_seconds
    match name:
        case "searxng":
            return SearXng(table.searxng_url, seconds)
        case "brave":
            return Brave(os.environ[table.brave_key_env], seconds)
        case "bocha":
            return Bocha(os.environ[table.bocha_key_env], seconds)
        case "tavily":
            return Tavily(os.environ[table.tavily_key_env], seconds)
        case "embedded":
            return Embedded([(Path(one.path), one.url) for one in table.folders])
        case _:
            return Keyless(seconds)


def build_fetcher(table: ReaderTable) -> Fetcher:
    network = GuardedNetwork(allowed=table.allowed)
    return Fetcher(network, FetchLimits(table.most_megabytes * 1024 * 1024, table.timeout_seconds))
