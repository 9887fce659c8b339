"""A sale as one decision: the money taken, the subscription and its term, the invoice, and what
else follows of it. Pure functions of the books and the instant."""

import msgspec

from codeplan.billing.orders import PlanItem
from codeplan.billing.taking import moment_of, take
from codeplan.kit.ids import new_id
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance
from codeplan.letters.notices import notice
from codeplan.plan import lifecycle
from codeplan.plan.periods import ends_at
from codeplan.plan.quote import Quote
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions import letters
from codeplan.subscriptions.market import Customer, Market, running_of
from codeplan.subscriptions.worth import credited


class Referred(Document, frozen=True, kw_only=True):
    """A bonus that the inviter, whose it is, gets when its day has come, unless the sale was taken
    back. Its id is the term's. ``state``: waiting, given or void."""

    friend: str
    amount_minor: int
    currency: str


def sell(
    account_id: str,
    item: PlanItem,
    market: Market,
    books: Books,
    have: Balance,
    now: int,
    ordered_at: int | None = None,
) -> Decision:
    """Sell that plan at that quote, which is the answer. ``have``: the balance that pays it, in
    which a payment that came for it is already. ``ordered_at``: since when an upgrade counts that
    was ordered earlier.

    Raises BalanceTooSmall, NotPossible."""
    quote = item.quote
    running = running_of(books, market, now)
    subscription, how, begins = _subscribed(
        account_id, item, running, market, books, now, ordered_at
    )
    term = _term(subscription, how, quote, begins, now)
    seller = market.settings.seller
    taken = take(
        account_id, quote.currency, quote.lines, term.id, movements.PLANS, seller, books, have, now
    )
    entries, documents = list(taken.entries), list(taken.documents)
    if quote.carried_minor:
        moment = moment_of(account_id, quote.currency, "credit", term.id, now)
        entries.append(movements.credit(moment, quote.carried_minor))
    counters = dict(taken.counters)
    for promotion in market.catalogue.promotions:
        if promotion.limit and promotion.id in quote.promotions:
            counters[promotion.counter] = books.counters[promotion.counter] + 1
    documents += _referred(item, term, taken.from_bonus_minor, market, now)
    if quote.currency:
        documents.append(Customer(id=account_id, account_id=account_id, made_at=now))
    letter = letters.bought(market, subscription, term, quote)
    documents.append(notice(account_id, "purchase", letter, now))
    ended: tuple[Term, ...] = ()
    if how == "upgrade":
        ended = credited(books, quote.credit_minor, quote.currency, begins, term.id)
    return Decision(
        answer=msgspec.json.encode(quote),
        entries=tuple(entries),
        subscription=subscription,
        terms=(*ended, term),
        documents=tuple(documents),
        counters=counters,
    )


def grace_owed(books: Books, market: Market, now: int) -> int:
    """Days of grace that a plan was served over and that were never paid, in milliseconds: they are
    the first of the next period that is bought."""
    held = books.subscription
    if held is None or held.state != "expired" or not held.attempts:
        return 0
    return min(market.settings.dunning.grace, max(0, now - held.ends_at))


def begins_at(
    item: PlanItem,
    running: Subscription | None,
    market: Market,
    books: Books,
    now: int,
    ordered_at: int | None = None,
) -> tuple[int, str]:
    """When the period begins, and what the purchase is: first, another, extension, upgrade or
    renewal. A renewal on time follows the last period without a gap."""
    if running is None:
        return now - grace_owed(books, market, now), "another" if books.subscription else "first"
    if item.renews:
        return running.ends_at, "renewal"
    if (running.plan_id, running.period) == (item.plan_id, item.period):
        return running.ends_at, "extension"
    if running.ends_at <= now:
        return running.ends_at, "another"  # the days of grace are its first
    return now if ordered_at is None else ordered_at, "upgrade"


def _subscribed(
    account_id: str,
    item: PlanItem,
    running: Subscription | None,
    market: Market,
    books: Books,
    now: int,
    ordered_at: int | None,
) -> tuple[Subscription, str, int]:
    begins, how = begins_at(item, running, market, books, now, ordered_at)
    zone = running.zone if running else books.zone or market.settings.zone
    follows = running is not None and how in ("extension", "renewal")
    anchor = running.started_at if running and follows else begins
    if how == "renewal" and (running and (running.plan_id, running.period)) != (
        item.plan_id, item.period,
    ):  # fmt: skip
        anchor = begins  # another period's ends are counted from where it begins
    state: lifecycle.State = running.state if running else "pending"
    ends = ends_at(anchor, begins, item.period, zone)
    return (
        Subscription(
            id=running.id if running else new_id("sub", now),
            account_id=account_id,
            plan_id=item.plan_id,
            catalogue_version=market.catalogue.version,
            period=item.period,
            state=lifecycle.after(state, "renewed" if how == "renewal" else "paid"),
            started_at=anchor,
            ends_at=ends,
            currency=item.quote.currency,
            restricted=running.restricted if running else "",
            next_plan_id=running.next_plan_id if running and how == "extension" else "",
            next_period=running.next_period if running and how == "extension" else "",
            zone=zone,
            seats=item.seats,
            pooled=item.pooled,
            due_at=market.settings.dunning.first_look(begins, ends),
        ),
        how,
        begins,
    )


def _term(subscription: Subscription, kind: str, made: Quote, begins: int, now: int) -> Term:
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
        paid_minor=made.price_minor,
        started_at=begins,
        ends_at=subscription.ends_at,
    )


def _referred(
    item: PlanItem, term: Term, from_bonus_minor: int, market: Market, now: int
) -> list[Document]:
    rules = market.settings.referral
    cash = item.quote.due_minor - from_bonus_minor
    amount = cash * rules.credit_millionths // 1_000_000
    if not item.referral or item.quote.kind != "first" or amount <= 0:
        return []
    due_at = now + rules.after
    return [
        Referred(
            id=term.id,
            account_id=item.referral,
            made_at=now,
            state="waiting",
            due_at=due_at,
            friend=term.account_id,
            amount_minor=amount,
            currency=item.quote.currency,
        )
    ]
