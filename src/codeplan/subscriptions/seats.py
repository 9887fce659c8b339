"""With how many seats an organisation renews, chosen in advance, and what becomes of those who have
no seat then. Nobody is ever charged for more seats than were chosen.

Members keep their seats in the order in which they joined, the owner first; whoever is beyond the
new number loses his when the new period begins, and his key ends. Until then the organisation can
choose otherwise by removing others. Decisions on an account's books."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from codeplan.kit.instants import HOUR
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.plan.lifecycle import NotPossible
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, Mine, One, Read
from codeplan.store.money import Books, Decision
from codeplan.store.rows import Subscription
from codeplan.subscriptions.market import Market, running_of
from codeplan.subscriptions.purchases import SeatsInvalid
from codeplan.subscriptions.teams import Invitation, Member, left_by

_MOST = 10_000
# How long after the period's end it is looked whether the renewal was paid by now.
_LOOK_AGAIN = 6 * HOUR


class SeatChoice(Document, frozen=True, kw_only=True):
    """Its id is the organisation's account. ``state``: chosen, applied or void; due when the
    period ends."""

    subscription_id: str
    seats: int


def reads_of(account_id: str) -> tuple[Read, ...]:
    """What these decisions read."""
    return (One(SeatChoice, account_id), Mine(Member, "active"), Mine(Invitation, "open"))


def seats_at_renewal(held: Subscription, books: Books) -> int:
    """With how many seats it is renewed; 0 where it is one person's."""
    return _chosen(held, books.found.one(SeatChoice, held.account_id))


async def ahead(store: MoneyStore, held: Subscription) -> tuple[int, list[Member]]:
    """With how many seats it is renewed as things stand, and who has none then."""
    seats = _chosen(held, await store.document(SeatChoice, held.account_id))
    if seats == held.seats:
        return seats, []
    members = await store.documents(Member, held.account_id, "active", limit=_MOST)
    return seats, beyond(members, seats)


def _chosen(held: Subscription, choice: SeatChoice | None) -> int:
    if choice is None or choice.state != "chosen" or choice.subscription_id != held.id:
        return held.seats
    return choice.seats


def choose(seats: int, market: Market, books: Books, now: int) -> tuple[Document, ...]:
    """From the running period's end on. Raises SeatsInvalid, NotPossible."""
    running = running_of(books, market, now)
    if running is None or running.state == "cancelled":
        raise NotPossible("there is no plan that is to be renewed")
    if not running.seats:
        raise SeatsInvalid("the plan that runs is one person's")
    least = market.settings.seats_at_least
    if not least <= seats <= _MOST:
        raise SeatsInvalid(f"an organisation has {least} to {_MOST} seats")
    choice = SeatChoice(
        id=running.account_id,
        account_id=running.account_id,
        made_at=now,
        state="void" if seats == running.seats else "chosen",
        due_at=None if seats == running.seats else running.ends_at,
        subscription_id=running.id,
        seats=seats,
    )
    return (choice,)


def beyond(members: Sequence[Member], seats: int) -> list[Member]:
    """Those who have no seat where there are only so many, in the order in which they joined."""
    in_order = sorted(members, key=lambda one: (one.role != "owner", one.made_at, one.id))
    return in_order[seats:]


def warn(held: Subscription, books: Books, now: int) -> tuple[Document, ...]:
    """A letter ahead of the renewal, where somebody would lose his seat."""
    seats = seats_at_renewal(held, books)
    losing = beyond(books.found.mine(Member), seats) if seats else []
    if not losing:
        return ()
    said = _LOSING.with_values(seats=str(seats), people=", ".join(one.email for one in losing))
    return (notice(held.account_id, "seats_ahead", said, now),)


def fit(books: Books, now: int) -> Decision:
    """The choice is due: once the renewal was paid, whoever is beyond the new number leaves. The
    move must read what `reads_of` says."""
    held = books.subscription
    choice = books.found.one(SeatChoice, held.account_id) if held is not None else None
    if held is None or choice is None or choice.state != "chosen" or (choice.due_at or 0) > now:
        return Decision()  # another node was here
    if held.id != choice.subscription_id or held.state == "expired":
        return Decision(documents=(msgspec.structs.replace(choice, state="void", due_at=None),))
    if held.seats != choice.seats:
        later = held.ends_at if now < held.ends_at else now + _LOOK_AGAIN
        return Decision(documents=(msgspec.structs.replace(choice, due_at=later),))
    losing = beyond(books.found.mine(Member), choice.seats)
    documents: list[Document] = []
    for member in losing:
        documents += left_by(member)
    keys = tuple(replace(one.key, revoked_at=now) for one in losing if one.key is not None)
    free = choice.seats - (len(books.found.mine(Member)) - len(losing))
    offered = sorted(books.found.mine(Invitation), key=lambda one: (one.made_at, one.id))
    documents += [
        msgspec.structs.replace(one, state="withdrawn") for one in offered[max(0, free) :]
    ]
    applied = msgspec.structs.replace(choice, state="applied", due_at=None)
    return Decision(documents=(applied, *documents), keys=keys)


_LOSING = Said(
    N_("Fewer seats from the next period on"),
    N_(
        "Your organisation renews with %(seats)s seats. Without one will be, by the order of"
        " joining: %(people)s.\nRemove others on the console's page Team, if they are to stay.\n"
    ),
)
