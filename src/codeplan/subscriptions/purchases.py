"""What somebody can buy now and what it costs, as decisions on an account's books. Each is a pure
function of the books and the instant, so what is previewed is what is paid.

A purchase while a plan runs extends it (the same plan and period) or upgrades it (a dearer plan, or
a longer period of the same) at once; nothing is ever held twice. What is cheaper begins when the
running period has ended.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import BALANCE, Item, Order, PlanItem, SeatsItem
from codeplan.billing.packs import Pack
from codeplan.billing.taking import take
from codeplan.kit.ids import new_id
from codeplan.kit.money import share
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance
from codeplan.plan import lifecycle
from codeplan.plan.catalogue import Plan
from codeplan.plan.codes import plain
from codeplan.plan.periods import PERIOD_MONTHS
from codeplan.plan.promotions import Asked, Obstacle, PurchaseKind
from codeplan.plan.quote import Line, NotForSale, Quote, quote
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions.code_problems import (
    CodeInvalid,
    CodeNotForThis,
    CodeNotYet,
    CodeOver,
    CodeUnknown,
    CodeUsedUp,
)
from codeplan.subscriptions.market import (
    Market,
    OnlyAtPeriodsEnd,
    Wish,
    bought_before,
    rests_on,
    running_of,
)
from codeplan.subscriptions.sales import sell
from codeplan.subscriptions.worth import unused


class PriceChanged(ValueError):
    """It costs something else by now than what was previewed."""

    def __init__(self, now: Quote) -> None:
        super().__init__("the price is another one by now")
        self.now = now


class SeatsInvalid(ValueError):
    """Fewer seats than an organisation needs, or seats where none are."""


def preview(wish: Wish, market: Market, books: Books, now: int) -> PlanItem:
    """What it costs now. Raises NotForSale, OnlyAtPeriodsEnd, SeatsInvalid, InDispute, and as
    CodeInvalid why a code is not taken."""
    plan = market.catalogue.plans[wish.plan_id]
    running = running_of(books, market, now)
    kind, credit = _kind(wish, plan, running, market, books, now)
    if wish.seats and wish.seats < market.settings.seats_at_least:
        raise SeatsInvalid(f"an organisation has at least {market.settings.seats_at_least} seats")
    if running and running.seats != wish.seats:
        raise SeatsInvalid(
            f"the plan that runs has {running.seats or 'no'} seats: add seats to it, or change how"
            " many it has from the next period on"
        )
    asked = Asked(
        wish.plan_id, wish.period, kind, now, wish.codes, bool(wish.referral), books.counters
    )
    _codes_must_apply(wish, asked, market)
    made = quote(plan, wish.currency, asked, market.catalogue.promotions, credit, wish.seats)
    return PlanItem(
        plan_id=wish.plan_id,
        period=wish.period,
        quote=made,
        codes=tuple(wish.codes),
        seats=wish.seats,
        pooled=wish.pooled,
        renews=running.id if running and kind == "renewal" else "",
        referral=wish.referral if kind == "first" else "",
        rests_on=rests_on(books, market, now),
    )


def _codes_must_apply(wish: Wish, asked: Asked, market: Market) -> None:
    """A code that changes nothing would be a disappointment later. Raises CodeInvalid."""
    promotions = market.catalogue.promotions
    for code in wish.codes:
        coupons = [one for one in promotions if one.code and plain(one.code) == plain(code)]
        if not coupons:
            raise CodeUnknown(f"there is no code {code[:40]!r}")
        obstacles = [one.obstacle(asked) for one in coupons]
        if all(obstacles):
            kind, said = _OBSTACLES[obstacles[0] or Obstacle.NOT_FOR_THIS]
            raise kind(f"{code[:40]}: {said.format(coupons[0].is_for)}")
    if wish.referral and asked.kind != "first":
        raise CodeNotForThis("a referral code is for an account's first plan")


_OBSTACLES: Mapping[Obstacle, tuple[type[CodeInvalid], str]] = {
    Obstacle.NOT_YET: (CodeNotYet, "that code cannot be used yet"),
    Obstacle.OVER: (CodeOver, "that code has expired"),
    Obstacle.USED_UP: (CodeUsedUp, "as many have used that code as may"),
    Obstacle.NOT_FOR_THIS: (CodeNotForThis, "that code is for {}"),
}


def purchase(wish: Wish, market: Market, books: Books, now: int, due_minor: int | None) -> Decision:
    """Pay it from the balance. ``due_minor``: what was previewed.

    Raises what `preview` raises, PriceChanged, BalanceTooSmall.
    """
    item = preview(wish, market, books, now)
    if due_minor is not None and due_minor != item.quote.due_minor:
        raise PriceChanged(item.quote)
    return bought(wish.account_id, item, market, books, now)


def bought(account_id: str, item: PlanItem, market: Market, books: Books, now: int) -> Decision:
    """Paid from the balance. Raises BalanceTooSmall."""
    currency = item.quote.currency
    made = sell(account_id, item, market, books, books.balance(currency), now)
    return from_balance(made, account_id, item, currency, item.quote.lines, now)


def from_balance(
    made: Decision,
    account_id: str,
    item: Item,
    currency: str,
    lines: tuple[Line, ...],
    now: int,
) -> Decision:
    """The sale with an order of its own, so that everything that was bought is one."""
    order = Order(
        id=new_id("order", now),
        account_id=account_id,
        made_at=now,
        state="paid",
        item=item,
        currency=currency,
        amount_minor=sum(line.amount_minor for line in lines),
        lines=lines,
        provider=BALANCE,
        expires_at=now,
        paid_at=now,
        **what_came(made),
    )
    return replace(made, documents=(*made.documents, order))


def what_came(made: Decision) -> dict[str, Any]:
    """What an order keeps of its sale."""
    invoice = next((one for one in made.documents if isinstance(one, Invoice)), None)
    return {
        "invoice_id": invoice.id if invoice else "",
        "term_id": made.terms[-1].id if made.terms else "",
        "term_began_at": made.terms[-1].started_at if made.terms else 0,
        "term_ends_at": made.terms[-1].ends_at if made.terms else 0,
        "pack_id": next((one.id for one in made.documents if isinstance(one, Pack)), ""),
        "sold_minor": invoice.total_minor if invoice else 0,
        "from_bonus_minor": invoice.from_bonus_minor if invoice else 0,
    }


def stands(order: Order, item: PlanItem, market: Market, books: Books, now: int) -> bool:
    """Whether an order made earlier can still be had at its price: nothing was bought or ended
    meanwhile. An upgrade begins when it was ordered, so that the credit is for what is unused then;
    it stands while its order does, and the period that it ends."""
    if item.rests_on != rests_on(books, market, now):
        return False
    if item.quote.kind != "upgrade":
        return True
    running = running_of(books, market, now)
    return running is not None and now < running.ends_at and now <= order.expires_at


def cancellation(books: Books, market: Market, cancelled: bool, now: int) -> Decision:
    """Not to be renewed, or again to be. Raises NotPossible."""
    running = running_of(books, market, now)
    if running is None:
        raise lifecycle.NotPossible("there is no plan that runs")
    event: lifecycle.Event = "cancel" if cancelled else "resume"
    state = lifecycle.after(running.state, event)
    due_at = None if state == "expired" else running.due_at
    changed = replace(running, state=state, due_at=due_at)
    return Decision(subscription=changed)


def change(wish: Wish, market: Market, books: Books, now: int) -> Decision:
    """Another plan or period from the running one's end on. Raises NotForSale, NotPossible."""
    running = running_of(books, market, now)
    if running is None or running.state == "cancelled":
        raise lifecycle.NotPossible("there is no plan that is to be renewed")
    if not running.currency:
        raise lifecycle.NotPossible("the plan was given; there is nothing to renew")
    if market.catalogue.plans[wish.plan_id].price(running.currency, wish.period) is None:
        raise NotForSale(f"{wish.plan_id} has no price for a {wish.period} in {running.currency}")
    same = (wish.plan_id, wish.period) == (running.plan_id, running.period)
    following = ("", "") if same else (wish.plan_id, wish.period)
    changed = replace(running, next_plan_id=following[0], next_period=following[1])
    return Decision(subscription=changed)


def seats_price(
    number: int, currency: str, held: Plan, market: Market, books: Books, now: int
) -> tuple[Line, ...]:
    """What so many more seats cost until the end of what is paid. Raises SeatsInvalid."""
    running = running_of(books, market, now)
    if running is None or not running.seats or running.ends_at <= now:
        raise SeatsInvalid("there is no organisation's plan that runs")
    if number < 1:
        raise SeatsInvalid("expected at least one seat")
    if currency != running.currency:
        raise SeatsInvalid(f"the plan is paid in {running.currency}")
    due = 0
    for term in books.terms:
        if term.kind == "seats":
            continue
        each = held.price(running.currency, term.period)
        if each is None:
            raise NotForSale(f"{held.name} has no price for a {term.period}")
        begins = max(now, term.started_at)
        due += share(each * number, term.ends_at - begins, term.ends_at - term.started_at)
    return (Line("list", f"{held.name}, {number} more seats", due),)


def add_seats(
    account_id: str,
    item: SeatsItem,
    lines: tuple[Line, ...],
    market: Market,
    books: Books,
    have: Balance,
    now: int,
) -> Decision:
    """Sell them at that price. Raises BalanceTooSmall, SeatsInvalid."""
    running = running_of(books, market, now)
    if running is None or item.rests_on != rests_on(books, market, now):
        raise SeatsInvalid("the plan was changed meanwhile")
    due = sum(line.amount_minor for line in lines)
    term = Term(
        id=new_id("term", now),
        subscription_id=running.id,
        account_id=account_id,
        plan_id=running.plan_id,
        catalogue_version=running.catalogue_version,
        period=running.period,
        kind="seats",
        currency=running.currency,
        list_minor=due,
        paid_minor=due,
        started_at=now,
        ends_at=running.ends_at,
    )
    seller = market.settings.seller
    taken = take(
        account_id, running.currency, lines, term.id, movements.PLANS, seller, books, have, now
    )
    return Decision(
        answer=msgspec.json.encode(lines),
        entries=taken.entries,
        subscription=replace(running, seats=running.seats + item.number),
        terms=(term,),
        documents=taken.documents,
        counters=taken.counters,
    )


def _kind(
    wish: Wish, plan: Plan, running: Subscription | None, market: Market, books: Books, now: int
) -> tuple[PurchaseKind, int]:
    """What the purchase is, and the running period's credit. Raises OnlyAtPeriodsEnd, InDispute."""
    plain: PurchaseKind = "another" if bought_before(wish.account_id, books) else "first"
    if running is None:
        return plain, 0
    if (running.plan_id, running.period) == (wish.plan_id, wish.period):
        return ("renewal" if running.ends_at <= now else plain), 0
    if running.ends_at <= now:
        return "another", 0  # over its grace only: any plan may follow
    if not _is_upgrade(plan, wish, running, market):
        raise OnlyAtPeriodsEnd(
            f"{plan.name} for a {wish.period} costs less than what runs; it can follow when that"
            " has ended"
        )
    return "upgrade", unused(books, wish.held, wish.currency, now)


def _is_upgrade(plan: Plan, wish: Wish, running: Subscription, market: Market) -> bool:
    """A plan that costs more a month; or the same one for longer."""
    if wish.plan_id == running.plan_id:
        return PERIOD_MONTHS[wish.period] > PERIOD_MONTHS[running.period]
    held = wish.held or market.catalogue.plans.get(running.plan_id)
    before = held.price(wish.currency, "month") if held else None
    after = plan.price(wish.currency, "month")
    return after is not None and (before is None or after > before)
