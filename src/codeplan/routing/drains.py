"""Upstreams that an operator takes out of service: no new call goes there, what runs there ends.
Kept in the store, so that every node and every start knows it."""

from codeplan.store.base import MoneyStore
from codeplan.store.changing import put
from codeplan.store.documents import Document


class Drain(Document, frozen=True, kw_only=True):
    """Its id is the upstream's name. ``state``: on or off."""


class Drains:
    """``names``: as they were last read; the router looks at it."""

    def __init__(self, store: MoneyStore) -> None:
        self._store = store
        self.names: frozenset[str] = frozenset()

    async def read(self) -> None:
        """What every node's operator said. Raises StoreFailed."""
        self.names = frozenset(one.id for one in await self._store.documents(Drain, state="on"))

    async def set(self, upstream: str, drained: bool, now: int) -> None:
        made = Drain(id=upstream, account_id="", made_at=now, state="on" if drained else "off")
        await put(self._store, "", made)
        await self.read()
