"""The two plainest moves: documents written as they are, and one document changed under its
lock."""

from collections.abc import Callable

from codeplan.store.documents import D, Document, One
from codeplan.store.money import Books, Decision, Move, Mover


async def put(store: Mover, account_id: str, *documents: Document) -> None:
    """Write these documents, whatever there was of them."""
    wanted = Move(account_id, "", lambda _, __: Decision(documents=documents), terms=False)
    await store.move(wanted)


async def amend(
    store: Mover,
    account_id: str,
    kind: type[D],
    identity: str,
    change: Callable[[D, int], D | None],
) -> D | None:
    """Have ``change`` make of the document what it is to be, at the account's instant; it leaves it
    as it is with None. What was written; None where nothing was. A ValueError is raised."""
    written: D | None = None

    def decide(books: Books, now: int) -> Decision:
        nonlocal written
        current = books.found.one(kind, identity)
        written = change(current, now) if current is not None else None
        return Decision(documents=(written,)) if written is not None else Decision()

    await store.move(Move(account_id, "", decide, (One(kind, identity),), terms=False))
    return written
