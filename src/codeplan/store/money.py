"""What moving money asks of a store: one account's books, locked, handed to a decision, and what it
decides written in the same commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from codeplan.ledger.postings import Balance, Entry
from codeplan.plan.periods import Period
from codeplan.store.rows import Subscription


@dataclass(frozen=True, slots=True)
class Term:
    """One period of a subscription, as it was bought. ``kind``: granted, first, another, upgrade,
    extension or renewal. ``ends_at`` is moved when an upgrade ends it early."""

    id: str
    subscription_id: str
    account_id: str
    plan_id: str
    catalogue_version: str
    period: Period
    kind: str
    currency: str
    list_minor: int
    paid_minor: int
    started_at: int
    ends_at: int


class Books(msgspec.Struct, frozen=True):
    """An account's balances by currency, its subscription, the terms of it that have not ended, and
    what was used in each rule's windows since the first of those began, in millionths."""

    balances: Mapping[str, Balance]
    subscription: Subscription | None
    terms: tuple[Term, ...]
    used: Mapping[str, int]

    def balance(self, currency: str) -> Balance:
        return self.balances.get(currency, Balance())


class Decision(msgspec.Struct, frozen=True):
    """What is to be written: entries, the subscription as it is now, terms that are new or ended
    early. ``answer``: what the caller is told, also when he asks the same again."""

    answer: bytes
    entries: tuple[Entry, ...] = ()
    subscription: Subscription | None = None
    terms: tuple[Term, ...] = ()


# Pure: from the books and the store's instant. What it raises is raised, and nothing is written.
Decide = Callable[[Books, int], Decision]


class Move(msgspec.Struct, frozen=True):
    """``key``: the caller's own name of this move; a second one with it changes nothing."""

    account_id: str
    key: str
    decide: Decide
