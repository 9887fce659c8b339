"""Invoices: what was sold, from whom to whom, with its tax. Their numbers have no gaps: each is
taken in the commit that writes the sale."""

from dataclasses import dataclass

from codeplan.billing.settings import Seller
from codeplan.kit.ids import new_id
from codeplan.plan.quote import Line
from codeplan.store.documents import Document
from codeplan.store.money import Books

COUNTER = "invoice"


class Invoice(Document, frozen=True, kw_only=True):
    """``number`` with the seller's prefix. ``total_minor``: the sum of the lines; of a credit note
    it is negative. ``tax_minor``: what of it is tax. ``from_bonus_minor``: what of it was paid
    with bonus. ``about``: the term, pack or month that it is for. ``credits``: the invoice that a
    credit note takes back from."""

    number: str
    currency: str
    lines: tuple[Line, ...]
    total_minor: int
    tax_minor: int
    tax_name: str
    tax_millionths: int
    about: str
    from_bonus_minor: int = 0
    credits: str = ""
    seller_name: str = ""
    seller_address: tuple[str, ...] = ()
    seller_tax_id: str = ""


class BillTo(Document, frozen=True, kw_only=True):
    """What the buyer wants on invoices. Its id is the account's."""

    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice, and the counter as it stands behind it."""

    invoice: Invoice
    counters: dict[str, int]


def bill(
    account_id: str,
    currency: str,
    lines: tuple[Line, ...],
    about: str,
    seller: Seller,
    books: Books,
    now: int,
    from_bonus_minor: int = 0,
    takes_back: str = "",
    tax_back: int = 0,
) -> Billed:
    """The invoice with the next number. The move must have taken `COUNTER`. ``takes_back``: the
    invoice that a credit note is for, and ``tax_back`` the tax that it takes back."""
    number = books.counters[COUNTER] + 1
    total = sum(line.amount_minor for line in lines)
    tax = -tax_back if takes_back else seller.tax_in(total)
    invoice = Invoice(
        id=new_id("inv", now),
        account_id=account_id,
        made_at=now,
        number=f"{seller.invoice_prefix}{number:06d}",
        currency=currency,
        lines=lines,
        total_minor=total,
        tax_minor=tax,
        tax_name=seller.tax_name,
        tax_millionths=seller.tax_millionths,
        about=about,
        from_bonus_minor=from_bonus_minor,
        credits=takes_back,
        seller_name=seller.name,
        seller_address=seller.address,
        seller_tax_id=seller.tax_id,
    )
    return Billed(invoice, {COUNTER: number})
