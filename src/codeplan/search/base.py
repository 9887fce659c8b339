"""What a search engine is to those who ask one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class SearchFailed(Exception):
    """The engine could not be asked, or said no."""


@dataclass(frozen=True, slots=True)
class Query:
    """``recency``: oneDay, oneWeek, oneMonth, oneYear, or "" for any time. ``domain``: only of that
    site; "" for all. ``location``: cn or us."""

    text: str
    count: int = 10
    recency: str = ""
    domain: str = ""
    location: str = "us"


@dataclass(frozen=True, slots=True)
class Hit:
    """``published``: a day, or "". ``site``: its name."""

    title: str
    url: str
    text: str
    site: str = ""
    published: str = ""


class Engine(Protocol):
    name: str

    async def search(self, query: Query) -> Sequence[Hit]:
        """Raises SearchFailed."""
        ...

    async def close(self) -> None: ...
