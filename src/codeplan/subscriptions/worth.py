"""What the terms that were bought are worth: the one place where that is reckoned, always from what
was paid and *kept*. What was given back (by an operator, a provider's dashboard, a dispute that was
lost) is worth nothing, and neither is what its credit had bought. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from codeplan.plan.catalogue import Plan
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.proration import Running, unused_by_quota, unused_by_time
from codeplan.store.money import Books, Term


class InDispute(NotPossible):
    """A payment of what runs may still be taken back, so nothing is credited for it."""


def unused(books: Books, held: Plan | None, currency: str, now: int) -> int:
    """Of the terms that were paid in that currency, what is unused: by each one's time, and no more
    than all of them together are worth by what was used. Minor units, rounded down. Raises
    InDispute."""
    if any(term.disputed_minor for term in books.terms):
        raise InDispute("a payment for the plan that runs is in dispute; it can be changed when"
                        " that is decided")  # fmt: skip
    if held is None or books.subscription is None or held.id != books.subscription.plan_id:
        return 0  # it was changed meanwhile: the price is another one than was previewed
    terms = _paid_in(books.terms, currency)
    if not terms:
        return 0
    begun, ends_at = min(term.started_at for term in terms), max(term.ends_at for term in terms)
    kept = sum(term.kept_minor for term in terms)
    whole = Running(kept, begun, ends_at, books.used, books.subscription.seats)
    return floor(min(sum(_by_time(term, now) for term in terms), unused_by_quota(whole, held)))


def credited(
    books: Books, credit_minor: int, currency: str, ends_at: int, into: str
) -> tuple[Term, ...]:
    """The terms, ended by an upgrade at that instant, each with its part of the credit. What was to
    follow never was. ``into``: the term that the credit goes into."""
    worth = {term.id: _by_time(term, ends_at) for term in _paid_in(books.terms, currency)}
    whole = sum(worth.values())
    parts = {
        name: floor(part * credit_minor / whole) if whole else 0 for name, part in worth.items()
    }
    rest = credit_minor - sum(parts.values())
    ended = []
    for term in books.terms:
        part = parts.get(term.id, 0)
        more = min(rest, term.kept_minor - part) if term.id in parts else 0
        rest -= more
        ends = max(ends_at, term.started_at)
        ended.append(replace(term, ends_at=ends, credited_minor=part + more, followed_by=into))
    return tuple(ended)


@dataclass(frozen=True, slots=True)
class Less:
    """Terms that are worth less now, by their ids, and what of credit that had gone to the balance
    is due back from it."""

    terms: Mapping[str, Term]
    from_balance_minor: int


def without(history: Iterable[Term], term_id: str, amount_minor: int) -> Less:
    """That much of a term's price was given or taken back. In the same proportion goes what was
    credited for it when it was upgraded: from the balance what had come there, then from the term
    that the credit went into, and so on."""
    known = {term.id: term for term in history}
    changed: dict[str, Term] = {}
    from_balance = 0
    while amount_minor > 0 and term_id in known:
        term = known[term_id]
        amount_minor = min(amount_minor, term.kept_minor)
        if amount_minor == 0:
            break
        left = term.kept_minor - amount_minor
        credit = term.credited_minor * left // term.kept_minor
        lost = term.credited_minor - credit
        before = _carried(known, term.followed_by)
        known[term_id] = changed[term_id] = replace(
            term, refunded_minor=term.refunded_minor + amount_minor, credited_minor=credit
        )
        back = before - _carried(known, term.followed_by)
        from_balance += back
        term_id, amount_minor = term.followed_by, lost - back
    return Less(changed, from_balance)


def reached(history: Iterable[Term], term_id: str) -> tuple[str, ...]:
    """The term, and those into which its credit went, one after the other."""
    known = {term.id: term for term in history}
    names: list[str] = []
    while term_id in known and term_id not in names:
        names.append(term_id)
        term_id = known[term_id].followed_by
    return tuple(names)


def _carried(known: Mapping[str, Term], into: str) -> int:
    """What of the credit for a term's forerunners was beyond its price, and went to the balance."""
    if into not in known:
        return 0
    credit = sum(term.credited_minor for term in known.values() if term.followed_by == into)
    return max(0, credit - known[into].paid_minor)


def _paid_in(terms: Iterable[Term], currency: str) -> list[Term]:
    return [term for term in terms if term.currency == currency]


def _by_time(term: Term, now: int) -> Fraction:
    return unused_by_time(Running(term.kept_minor, term.started_at, term.ends_at), now)
