"""The invoice of a month's tokens: what an account paid by the token, billed once the month is
over.

The money moved with each call; the invoice says so in whole minor units, and books what of it is
tax.
"""

from zoneinfo import ZoneInfo

from msgspec import structs

from codeplan.billing.invoices import COUNTER, bill
from codeplan.billing.paging import every_entry
from codeplan.billing.settings import MoneySettings
from codeplan.billing.taking import moment_of
from codeplan.kit.instants import at, month_bounds
from codeplan.kit.money import MINOR
from codeplan.ledger.movements import TOKENS, tax_of
from codeplan.ledger.postings import Entry
from codeplan.plan.quote import Line
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move, changes


class TokenMonth(Document, frozen=True, kw_only=True):
    """A month in which an account paid by the token. Its id is the account's, the month and the
    currency. ``state``: open or billed. It is due when the month is over."""

    month: str
    currency: str
    since: int
    until: int


def month_of(account_id: str, currency: str, books: Books, zone: str, now: int) -> TokenMonth:
    """The month in which that instant lies, in the account's zone."""
    own = books.zone or zone
    month = f"{at(now, ZoneInfo(own)):%Y-%m}"
    since, until = month_bounds(month, own)
    return TokenMonth(
        id=f"{account_id}/{month}/{currency}",
        account_id=account_id,
        made_at=now,
        state="open",
        due_at=until,
        month=month,
        currency=currency,
        since=since,
        until=until,
    )


class TokenBills:
    def __init__(self, store: MoneyStore, settings: MoneySettings) -> None:
        self._store, self._settings = store, settings

    async def bill(self, open_month: TokenMonth) -> bool:
        """Write its invoice, once. Whether anything was changed."""
        spent = 0
        entries = every_entry(
            self._store, open_month.account_id, open_month.since, open_month.until
        )
        async for entry in entries:
            if entry.currency == open_month.currency:
                spent += _tokens(entry)

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(TokenMonth, open_month.id)
            if current is None or current.state != "open" or now < current.until:
                return Decision()
            return self._decide(current, spent // MINOR, books, now)

        reads = (One(TokenMonth, open_month.id),)
        move = Move(open_month.account_id, "", decide, reads, (COUNTER,), terms=False)
        return await changes(self._store, move)

    def _decide(self, month: TokenMonth, minor: int, books: Books, now: int) -> Decision:
        billed = structs.replace(month, state="billed", due_at=None)
        if minor <= 0:
            return Decision(documents=(billed,))
        seller = self._settings.seller
        lines = (Line("list", f"Tokens of {month.month}", minor),)
        made = bill(month.account_id, month.currency, lines, month.id, seller, books, now)
        entries: tuple[Entry, ...] = ()
        if made.invoice.tax_minor:
            moment = moment_of(month.account_id, month.currency, "tax", made.invoice.id, now)
            entries = (tax_of(moment, made.invoice.tax_minor, seller.tax_name, TOKENS),)
        return Decision(entries=entries, documents=(billed, made.invoice), counters=made.counters)


def _tokens(entry: Entry) -> int:
    return sum(one.millionths for one in entry.postings if one.account == TOKENS)
