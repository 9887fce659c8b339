"""The audit log: what an operator asked for, written before it is done, so that nothing is done
that is not in it."""

from codeplan.kit.ids import new_id
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision, Move


class Audit(Document, frozen=True, kw_only=True):
    """``address``: the method and path; ``asked``: the body as it came; ``once``: its idempotency
    key."""

    address: str
    asked: str
    once: str


async def audited(store: MoneyStore, address: str, asked: str, once: str) -> None:
    """Raises StoreFailed: then it is not done."""

    def decide(_: Books, now: int) -> Decision:
        line = Audit(
            id=new_id("audit", now),
            account_id="",
            made_at=now,
            address=address,
            asked=asked,
            once=once,
        )
        return Decision(documents=(line,))

    await store.move(Move("", "", decide, terms=False))
