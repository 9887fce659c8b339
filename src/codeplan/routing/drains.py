"""Upstreams that an operator takes out of service: no new call goes there, what runs there ends.
Kept in the store, so that every node and every start knows it."""

from typing import Protocol

from codeplan.store.base import ChangeStore, MoneyStore
from codeplan.store.changing import put
from codeplan.store.documents import Document
from codeplan.store.remembered import AtHand


class Drain(Document, frozen=True, kw_only=True):
    """Its id is the upstream's name. ``state``: on or off."""


class DrainStore(MoneyStore, ChangeStore, Protocol):
    """Drains, and hearing that another node's operator set one."""


class Drains:
    def __init__(self, store: DrainStore) -> None:
        self._store = store
        self._names: AtHand[frozenset[str]] = AtHand(store, (Drain,), self._load, frozenset())

    @property
    def names(self) -> frozenset[str]:
        """As they were last read; the router looks at them for every call."""
        return self._names.value

    async def read(self) -> None:
        """What every node's operator said. Raises StoreFailed."""
        await self._names.read()

    async def close(self) -> None:
        self._names.close()

    async def _load(self) -> frozenset[str]:
        return frozenset(one.id for one in await self._store.documents(Drain, state="on"))

    async def set(self, upstream: str, drained: bool, now: int) -> None:
        made = Drain(id=upstream, account_id="", made_at=now, state="on" if drained else "off")
        await put(self._store, "", made)
        await self.read()
