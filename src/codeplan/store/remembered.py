"""What a process remembers of the store's records, so that a call costs no look-up: the one way to
do so. What is remembered here is dropped by the commit that changes it, whichever process that was.

A value that was read before a change and arrives after it is used once and not kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Generic, TypeVar

from codeplan.store.base import ChangeStore, StoreFailed
from codeplan.store.changes import Changed, kinds_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
MOST = 20_000
_AGAIN_SECONDS = 1.0


class Remembered(Generic[K, V]):
    """Values by key. ``kinds``: of the records that a value is made of; ``load``: makes it, None
    where there is none, which is not remembered; ``owners``: the accounts whose records those
    are."""

    def __init__(
        self,
        store: ChangeStore,
        kinds: Collection[type],
        load: Callable[[K], Awaitable[V | None]],
        owners: Callable[[K, V], Collection[str]],
        most: int = MOST,
    ) -> None:
        self._store, self._load, self._owners, self._most = store, load, owners, most
        self._values: dict[K, V] = {}
        self._keys: dict[str, set[K]] = {}  # by owner
        self._changes = 0  # heard so far
        store.on_change(kinds_of(kinds), self._drop)

    async def get(self, key: K) -> V | None:
        """The value as it is now. Raises what ``load`` raises."""
        value = self._values.get(key)
        if value is not None and self._store.hears:
            return value
        changes = self._changes
        value = await self._load(key)
        # While nothing is heard, nobody would drop it.
        if value is not None and changes == self._changes and self._store.hears:
            self._keep(key, value)
        return value

    def _keep(self, key: K, value: V) -> None:
        if len(self._values) >= self._most:
            self._clear()
        self._forget(key)  # loaded twice at once, it may have had other owners
        self._values[key] = value
        for owner in self._owners(key, value):
            self._keys.setdefault(owner, set()).add(key)

    def _drop(self, change: Changed) -> None:
        self._changes += 1
        if not change.account_id:
            self._clear()
            return
        for key in list(self._keys.get(change.account_id, ())):
            self._forget(key)

    def _forget(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is None:
            return
        for owner in set(self._owners(key, value)):
            self._keys[owner].discard(key)
            if not self._keys[owner]:
                del self._keys[owner]

    def _clear(self) -> None:
        self._values.clear()
        self._keys.clear()


class AtHand(Generic[V]):
    """One value that is always there, for those who cannot wait: read by `read`, and again by
    itself after each change of the records it is made of. While the store cannot be read it stays
    as it was."""

    def __init__(
        self,
        store: ChangeStore,
        kinds: Collection[type],
        load: Callable[[], Awaitable[V]],
        first: V,
    ) -> None:
        self._load, self.value = load, first
        self._changes = 0
        self._reading: asyncio.Task[None] | None = None
        store.on_change(kinds_of(kinds), self._read_again)

    async def read(self) -> None:
        """Raises StoreFailed."""
        changes = -1
        while changes != self._changes:
            changes = self._changes
            self.value = await self._load()

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    def _read_again(self, _: Changed) -> None:
        self._changes += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._until_read())

    async def _until_read(self) -> None:
        while True:
            try:
                await self.read()
            except StoreFailed:
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return
