"""Reading all there is of something, page by page, the newest first."""

from collections.abc import AsyncIterator

from codeplan.ledger.postings import Entry
from codeplan.store.base import MoneyStore
from codeplan.store.documents import D

_PAGE = 500


async def every_entry(
    store: MoneyStore, account_id: str, since: int, until: int
) -> AsyncIterator[Entry]:
    """The account's, from ``since`` up to ``until``."""
    before = ""
    while page := await store.entries(account_id, _PAGE, before, since, until):
        for entry in page:
            yield entry
        if len(page) < _PAGE:
            return
        before = page[-1].id


async def every_document(store: MoneyStore, kind: type[D], state: str = "") -> AsyncIterator[D]:
    """Of that kind, in that state; "" for any."""
    before = ""
    while page := await store.documents(kind, state=state, limit=_PAGE, before=before):
        for document in page:
            yield document
        if len(page) < _PAGE:
            return
        before = page[-1].id
