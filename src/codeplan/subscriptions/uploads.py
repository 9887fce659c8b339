"""Files that a person sent for a tool to look at: kept for an hour in the store, so that any node
finds them, the newest ten of each account."""

import base64

import msgspec

from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import HOUR
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move

KEPT_MS = HOUR
MOST_FILES = 10
PREFIX = "file_"


class Upload(Document, frozen=True, kw_only=True):
    """``data``: base64; "" where newer files took its place."""

    data: str


class Shelf(Document, frozen=True, kw_only=True):
    """Which files an account has, the oldest first. Its id is the account's."""

    files: tuple[str, ...] = ()


class Uploads:
    def __init__(self, store: MoneyStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def keep(self, account_id: str, body: bytes) -> tuple[str, int]:
        """Its id, and until when it is kept. Raises StoreFailed."""
        name = new_id(PREFIX.rstrip("_"), self._clock.now())
        data = base64.b64encode(body).decode()

        def decide(books: Books, now: int) -> Decision:
            shelf = books.found.one(Shelf, account_id)
            files = (*(shelf.files if shelf else ()), name)
            gone = [
                Upload(id=old, account_id=account_id, made_at=now, state="kept", data="")
                for old in files[:-MOST_FILES]
            ]
            kept = Shelf(
                id=account_id, account_id=account_id, made_at=now, files=files[-MOST_FILES:]
            )
            made = Upload(id=name, account_id=account_id, made_at=now, state="kept", data=data)
            answer = msgspec.json.encode(now)
            return Decision(answer=answer, documents=(*gone, kept, made))

        reads = (One(Shelf, account_id),)
        at = await self._store.move(Move(account_id, "", decide, reads, terms=False))
        return name, int(msgspec.json.decode(at)) + KEPT_MS

    async def find(self, account_id: str, name: str) -> str | None:
        """Its base64; None for one that is not there, or somebody else's."""
        found = await self._store.document(Upload, name)
        if found is None or found.account_id != account_id or not found.data:
            return None
        return found.data if self._clock.now() - found.made_at < KEPT_MS else None
