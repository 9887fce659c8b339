"""What moving money asks of a store: one account's books, locked, handed to a decision, and what it
decides written in the same commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from codeplan.ledger.postings import Balance, Entry
from codeplan.plan.periods import Period
from codeplan.store.documents import Document, Found, Read
from codeplan.store.loaded import Rows
from codeplan.store.rows import ClientKey, Subscription


@dataclass(frozen=True, slots=True)
class Term:
    """One period of a subscription, as it was bought. ``kind``: granted, first, another, upgrade,
    extension, seats or renewal. ``ends_at`` is moved when an upgrade or a refund ends it early, and
    both are when one before it is taken back. ``refunded_minor``: what of its price is not kept any
    more, whoever gave or took it back; ``disputed_minor``: what is in dispute at a provider.
    ``credited_minor``: what of it was credited when an upgrade ended it; ``followed_by``: the term
    that the credit went into."""

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
    refunded_minor: int = 0
    disputed_minor: int = 0
    credited_minor: int = 0
    followed_by: str = ""

    @property
    def kept_minor(self) -> int:
        """What was paid for it and is still the house's: whatever a term is worth is of this."""
        return self.paid_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class Books:
    """An account's balances by currency, its subscription, the terms of it that have not ended, and
    what was used in each rule's windows since the first of those began, in millionths. ``zone``:
    the account's, or "". ``found``: the documents that the move reads. ``counters``: those that it
    takes, as they stand. ``now``: the account's instant. ``history``: all terms that there ever
    were, where the move asks for them."""

    balances: Mapping[str, Balance] = field(default_factory=dict)
    subscription: Subscription | None = None
    terms: tuple[Term, ...] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    zone: str = ""
    found: Found = field(default_factory=Found)
    counters: Mapping[str, int] = field(default_factory=dict)
    now: int = 0
    history: tuple[Term, ...] = ()

    def balance(self, currency: str) -> Balance:
        return self.balances.get(currency, Balance())


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written: entries, the subscription as it is now, terms that are new or ended
    early, documents as they are now, counters, keys that are new or revoked, and calls with their
    use. ``answer``: what the caller is told, also when he asks the same again."""

    answer: bytes = b"{}"
    entries: tuple[Entry, ...] = ()
    subscription: Subscription | None = None
    terms: tuple[Term, ...] = ()
    documents: tuple[Document, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    keys: tuple[ClientKey, ...] = ()
    usage: Rows | None = None


# Pure: from the books and the account's instant. What it raises is raised, and nothing is written.
Decide = Callable[[Books, int], Decision]


class Move(msgspec.Struct, frozen=True):
    """``key``: the caller's own name of this move; a second one with it changes nothing; "" for a
    move that its own decision makes harmless to repeat. ``reads``: documents that it needs, locked
    too; a decision on somebody else's checks whose it is. ``counters``: those that it takes.
    ``terms``: whether it needs what was bought and used; ``history``: and all that ever was."""

    account_id: str
    key: str
    decide: Decide
    reads: tuple[Read, ...] = ()
    counters: tuple[str, ...] = ()
    terms: bool = True
    history: bool = False


class Mover(Protocol):
    async def move(self, wanted: Move) -> bytes: ...


async def changes(store: Mover, wanted: Move) -> bool:
    """Move, and say whether anything was changed. For moves without a key."""
    changed = False

    def decide(books: Books, now: int) -> Decision:
        nonlocal changed
        made = wanted.decide(books, now)
        changed = bool(made.entries or made.subscription or made.documents)
        return made

    await store.move(msgspec.structs.replace(wanted, decide=decide))
    return changed
