"""What the clock does with a subscription: remind, renew, try again, end. Pure functions of the
books and the instant; each sets when the clock has to look again.

A renewal draws bonus, then cash, then the card on file. Where none of them does, it is tried again
by the schedule while the plan goes on over its grace; then the plan ends, and nothing else is lost.
"""

from dataclasses import replace

import msgspec

from codeplan.billing.orders import Order, PlanItem, SavedMethod
from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY, HOUR
from codeplan.letters.notices import notice
from codeplan.payments.amounts import NotCarried, counting_of
from codeplan.plan import lifecycle
from codeplan.plan.periods import Period
from codeplan.plan.promotions import Asked
from codeplan.plan.quote import NotForSale, quote
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision
from codeplan.store.rows import Subscription
from codeplan.subscriptions import letters
from codeplan.subscriptions.market import Market, rests_on
from codeplan.subscriptions.purchases import bought
from codeplan.subscriptions.seats import seats_at_renewal, warn

_NO_MONEY = "your balance is too small, and there is no card on file"
# How long a card's renewal may take before it counts as failed.
_CHARGED_WITHIN = DAY


def look(subscription_id: str, market: Market, books: Books, now: int) -> Decision:
    """What is due for that subscription now. The move must read the account's `SavedMethod`, its
    pending orders, and what `seats.reads_of` says."""
    held = books.subscription
    if held is None or held.id != subscription_id or held.due_at is None or held.due_at > now:
        return Decision()  # another node was here
    if held.state == "expired":
        return Decision(subscription=replace(held, due_at=None))
    if now < held.ends_at:
        return _remind(held, market, books, now)
    if held.state == "cancelled" or not held.currency:
        return _end(held, "ended", market, now)
    return _renew(held, market, books, now)


def renewal_item(held: Subscription, market: Market, books: Books, now: int) -> PlanItem:
    """What it is renewed as, at the list price as it stands. Raises NotForSale."""
    plan_id = held.next_plan_id or held.plan_id
    period: Period = held.next_period or held.period  # type: ignore[assignment]  # one of the three
    plan = market.catalogue.plans.get(plan_id)
    if plan is None:
        raise NotForSale(f"the plan {plan_id} is not sold any more")
    asked = Asked(plan_id, period, "renewal", now)
    seats = seats_at_renewal(held, books)
    made = quote(plan, held.currency, asked, (), 0, seats)
    return PlanItem(
        plan_id=plan_id,
        period=period,
        quote=made,
        seats=seats,
        pooled=held.pooled,
        renews=held.id,
        rests_on=rests_on(books, market, now),
    )


def failed(held: Subscription, amount_minor: int, why: str, market: Market, now: int) -> Decision:
    """An attempt to renew it came to nothing."""
    dunning = market.settings.dunning
    if now >= held.ends_at + dunning.grace:
        return _end(held, "grace_ended" if held.state == "past_due" else "ended", market, now)
    attempts = held.attempts + 1
    again_at = dunning.next_try(held.ends_at, now)
    state = lifecycle.after(held.state, "payment_failed")
    last = again_at >= held.ends_at + dunning.grace
    letter = letters.not_renewed(market, held, amount_minor, why, again_at, last)
    changed = replace(held, state=state, attempts=attempts, due_at=again_at)
    told = notice(held.account_id, "renewal_failed", letter, now)
    return Decision(subscription=changed, documents=(told,))


def _remind(held: Subscription, market: Market, books: Books, now: int) -> Decision:
    changed = replace(held, due_at=held.ends_at)
    if not held.currency:
        return Decision(subscription=changed)
    also: tuple[Document, ...] = ()
    if held.state == "cancelled":
        letter = letters.will_end(market, held)
    else:
        try:
            item = renewal_item(held, market, books, now)
        except NotForSale:
            letter = letters.will_end(market, held)
        else:
            letter = letters.will_renew(market, held, item.quote.due_minor)
            also = warn(held, books, now)
    told = notice(held.account_id, "renewal_ahead", letter, now)
    return Decision(subscription=changed, documents=(told, *also))


def _renew(held: Subscription, market: Market, books: Books, now: int) -> Decision:
    try:
        item = renewal_item(held, market, books, now)
    except NotForSale:
        return _end(held, "grace_ended" if held.state == "past_due" else "ended", market, now)
    have, due = books.balance(held.currency), item.quote.due_minor
    if have.total_minor >= due:
        return bought(held.account_id, item, market, books, now)
    if now >= held.ends_at + market.settings.dunning.grace and held.attempts:
        return _end(held, "grace_ended", market, now)
    card = books.found.one(SavedMethod, held.account_id)
    if card is None or card.state != "open":
        return failed(held, due - have.total_minor, _NO_MONEY, market, now)
    try:
        # What the provider's step brings beyond the price stays on the balance.
        charged = counting_of(card.provider).enough(due - have.total_minor, held.currency)
    except NotCarried as refused:
        return failed(held, due - have.total_minor, str(refused), market, now)
    waiting = replace(held, due_at=now + HOUR)
    if any(_is_renewal(order, held) for order in books.found.mine(Order)):
        return Decision(subscription=waiting)
    order = Order(
        id=new_id("order", now),
        account_id=held.account_id,
        made_at=now,
        state="pending",
        due_at=now,
        item=item,
        currency=held.currency,
        amount_minor=charged,
        lines=item.quote.lines,
        provider=card.provider,
        expires_at=now + _CHARGED_WITHIN,
    )
    return Decision(subscription=waiting, documents=(order,), answer=msgspec.json.encode(order.id))


def _is_renewal(order: Order, held: Subscription) -> bool:
    return isinstance(order.item, PlanItem) and order.item.renews == held.id


def _end(held: Subscription, event: lifecycle.Event, market: Market, now: int) -> Decision:
    state = lifecycle.after(held.state, event)
    changed = replace(held, state=state, due_at=None)
    told = notice(held.account_id, "ended", letters.ended(market, held), now)
    return Decision(subscription=changed, documents=(told,))
