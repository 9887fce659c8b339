"""What people are told by e-mail about their plan: subject and text. Plain, with amounts and
days."""

from zoneinfo import ZoneInfo

from codeplan.kit.instants import at
from codeplan.kit.money import written
from codeplan.plan.quote import Quote
from codeplan.store.money import Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions.market import Market

Letter = tuple[str, str]


def _day(instant: int, zone: str) -> str:
    return f"{at(instant, ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _name(market: Market, plan_id: str) -> str:
    plan = market.catalogue.plans.get(plan_id)
    return plan.name if plan else plan_id


def bought(market: Market, subscription: Subscription, term: Term, quote: Quote) -> Letter:
    name = _name(market, subscription.plan_id)
    lines = "\n".join(
        f"  {line.name}: {written(line.amount_minor, quote.currency)}" for line in quote.lines
    )
    return (
        f"{name}: paid until {_day(subscription.ends_at, subscription.zone)}",
        f"{lines}\n  Paid: {written(quote.due_minor, quote.currency)}\n\n"
        f"It runs from {_day(term.started_at, subscription.zone)} to"
        f" {_day(subscription.ends_at, subscription.zone)} and is then renewed for"
        f" {written(quote.renews_minor, quote.currency)}, unless you cancel it before.\n",
    )


def will_renew(market: Market, held: Subscription, amount_minor: int) -> Letter:
    name = _name(market, held.next_plan_id or held.plan_id)
    when = _day(held.ends_at, held.zone)
    return (
        f"{name} renews on {when}",
        f"{name} is renewed on {when} for {written(amount_minor, held.currency)}: from your"
        " bonus, then your balance, then your card on file. Cancel before then if you do not want"
        " it.\n",
    )


def will_end(market: Market, held: Subscription) -> Letter:
    name, when = _name(market, held.plan_id), _day(held.ends_at, held.zone)
    return f"{name} ends on {when}", f"{name} is cancelled and ends on {when}.\n"


def not_renewed(
    market: Market, held: Subscription, amount_minor: int, why: str, again_at: int, last: bool
) -> Letter:
    name = _name(market, held.next_plan_id or held.plan_id)
    again = (
        f"It goes on until {_day(again_at, held.zone)} and ends then if it is not paid."
        if last
        else f"It is tried again at {_day(again_at, held.zone)}; until then {name} goes on."
    )
    return (
        f"{name} could not be renewed",
        f"{written(amount_minor, held.currency)} could not be taken: {why}. {again} Nothing else is"
        " lost: your balance, packs, keys and history stay.\n",
    )


def ended(market: Market, held: Subscription) -> Letter:
    name = _name(market, held.plan_id)
    return (
        f"{name} has ended",
        f"{name} ended on {_day(held.ends_at, held.zone)}. Your balance, packs, keys and history"
        " stay; buy a plan again whenever you like.\n",
    )
