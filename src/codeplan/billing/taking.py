"""Taking money for something that is sold: the entry, bonus first, and the invoice, in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codeplan.billing import invoices
from codeplan.billing.settings import Seller
from codeplan.kit.ids import new_id
from codeplan.kit.money import MINOR
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance, Entry
from codeplan.plan.quote import Line
from codeplan.store.documents import Document
from codeplan.store.money import Books


@dataclass(frozen=True, slots=True)
class Taken:
    """``invoice_id`` is "" where nothing was due. ``from_bonus_minor``: what was paid with bonus,
    in whole minor units."""

    entries: tuple[Entry, ...] = ()
    documents: tuple[Document, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    invoice_id: str = ""
    from_bonus_minor: int = 0


def take(
    account_id: str,
    currency: str,
    lines: tuple[Line, ...],
    about: str,
    sale: str,
    seller: Seller,
    books: Books,
    have: Balance,
    now: int,
) -> Taken:
    """Take the sum of the lines from the balance ``have``. The move must take the invoices'
    counter. Raises BalanceTooSmall."""
    due = sum(line.amount_minor for line in lines)
    if not due:
        return Taken()
    moment = moment_of(account_id, currency, "purchase", about, now)
    entry = movements.spend(moment, due, have, sale, seller.tax_in(due), seller.tax_name)
    from_bonus = min(have.bonus, due * MINOR) // MINOR
    billed = invoices.bill(
        account_id, currency, lines, about, seller, books, now, from_bonus_minor=from_bonus
    )
    return Taken((entry,), (billed.invoice,), billed.counters, billed.invoice.id, from_bonus)


def moment_of(
    account_id: str, currency: str, kind: str, reference: str, now: int
) -> movements.Moment:
    return movements.Moment(new_id("entry", now), now, account_id, currency, kind, reference)
