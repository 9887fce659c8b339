"""Buying, upgrading, extending and renewing, as decisions on an account's books. Each is a pure
function of the books and the instant, so what is previewed is what is paid.

A purchase while a plan runs extends it (the same plan and period) or upgrades it (a dearer plan, or
a longer period of the same) at once; nothing is ever held twice. What is cheaper begins when the
running period has ended.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import msgspec

from codeplan.kit import instants
from codeplan.kit.ids import new_id
from codeplan.ledger import movements
from codeplan.ledger.postings import Entry
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.periods import PERIOD_MONTHS, Period
from codeplan.plan.promotions import PurchaseKind
from codeplan.plan.proration import Running, unused_minor
from codeplan.plan.quote import Quote, quote
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import Subscription


class OnlyAtPeriodsEnd(ValueError):
    """A cheaper plan, or a shorter period, while another runs."""


class PriceChanged(ValueError):
    """It costs something else by now than what was previewed."""

    def __init__(self, now: Quote) -> None:
        super().__init__("the price is another one by now")
        self.now = now


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to buy. ``held``: the plan that runs, as it was bought."""

    account_id: str
    plan_id: str
    period: Period
    currency: str
    codes: Collection[str] = ()
    held: Plan | None = None


@dataclass(frozen=True, slots=True)
class _Buying:
    """A quote, and what becomes of the subscription: ``how`` is first, another, extension or
    upgrade."""

    quote: Quote
    how: str
    running: Subscription | None


def preview(wish: Wish, catalogue: Catalogue, books: Books, now: int) -> Quote:
    """What it costs now. Raises NotForSale, OnlyAtPeriodsEnd."""
    return _buying(wish, catalogue, books, now).quote


def purchase(
    wish: Wish, catalogue: Catalogue, books: Books, now: int, due_minor: int | None
) -> Decision:
    """Pay it from the balance. ``due_minor``: what was previewed.

    Raises NotForSale, OnlyAtPeriodsEnd, PriceChanged, BalanceTooSmall.
    """
    buying = _buying(wish, catalogue, books, now)
    made = buying.quote
    if due_minor is not None and due_minor != made.due_minor:
        raise PriceChanged(made)
    subscription, term = _subscribed(wish, buying, catalogue, now)
    entries = _paid(wish.account_id, made, term, books, now)
    ended = [replace(t, ends_at=now) for t in books.terms] if buying.how == "upgrade" else []
    return Decision(
        answer=msgspec.json.encode(made),
        entries=entries,
        subscription=subscription,
        terms=(*ended, term),
    )


def renewal(subscription: Subscription, catalogue: Catalogue, books: Books, now: int) -> Decision:
    """The next period, at the list price, from the balance. On time it follows the last without a
    gap; later it begins when it is paid. Raises NotForSale, BalanceTooSmall."""
    plan = catalogue.plans.get(subscription.plan_id)
    if plan is None:
        raise OnlyAtPeriodsEnd(f"the plan {subscription.plan_id} is not sold any more")
    made = quote(plan, subscription.period, subscription.currency, "renewal", now, ())
    begins = subscription.ends_at if now - subscription.ends_at < instants.HOUR else now
    anchor = subscription.started_at if begins == subscription.ends_at else begins
    renewed = replace(
        subscription,
        catalogue_version=catalogue.version,
        started_at=anchor,
        ends_at=_ends_at(anchor, begins, subscription.period),
    )
    term = _term(renewed, "renewal", made, begins, now)
    entries = _paid(subscription.account_id, made, term, books, now)
    return Decision(msgspec.json.encode(made), entries, renewed, (term,))


def cancellation(books: Books, cancelled: bool) -> Decision:
    """Not to be renewed, or again to be. Raises OnlyAtPeriodsEnd where nothing runs."""
    if books.subscription is None:
        raise OnlyAtPeriodsEnd("there is no plan to cancel")
    return Decision(b"{}", subscription=replace(books.subscription, cancelled=cancelled))


def _buying(wish: Wish, catalogue: Catalogue, books: Books, now: int) -> _Buying:
    plan = catalogue.plans[wish.plan_id]
    running = books.subscription
    if running is None or running.state != "active" or running.ends_at <= now:
        how: PurchaseKind = "another" if running else "first"
        return _Buying(_quote(wish, catalogue, how, now), how, None)
    if (running.plan_id, running.period) == (wish.plan_id, wish.period):
        return _Buying(_quote(wish, catalogue, "another", now), "extension", running)
    if not _is_upgrade(plan, wish, running, catalogue):
        raise OnlyAtPeriodsEnd(
            f"{plan.name} for a {wish.period} costs less than what runs; buy it when that has ended"
        )
    credit = _unused(books, wish, now)
    return _Buying(_quote(wish, catalogue, "upgrade", now, credit), "upgrade", running)


def _quote(
    wish: Wish, catalogue: Catalogue, kind: PurchaseKind, now: int, credit_minor: int = 0
) -> Quote:
    return quote(
        catalogue.plans[wish.plan_id], wish.period, wish.currency, kind, now,
        catalogue.promotions, wish.codes, credit_minor,
    )  # fmt: skip


def _is_upgrade(plan: Plan, wish: Wish, running: Subscription, catalogue: Catalogue) -> bool:
    """A plan that costs more a month; or the same one for longer."""
    if wish.plan_id == running.plan_id:
        return PERIOD_MONTHS[wish.period] > PERIOD_MONTHS[running.period]
    held = wish.held or catalogue.plans.get(running.plan_id)
    before = held.price(wish.currency, "month") if held else None
    after = plan.price(wish.currency, "month")
    return after is not None and (before is None or after > before)


def _unused(books: Books, wish: Wish, now: int) -> int:
    """Of the terms that were paid in that currency, what is unused: by each one's time, and no more
    than all of them together are worth by what was used."""
    terms = [term for term in books.terms if term.currency == wish.currency]
    if not terms or wish.held is None or books.subscription is None:
        return 0
    if wish.held.id != books.subscription.plan_id:
        return 0  # it was changed meanwhile: the price is another one than was previewed
    held = wish.held
    by_time = sum(
        unused_minor(Running(term.paid_minor, term.started_at, term.ends_at), held, now)
        for term in terms
    )
    begun = min(term.started_at for term in terms)
    ends_at = max(term.ends_at for term in terms)
    paid = sum(term.paid_minor for term in terms)
    return min(by_time, unused_minor(Running(paid, begun, ends_at, books.used), held, begun))


def _subscribed(
    wish: Wish, buying: _Buying, catalogue: Catalogue, now: int
) -> tuple[Subscription, Term]:
    running = buying.running
    begins = running.ends_at if running and buying.how == "extension" else now
    anchor = running.started_at if running and buying.how == "extension" else now
    subscription = Subscription(
        id=running.id if running else new_id("sub", now),
        account_id=wish.account_id,
        plan_id=wish.plan_id,
        catalogue_version=catalogue.version,
        period=wish.period,
        state="active",
        started_at=anchor,
        ends_at=_ends_at(anchor, begins, wish.period),
        currency=wish.currency,
    )
    return subscription, _term(subscription, buying.how, buying.quote, begins, now)


def _ends_at(anchor: int, begins: int, period: Period) -> int:
    """A period on, counted from the anchor, so that the day is kept: 31 January, 28 February, 31
    March."""
    months = PERIOD_MONTHS[period]
    while instants.add_months(anchor, months) <= begins:
        months += PERIOD_MONTHS[period]
    return instants.add_months(anchor, months)


def _term(subscription: Subscription, kind: str, made: Quote, begins: int, now: int) -> Term:
    price = sum(line.amount_minor for line in made.lines if line.kind != "credit")
    return Term(
        id=new_id("term", now),
        subscription_id=subscription.id,
        account_id=subscription.account_id,
        plan_id=subscription.plan_id,
        catalogue_version=subscription.catalogue_version,
        period=subscription.period,
        kind=kind,
        currency=made.currency,
        list_minor=made.renews_minor,
        # Credit of an earlier period was paid too, then.
        paid_minor=price,
        started_at=begins,
        ends_at=subscription.ends_at,
    )


def _paid(account_id: str, made: Quote, term: Term, books: Books, now: int) -> tuple[Entry, ...]:
    entries = []
    if made.due_minor:
        moment = _moment(account_id, made.currency, "purchase", term.id, now)
        entries.append(movements.spend(moment, made.due_minor, books.balance(made.currency)))
    if made.carried_minor:
        moment = _moment(account_id, made.currency, "credit", term.id, now)
        entries.append(movements.credit(moment, made.carried_minor))
    return tuple(entries)


def _moment(
    account_id: str, currency: str, kind: str, reference: str, now: int
) -> movements.Moment:
    return movements.Moment(new_id("entry", now), now, account_id, currency, kind, reference)
