"""What giving back a part of a sale does to the books, whoever gives or takes it: the sale and its
tax are reversed, a credit note says so, and what was bought is worth as much less. Pure."""

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from msgspec import structs

from codeplan.billing import invoices
from codeplan.billing.orders import Order
from codeplan.billing.packs import Pack
from codeplan.billing.taking import moment_of
from codeplan.ledger import movements
from codeplan.ledger.postings import moved
from codeplan.plan.quote import Line
from codeplan.store.documents import Document, One, Read
from codeplan.store.money import Books, Decision
from codeplan.subscriptions.ending import ended
from codeplan.subscriptions.market import Market
from codeplan.subscriptions.sales import Referred
from codeplan.subscriptions.worth import reached, without

# Whether what was bought ends: whatever of its price is kept, where nothing is, or not at all.
Ends = Literal["always", "unpaid", "never"]


def reads_of(order: Order) -> list[Read]:
    """What a move must read to give back of that order; it must take the history too."""
    reads: list[Read] = [One(Order, order.id)]
    if order.term_id:
        reads.append(One(Referred, order.term_id))
    if order.pack_id:
        reads.append(One(Pack, order.pack_id))
    return reads


def cash_left(order: Order) -> int:
    """What of the sale was paid with cash and was not given back; cash is given back first."""
    if order.state != "paid":
        return 0
    return max(0, order.sold_minor - order.from_bonus_minor - order.refunded_minor)


def given_back(
    order: Order,
    amount_minor: int,
    reason: str,
    owed: bool,
    ends: Ends,
    market: Market,
    books: Books,
    now: int,
) -> Decision:
    """That much of the order's sale, which is there: to the balance (what was paid with bonus as a
    bonus), or ``owed`` by its provider."""
    of_cash = min(amount_minor, cash_left(order))
    seller = market.settings.seller
    left = order.sold_minor - order.refunded_minor
    # So that what is given back in parts has, in the end, all of the sale's tax in it.
    tax = seller.tax_in(left) - seller.tax_in(left - amount_minor)
    moment = moment_of(order.account_id, order.currency, "refund", order.id, now)
    sale = movements.PLANS if order.term_id else movements.PACKS
    entries = [
        movements.refund(
            moment, amount_minor, sale, tax, seller.tax_name,
            bonus_minor=amount_minor - of_cash, owed=owed,
        )
    ]  # fmt: skip
    note = invoices.bill(
        order.account_id, order.currency, (Line("refund", reason, -amount_minor),), order.id,
        seller, books, now, takes_back=order.invoice_id, tax_back=tax,
    )  # fmt: skip
    refunded = order.refunded_minor + amount_minor
    state = order.after("refunded") if refunded == order.sold_minor else order.state
    documents: list[Document] = [
        structs.replace(order, refunded_minor=refunded, state=state),
        note.invoice,
        *_beside(order, amount_minor, ends, books),
    ]
    less = without(books.history, order.term_id, amount_minor)
    have = moved(books.balance(order.currency), order.account_id, entries)
    credit = moment_of(order.account_id, order.currency, "credit", order.id, now)
    if back := movements.uncredit(credit, less.from_balance_minor, have):
        entries.append(back)
    after = Decision(
        entries=tuple(entries),
        documents=tuple(documents),
        counters=note.counters,
        terms=tuple(less.terms.values()),
    )
    if ends == "always":
        names = reached(books.history, order.term_id)
        return with_ended(order, names, after, market, books, now)
    if ends == "unpaid":
        return without_unpaid(order, after, market, books, now)
    return after


def without_unpaid(
    order: Order, made: Decision, market: Market, books: Books, now: int
) -> Decision:
    """The decision, and the terms end of whose price it left nothing."""
    over = [term.id for term in made.terms if term.kept_minor <= 0]
    return with_ended(order, over, made, market, books, now)


def with_ended(
    order: Order, names: Collection[str], made: Decision, market: Market, books: Books, now: int
) -> Decision:
    """The decision, and those terms end."""
    changed = {term.id: term for term in made.terms}
    terms = [changed.get(term.id, term) for term in books.terms]
    end = ended(order, names, terms, market, books, now)
    return replace(
        made,
        subscription=end.subscription or made.subscription,
        terms=tuple({**changed, **end.terms}.values()),
    )


def _beside(order: Order, amount_minor: int, ends: Ends, books: Books) -> list[Document]:
    """The referral of the sale is not given any more, and its pack has less."""
    documents: list[Document] = []
    referred = books.found.one(Referred, order.term_id)
    if referred is not None and referred.state == "waiting":
        documents.append(structs.replace(referred, state="void", due_at=None))
    pack = books.found.one(Pack, order.pack_id)
    if pack is not None and ends != "never":
        left = order.sold_minor - order.refunded_minor
        documents.append(pack.without(left if ends == "always" else amount_minor, left))
    return documents
