"""What a provider took back of a payment: of what it had bought, of refunds that are owed anyway,
of the balance, and of what was bought from that. What nobody has any more is lost. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from msgspec import structs

from codeplan.billing.orders import Order, Receipt, Refund, provider_id
from codeplan.billing.taking import moment_of
from codeplan.kit.money import MINOR
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance, Entry, moved
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision, Term
from codeplan.subscriptions.giving_back import cash_left, given_back, without_unpaid
from codeplan.subscriptions.market import Market
from codeplan.subscriptions.worth import without


@dataclass(frozen=True, slots=True)
class Taken:
    """``decision``: all but how the money left the provider's account. ``lost_minor``: what was
    taken beyond what there was."""

    decision: Decision
    lost_minor: int


@dataclass(slots=True)
class _Growing:
    """A decision on its way; later parts see what earlier ones did."""

    order: Order
    market: Market
    books: Books
    now: int
    made: Decision = field(default_factory=Decision)

    def have(self) -> Balance:
        before = self.books.balance(self.order.currency)
        return moved(before, self.order.account_id, self.made.entries)

    def add(self, *entries: Entry) -> None:
        self.made = replace(self.made, entries=(*self.made.entries, *entries))

    def write(self, *documents: Document) -> None:
        self.made = replace(self.made, documents=(*self.made.documents, *documents))

    def moment(self) -> movements.Moment:
        order = self.order
        return moment_of(order.account_id, order.currency, "taken_back", order.id, self.now)

    def history(self) -> list[Term]:
        changed = {term.id: term for term in self.made.terms}
        return [changed.get(term.id, term) for term in self.books.history]


def bought_by(receipt: Receipt, order: Order) -> int:
    """What of the order's sale that payment can have brought and was not given back."""
    own = provider_id(receipt.provider, order.payment_id)
    return cash_left(order) if receipt.id == own else 0


def taken_back(
    order: Order,
    receipt: Receipt,
    amount_minor: int,
    reason: str,
    market: Market,
    books: Books,
    now: int,
    entries: Collection[Entry] = (),
    settled: Collection[str] = (),
) -> Taken:
    """``entries`` come first. ``settled``: refunds that are owed no more."""
    work = _Growing(order, market, books, now)
    work.add(*entries)
    rest = min(amount_minor, receipt.left_minor)
    beyond = amount_minor - rest
    if sale := min(rest, bought_by(receipt, order)):
        made = given_back(order, sale, reason, True, "unpaid", market, books, now)
        work.made = replace(made, entries=(*work.made.entries, *made.entries))
        rest -= sale
    rest -= _owed_anyway(work, receipt, rest, settled)
    short = _from_balance(work, rest) if rest else 0
    if short:
        _from_terms(work, short)
    if beyond:
        work.add(movements.lost(work.moment(), beyond))
    return Taken(work.made, beyond + short)


def _owed_anyway(
    work: _Growing, receipt: Receipt, amount_minor: int, settled: Collection[str]
) -> int:
    """Refunds of that payment that are not paid yet need not be, now; how much that is."""
    gone = 0
    for owed in work.books.found.mine(Refund):
        if owed.state != "owed" or owed.id in settled:
            continue
        if provider_id(owed.provider, owed.reference) != receipt.id:
            continue
        part = min(amount_minor - gone, owed.amount_minor)
        if part == owed.amount_minor:
            work.write(structs.replace(owed, state="void", due_at=None))
        elif part:
            work.write(structs.replace(owed, amount_minor=owed.amount_minor - part))
        gone += part
    return gone


def _from_balance(work: _Growing, amount_minor: int) -> int:
    """What is not there any more."""
    entry = movements.taken_back(work.moment(), amount_minor, work.have())
    work.add(entry)
    return -sum(one.millionths for one in entry.postings if one.account == movements.LOST) // MINOR


def _from_terms(work: _Growing, amount_minor: int) -> None:
    """The money had bought what runs: that is worth as much less, the newest first."""
    for term in reversed(work.books.terms):
        if term.currency != work.order.currency or amount_minor <= 0:
            continue
        history = work.history()
        kept = next((one.kept_minor for one in history if one.id == term.id), 0)
        less = without(history, term.id, min(amount_minor, kept))
        changed = {one.id: one for one in work.made.terms} | dict(less.terms)
        work.made = replace(work.made, terms=tuple(changed.values()))
        amount_minor -= min(amount_minor, kept)
    work.made = without_unpaid(work.order, work.made, work.market, work.books, work.now)
