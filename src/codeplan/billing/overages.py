"""The switch by which a key goes on with the balance where its plan is used up, off by default, and
its limit a day, which is a window like a plan's: a calendar's day of its account's zone, in the
currency's minor units."""

from zoneinfo import ZoneInfo

from codeplan.kit.instants import at
from codeplan.kit.money import MINOR, written
from codeplan.plan.reached import Reached
from codeplan.plan.rules import WindowRule
from codeplan.plan.windows import WindowView
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move


class Overage(Document, frozen=True, kw_only=True):
    """A key's switch "go on with my balance". Its id is the key's. ``state``: on or off."""

    currency: str
    minor_a_day: int


class Spent(Document, frozen=True, kw_only=True):
    """What a key spent beyond its plan on one day of its account's zone, running calls with what
    they hold. Its id is the key's and the day."""

    millionths: int


class CapReached(ValueError):
    """The call does not go on with the balance. ``reached``: the key's limit for a day, where a new
    day would let it; None where something else must change."""

    def __init__(self, message: str, reached: Reached | None = None) -> None:
        super().__init__(message)
        self.reached = reached


def spent_id(key_id: str, zone: str, now: int) -> str:
    """Which `Spent` counts a call of that instant."""
    return f"{key_id}/{at(now, ZoneInfo(zone)):%Y-%m-%d}"


def day_view(switch: Overage, spent: Spent | None, zone: str, now: int) -> WindowView:
    """The limit for a day, as it stands."""
    rule = WindowRule("money", 1, "day", switch.minor_a_day, "calendar", "key", zone)
    opened_at, closes_at = rule.bounds(now, 0)
    return WindowView(rule, spent.millionths if spent else 0, 0, closes_at, opened_at)


def count_in(
    switch: Overage | None, before: Spent | None, amount: int, currency: str, zone: str, now: int
) -> int:
    """What the day has spent with that amount more, in millionths. Raises CapReached."""
    if switch is None or switch.state != "on":
        raise CapReached("the key does not go on with the balance")
    spent = (before.millionths if before else 0) + amount
    if not amount or (currency == switch.currency and spent <= switch.minor_a_day * MINOR):
        return spent
    if currency != switch.currency or amount > switch.minor_a_day * MINOR:
        raise CapReached("no day of the key covers the call")
    view = day_view(switch, before, zone, now)
    reopens_at = view.rule.bounds(now, 0)[1]
    said = f"{written(switch.minor_a_day, switch.currency)} a day"
    reached = Reached(view, reopens_at, now, said)
    raise CapReached("the key has spent what it may in a day", reached)


async def today(
    store: MoneyStore, payer_id: str, key_id: str, zone: str
) -> tuple[WindowView, str] | None:
    """The key's limit for this day as it stands, and its currency; None where it does not go on
    with the balance. ``zone``: the service's, where the payer has none."""
    switch = await store.document(Overage, key_id)
    if switch is None or switch.state != "on":
        return None
    books = await store.books(payer_id)
    own = books.zone or zone
    spent = await store.document(Spent, spent_id(key_id, own, books.now))
    return day_view(switch, spent, own, books.now), switch.currency


async def set_overage(
    store: MoneyStore, payer_id: str, key_id: str, minor_a_day: int, currency: str
) -> None:
    """At most so many minor units a day; 0 turns it off."""

    def decide(_: Books, now: int) -> Decision:
        switch = Overage(
            id=key_id,
            account_id=payer_id,
            made_at=now,
            state="on" if minor_a_day else "off",
            currency=currency,
            minor_a_day=minor_a_day,
        )
        return Decision(documents=(switch,))

    await store.move(Move(payer_id, "", decide, (One(Overage, key_id),)))
