"""What a dispute at a provider does to the books. Opened: what was bought waits (the plan is
restricted and cannot be changed, the pack serves no call), what was paid in is set aside, and an
operator is told. Won: all of it is as before. Lost: it is taken back. Each once, in whatever order
the provider tells it. Pure."""

from dataclasses import dataclass, replace

from msgspec import structs

from codeplan.billing.orders import Dispute, Order, Receipt, alert, provider_id
from codeplan.billing.packs import Pack
from codeplan.billing.taking import moment_of
from codeplan.kit.money import MINOR, written
from codeplan.ledger import movements
from codeplan.ledger.postings import Entry
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.payments.base import Disputed
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions.market import Market, running_of
from codeplan.subscriptions.taking_back import bought_by, taken_back
from codeplan.subscriptions.worth import reached

RESTRICTED = (
    "a payment for it is in dispute at its provider, and it goes on when the dispute is won or"
    " withdrawn"
)
_REASON = "taken back after a dispute"
_OPENED = Said(
    N_("Your payment is in dispute"),
    N_(
        "A payment of %(amount)s is in dispute at %(provider)s. What it bought waits until that is"
        " decided. If you did not ask for it, talk to your bank and to the operator.\n"
    ),
)
_WON = Said(
    N_("The dispute of your payment is over"),
    N_("The payment of %(amount)s stands: what it bought goes on, and is yours as before.\n"),
)
_LOST = Said(
    N_("Your payment was taken back"),
    N_("The dispute ended for you: %(amount)s went back to you, and what it had bought is over.\n"),
)


@dataclass(frozen=True, slots=True)
class _About:
    """A dispute's order and payment, and the account's books, at that instant."""

    order: Order
    receipt: Receipt
    market: Market
    books: Books
    now: int

    def moment(self, kind: str, dispute: Dispute) -> movements.Moment:
        return moment_of(
            self.order.account_id, self.receipt.currency, kind, dispute.id, self.now
        )  # fmt: skip


def disputed(
    told: Disputed, order: Order, receipt: Receipt, market: Market, books: Books, now: int
) -> Decision:
    """The move must read what `returns.refunded` needs, the dispute and the account's open ones."""
    about = _About(order, receipt, market, books, now)
    known = books.found.one(Dispute, provider_id(receipt.provider, told.dispute_id))
    if known is not None and known.state in ("won", "lost", "closed"):
        contradicts = {known.state, told.state} == {"won", "lost"}
        text = f"dispute {known.id} was {known.state}, and is said to be {told.state} now"
        return Decision(
            documents=(alert(order.account_id, order.id, text, now),) if contradicts else ()
        )
    if known is not None and known.state == told.state:
        return Decision()
    dispute = known or _new(told, about)
    match told.state:
        case "inquiry":
            return Decision() if known else _inquired(dispute, about)
        case "open":
            return _opened(structs.replace(dispute, state="open"), about)
        case "lost":
            return _lost(dispute, about)
        case _:
            return _won(dispute, told.state, about)


def _new(told: Disputed, about: _About) -> Dispute:
    """One in another currency than its payment's is about what is left of that."""
    receipt = about.receipt
    same = told.currency == receipt.currency
    return Dispute(
        id=provider_id(receipt.provider, told.dispute_id),
        account_id=about.order.account_id,
        made_at=about.now,
        state="",
        order_id=about.order.id,
        receipt_id=receipt.id,
        provider=receipt.provider,
        amount_minor=told.amount_minor if same else receipt.left_minor,
        currency=receipt.currency,
        why=told.why if same else f"{told.why} ({told.amount_minor} {told.currency})".strip(),
    )


def _inquired(dispute: Dispute, about: _About) -> Decision:
    made = structs.replace(dispute, state="inquiry")
    return Decision(documents=(made, _alerted(made, "an inquiry was opened", about)))


def _opened(dispute: Dispute, about: _About) -> Decision:
    """What of the payment is still here is set aside, wherever it went."""
    order, receipt, books = about.order, about.receipt, about.books
    amount = min(dispute.amount_minor, receipt.left_minor)
    sale = min(amount, bought_by(receipt, order))
    have = books.balance(receipt.currency).cash // MINOR
    aside = max(0, min(amount - sale, have))
    short = amount - sale - aside
    terms = _waiting(sale, short, about)
    held = running_of(books, about.market, about.now)
    restricts = held is not None and bool(short or (sale and order.term_id))
    entries: list[Entry] = [
        movements.withdrawn(
            about.moment("withdrawn", dispute), dispute.amount_minor, dispute.provider
        )
    ]
    if aside:
        entries.append(movements.set_aside(about.moment("set_aside", dispute), aside))
    opened = structs.replace(
        dispute, set_aside_minor=aside, marked_minor=sale + short, terms=tuple(terms),
        pack_id=order.pack_id if sale else "", restricts=restricts, of_payment_minor=amount,
    )  # fmt: skip
    documents: list[Document] = [
        opened,
        structs.replace(receipt, disputed_minor=receipt.disputed_minor + amount),
        *_pack(opened, True, books),
        _alerted(opened, "a dispute was opened", about),
        _told(opened, _OPENED, about),
    ]
    stopped = None
    if restricts and held and not held.restricted:
        stopped = replace(held, restricted=RESTRICTED)
    marked = tuple(
        replace(term, disputed_minor=term.disputed_minor + opened.marked_minor)
        for term in terms.values()
    )
    return Decision(
        entries=tuple(entries), documents=tuple(documents), subscription=stopped, terms=marked
    )


def _waiting(sale: int, short: int, about: _About) -> dict[str, Term]:
    """The terms that the payment is in: those that it bought or that its credit went into, and
    whatever runs where the balance lacks what it had brought."""
    known = {term.id: term for term in about.books.history}
    names = list(reached(known.values(), about.order.term_id)) if sale else []
    if short:
        names += [term.id for term in about.books.terms]
    return {name: known[name] for name in names if name in known}


def _won(dispute: Dispute, state: str, about: _About) -> Decision:
    """All that waited goes on; what was withdrawn is back."""
    made = structs.replace(dispute, state=state)
    if dispute.state != "open":
        return Decision(documents=(made,))
    free = _freed(dispute, about)
    text = "the dispute was won" if state == "won" else "the dispute came to nothing"
    return replace(
        free,
        documents=(
            made, *free.documents, *_pack(dispute, False, about.books),
            _alerted(made, text, about), _told(made, _WON, about),
        ),
        entries=(
            movements.withdrawn(
                about.moment("withdrawn", dispute), -dispute.amount_minor, dispute.provider
            ),
            *free.entries,
        ),
    )  # fmt: skip


def _lost(dispute: Dispute, about: _About) -> Decision:
    """What waited is taken back; what was withdrawn is gone."""
    made = structs.replace(dispute, state="lost")
    was_open = dispute.state == "open"
    free = _freed(dispute, about) if was_open else Decision()
    freed = {term.id: term for term in free.terms}
    books = replace(
        about.books,
        subscription=free.subscription or about.books.subscription,
        terms=tuple(freed.get(term.id, term) for term in about.books.terms),
        history=tuple(freed.get(term.id, term) for term in about.books.history),
        found=about.books.found.with_(*_pack(dispute, False, about.books)),
    )
    receipt = next((one for one in free.documents if isinstance(one, Receipt)), about.receipt)
    taken = taken_back(
        about.order, receipt, dispute.amount_minor, _REASON, about.market, books, about.now,
        free.entries,
    )  # fmt: skip
    how = movements.dispute_lost if was_open else movements.paid_out
    moment = about.moment("paid_out", dispute)
    text = "the dispute was lost"
    if taken.lost_minor:
        text += f"; {written(taken.lost_minor, receipt.currency)} of it is lost"
    did = taken.decision
    lost = min(dispute.amount_minor, receipt.left_minor)
    gone = structs.replace(receipt, lost_minor=receipt.lost_minor + lost)
    return replace(
        did,
        entries=(*did.entries, how(moment, dispute.amount_minor, dispute.provider)),
        documents=(
            made, gone, *_pack(dispute, False, about.books), *did.documents,
            _alerted(made, text, about), _told(made, _LOST, about),
        ),
        subscription=did.subscription or free.subscription,
        terms=tuple({**freed, **{term.id: term for term in did.terms}}.values()),
    )  # fmt: skip


def _freed(dispute: Dispute, about: _About) -> Decision:
    """Nothing waits for that dispute any more."""
    books, receipt = about.books, about.receipt
    entries: list[Entry] = []
    if dispute.set_aside_minor:
        moment = about.moment("set_aside", dispute)
        entries.append(movements.set_aside(moment, -dispute.set_aside_minor))
    terms = tuple(
        replace(term, disputed_minor=max(0, term.disputed_minor - dispute.marked_minor))
        for term in books.history
        if term.id in dispute.terms
    )
    freed = structs.replace(
        receipt, disputed_minor=receipt.disputed_minor - dispute.of_payment_minor
    )
    return Decision(
        entries=tuple(entries),
        terms=terms,
        documents=(freed,),
        subscription=_lifted(dispute, books),
    )


def _lifted(dispute: Dispute, books: Books) -> Subscription | None:
    """The restriction was this dispute's, and no other's."""
    held = books.subscription
    others = any(
        one.restricts and one.id != dispute.id and one.state == "open"
        for one in books.found.mine(Dispute)
    )
    if held is None or held.restricted != RESTRICTED or others or not dispute.restricts:
        return None
    return replace(held, restricted="")


def _pack(dispute: Dispute, waits: bool, books: Books) -> list[Document]:
    pack = books.found.one(Pack, dispute.pack_id)
    return [pack.disputed(waits)] if pack is not None else []


def _alerted(dispute: Dispute, what: str, about: _About) -> Document:
    amount = written(dispute.amount_minor, dispute.currency)
    why = f" ({dispute.why})" if dispute.why else ""
    text = f"{dispute.provider}, {amount} of {about.order.id}: {what}{why}"
    return alert(about.order.account_id, about.order.id, text, about.now)


def _told(dispute: Dispute, letter: Said, about: _About) -> Document:
    amount = written(dispute.amount_minor, dispute.currency)
    said = letter.with_values(amount=amount, provider=dispute.provider)
    return notice(dispute.account_id, "dispute", said, about.now)
