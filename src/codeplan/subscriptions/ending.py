"""Terms that end since they are not paid any more. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from codeplan.billing.orders import Order, SeatsItem
from codeplan.plan import lifecycle
from codeplan.plan.periods import ends_at
from codeplan.store.money import Books, Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions.market import Market


@dataclass(frozen=True, slots=True)
class Ended:
    """The subscription as it is then, None where it does not change; and each term that does."""

    subscription: Subscription | None = None
    terms: dict[str, Term] = field(default_factory=dict)


def ended(
    order: Order, names: Collection[str], terms: Collection[Term], market: Market, books: Books,
    now: int,
) -> Ended:  # fmt: skip
    """Those of ``terms`` (that run, or are to follow) end now or never were. What follows them
    begins so much earlier, each for its whole period. ``order``: whose seats go with them."""
    held = books.subscription
    if held is None or not any(term.id in names for term in terms):
        return Ended()
    changed: dict[str, Term] = {}
    anchor, until, moves = held.started_at, now, False
    for term in sorted(terms, key=lambda one: (one.started_at, one.id)):
        if term.kind == "seats":
            continue
        if term.id in names:
            moves = True
            if term.started_at <= now:
                anchor, until = now, now
            changed[term.id] = replace(term, ends_at=max(now, term.started_at))
        elif moves:
            ends = ends_at(anchor, until, term.period, held.zone)
            changed[term.id] = replace(term, started_at=until, ends_at=ends)
            until = ends
        else:
            until = term.ends_at
    until = until if moves else held.ends_at
    for term in terms:
        if term.kind == "seats" and (term.id in names or term.ends_at > until):
            ends = now if term.id in names else max(until, term.started_at)
            changed[term.id] = replace(term, ends_at=ends)
    fewer = order.item.number if isinstance(order.item, SeatsItem) and order.term_id in names else 0
    return Ended(_subscribed(held, anchor, until, fewer, market, now), changed)


def ended_now(held: Subscription, now: int) -> Subscription:
    """The whole subscription is over."""
    state = lifecycle.after(held.state, "refunded")
    return replace(held, state=state, ends_at=now, due_at=None, attempts=0)


def _subscribed(
    held: Subscription, anchor: int, until: int, fewer: int, market: Market, now: int
) -> Subscription | None:
    if held.state == "expired":
        return None
    if until <= now:
        return ended_now(held, now)
    due_at = market.settings.dunning.first_look(now, until)
    seats = max(1, held.seats - fewer) if held.seats else 0
    return replace(held, started_at=anchor, ends_at=until, due_at=due_at, seats=seats)
