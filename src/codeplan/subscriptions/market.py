"""What every decision about plans rests on: the catalogue, the operator's settings, and
what somebody wishes."""

from collections.abc import Collection
from dataclasses import dataclass

from codeplan.billing.settings import MoneySettings
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.periods import Period
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
    rests = f"{running.id}/{running.plan_id}/{running.period}/{running.ends_at}/{running.seats}"
    # Of what was given back, or may be taken back, nothing is credited any more.
    lost = sum(term.refunded_minor + term.disputed_minor for term in books.terms)
    return f"{rests}/{lost}" if lost else rests
