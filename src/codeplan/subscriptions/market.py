"""What every decision about plans rests on: the catalogue, the operator's settings, what somebody
wishes, and what is unused of what runs."""

from collections.abc import Collection
from dataclasses import dataclass

from codeplan.billing.settings import MoneySettings
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.periods import Period
from codeplan.plan.proration import Running, unused_minor
from codeplan.store.documents import Document
from codeplan.store.money import Books
from codeplan.store.rows import Subscription


class OnlyAtPeriodsEnd(ValueError):
    """A cheaper plan, or a shorter period, while another runs."""


class Customer(Document, frozen=True, kw_only=True):
    """An account that has bought a plan: its next purchase is not its first. Its id is the
    account's."""


def bought_before(account_id: str, books: Books) -> bool:
    """Whether the account ever bought a plan; one that was given is none. The move must read its
    `Customer`."""
    if books.found.one(Customer, account_id) is not None:
        return True
    return books.subscription is not None and books.subscription.currency != ""


@dataclass(frozen=True, slots=True)
class Market:
    catalogue: Catalogue
    settings: MoneySettings


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to buy. ``held``: the plan that runs, as it was bought. ``seats``: an
    organisation's. ``referral``: the account that referred him; "" for none."""

    account_id: str
    plan_id: str
    period: Period
    currency: str
    codes: Collection[str] = ()
    held: Plan | None = None
    seats: int = 0
    pooled: bool = False
    referral: str = ""


def running_of(books: Books, market: Market, now: int) -> Subscription | None:
    """The subscription that serves calls now, or would if nobody had restricted it."""
    held = books.subscription
    if held is None:
        return None
    renews = held.currency != ""
    until = market.settings.dunning.serves_until(held.state, renews, held.ends_at)
    return held if held.state != "expired" and now < until else None


def rests_on(books: Books, market: Market, now: int) -> str:
    """What a price rests on: it is another one when this has changed."""
    running = running_of(books, market, now)
    if running is None:
        return ""
    return f"{running.id}/{running.plan_id}/{running.period}/{running.ends_at}/{running.seats}"


def unused(books: Books, held: Plan | None, currency: str, now: int) -> int:
    """Of the terms that were paid in that currency, what is unused: by each one's time, and no more
    than all of them together are worth by what was used. Minor units."""
    terms = [term for term in books.terms if term.currency == currency]
    if not terms or held is None or books.subscription is None:
        return 0
    if held.id != books.subscription.plan_id:
        return 0  # it was changed meanwhile: the price is another one than was previewed
    by_time = sum(
        unused_minor(Running(term.paid_minor, term.started_at, term.ends_at), held, now)
        for term in terms
    )
    begun = min(term.started_at for term in terms)
    ends_at = max(term.ends_at for term in terms)
    paid = sum(term.paid_minor for term in terms)
    whole = Running(paid, begun, ends_at, books.used, books.subscription.seats)
    return min(by_time, unused_minor(whole, held, begun))
