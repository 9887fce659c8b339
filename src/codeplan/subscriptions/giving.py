"""A plan for nothing: by an operator, or by a redeem code."""

from codeplan.billing.orders import PlanItem
from codeplan.plan.catalogue import Plan
from codeplan.plan.periods import Period
from codeplan.plan.quote import Line, Quote
from codeplan.store.money import Books, Decision
from codeplan.subscriptions import purchases
from codeplan.subscriptions.market import Market, OnlyAtPeriodsEnd, Wish, rests_on, running_of


def given_plan(
    account_id: str,
    plan_id: str,
    period: Period,
    held: Plan | None,
    market: Market,
    books: Books,
    now: int,
) -> Decision:
    """A plan for nothing: it extends or upgrades what runs, and renews as that does; where nothing
    ran it ends with its period. Raises OnlyAtPeriodsEnd."""
    running = running_of(books, market, now)
    currency = running.currency if running else ""
    seats = running.seats if running else 0
    if running and currency and running.ends_at > now:
        wish = Wish(account_id, plan_id, period, currency, held=held, seats=seats)
        item = purchases.preview(wish, market, books, now)  # whether it may follow
    elif running and running.ends_at > now and not _dearer(plan_id, running.plan_id, market):
        raise OnlyAtPeriodsEnd(f"{plan_id} costs less than what runs; use it when that ended")
    plan = market.catalogue.plans[plan_id]
    listed = (plan.price(currency, period) or 0) * max(1, seats)
    credit = item.quote.credit_minor if running and currency and running.ends_at > now else 0
    lines = (Line("list", plan.name, listed), Line("discount", "given", -listed))
    made = Quote(
        plan_id, period, currency, "another" if books.subscription else "first", lines, 0, listed,
        carried_minor=credit, seats=seats,
    )  # fmt: skip
    given = PlanItem(
        plan_id=plan_id,
        period=period,
        quote=made,
        seats=seats,
        pooled=running.pooled if running else False,
        rests_on=rests_on(books, market, now),
    )
    return purchases.bought(account_id, given, market, books, now)


def _dearer(plan_id: str, than: str, market: Market) -> bool:
    ids = list(market.catalogue.plans)
    return than not in ids or ids.index(plan_id) >= ids.index(than)
