"""What people are told by e-mail about their plan. Plain, with amounts and days, which are written
the same in every language."""

from zoneinfo import ZoneInfo

from codeplan.kit.instants import at
from codeplan.kit.money import written
from codeplan.letters.said import N_, Part, Said
from codeplan.plan.quote import Quote
from codeplan.store.money import Term
from codeplan.store.rows import Subscription
from codeplan.subscriptions.market import Market


def _day(instant: int, zone: str) -> str:
    return f"{at(instant, ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _name(market: Market, plan_id: str) -> str:
    plan = market.catalogue.plans.get(plan_id)
    return plan.name if plan else plan_id


def _said(subject: str, *parts: Part, **values: str) -> Said:
    """The values are the subject's and those of every part that has none of its own."""
    filled = tuple(part if part.values else Part(part.text, values) for part in parts)
    return Said(subject, filled, values)


def bought(market: Market, subscription: Subscription, term: Term, quote: Quote) -> Said:
    lines = [
        Part(
            N_("  %(line)s\n"), {"line": f"{one.name}: {written(one.amount_minor, quote.currency)}"}
        )
        for one in quote.lines
    ]
    return _said(
        N_("%(plan)s: paid until %(until)s"),
        *lines,
        Part(N_("  Paid: %(paid)s\n\n")),
        Part(
            N_(
                "It runs from %(begins)s to %(until)s and is then renewed for %(renews)s, unless"
                " you cancel it before.\n"
            )
        ),
        plan=_name(market, subscription.plan_id),
        until=_day(subscription.ends_at, subscription.zone),
        begins=_day(term.started_at, subscription.zone),
        paid=written(quote.due_minor, quote.currency),
        renews=written(quote.renews_minor, quote.currency),
    )


def will_renew(market: Market, held: Subscription, amount_minor: int) -> Said:
    return _said(
        N_("%(plan)s renews on %(when)s"),
        Part(
            N_(
                "%(plan)s is renewed on %(when)s for %(amount)s: from your bonus, then your"
                " balance, then your card on file. Cancel before then if you do not want it.\n"
            )
        ),
        plan=_name(market, held.next_plan_id or held.plan_id),
        when=_day(held.ends_at, held.zone),
        amount=written(amount_minor, held.currency),
    )


def will_end(market: Market, held: Subscription) -> Said:
    return _said(
        N_("%(plan)s ends on %(when)s"),
        Part(N_("%(plan)s is cancelled and ends on %(when)s.\n")),
        plan=_name(market, held.plan_id),
        when=_day(held.ends_at, held.zone),
    )


def not_renewed(
    market: Market, held: Subscription, amount_minor: int, why: str, again_at: int, last: bool
) -> Said:
    again = (
        N_("It goes on until %(again)s and ends then if it is not paid.\n")
        if last
        else N_("It is tried again at %(again)s; until then %(plan)s goes on.\n")
    )
    return _said(
        N_("%(plan)s could not be renewed"),
        Part(N_("%(amount)s could not be taken: %(why)s.\n")),
        Part(again),
        Part(N_("Nothing else is lost: your balance, packs, keys and history stay.\n")),
        plan=_name(market, held.next_plan_id or held.plan_id),
        amount=written(amount_minor, held.currency),
        why=why,
        again=_day(again_at, held.zone),
    )


def ended(market: Market, held: Subscription) -> Said:
    return _said(
        N_("%(plan)s has ended"),
        Part(
            N_(
                "%(plan)s ended on %(when)s. Your balance, packs, keys and history stay; buy a plan"
                " again whenever you like.\n"
            )
        ),
        plan=_name(market, held.plan_id),
        when=_day(held.ends_at, held.zone),
    )
