"""Idempotency keys: what was asked under each, so that the same key never stands for two things.

A key is bound to the first request that did something with it, whatever that was. The same request
again goes on (what moves money answers as it did, and moves nothing); another one is refused. A
request that was refused without doing anything leaves its key free."""

import msgspec

from codeplan.kit import secrets
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move


class KeyReused(ValueError):
    """The key stands for another request."""


class Repeat(Document, frozen=True, kw_only=True):
    """Its id is whose key it is, and the key's digest. ``state``: bound, or free again. ``asked``:
    the digest of the request."""

    asked: str


class Binding(msgspec.Struct, frozen=True):
    """A key that stands for a request. ``new``: since this one."""

    id: str
    account_id: str
    asked: str
    new: bool


async def bind(store: MoneyStore, whose: str, account_id: str, key: str, asked: str) -> Binding:
    """``whose``: an account's id, or the name of a surface that has keys of its own. ``asked``: the
    request, written so that the same one is written alike. Raises KeyReused, StoreFailed."""
    name = f"{whose}/{secrets.digest(key).hex()}"
    digest = secrets.digest(asked).hex()

    def decide(books: Books, now: int) -> Decision:
        known = books.found.one(Repeat, name)
        if known is not None and known.state == "bound":
            if known.asked != digest:
                raise KeyReused("that Idempotency-Key was used for another request")
            return Decision(answer=b"false")
        made = Repeat(id=name, account_id=account_id, made_at=now, state="bound", asked=digest)
        return Decision(answer=b"true", documents=(made,))

    answer = await store.move(Move(account_id, "", decide, (One(Repeat, name),), terms=False))
    return Binding(name, account_id, digest, msgspec.json.decode(answer, type=bool))


async def free(store: MoneyStore, binding: Binding) -> None:
    """The request did nothing: its key may stand for another one, where it was new with it. Raises
    StoreFailed."""
    if not binding.new:
        return

    def decide(books: Books, _: int) -> Decision:
        known = books.found.one(Repeat, binding.id)
        if known is None or known.asked != binding.asked:
            return Decision()
        return Decision(documents=(msgspec.structs.replace(known, state="free"),))

    wanted = Move(binding.account_id, "", decide, (One(Repeat, binding.id),), terms=False)
    await store.move(wanted)
