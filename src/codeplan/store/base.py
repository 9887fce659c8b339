"""What every engine offers: one small Protocol a concern. An engine that passes tests/store/
is a store."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from codeplan.ledger.postings import Balance, Entry
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.store.changes import Listener
from codeplan.store.documents import D, Document, Read
from codeplan.store.money import Books, Move, Term
from codeplan.store.operations import (
    Busy,
    CallRow,
    Finish,
    Finished,
    Reservation,
    Reserve,
)
from codeplan.store.rows import (
    Account,
    ClientKey,
    KeyHolder,
    PlanCount,
    Subscription,
    UsageRow,
    Use,
)


class StoreFailed(Exception):
    """The store could not do it (a full disk, a lost server). Nothing was changed."""


class RowsHeld(StoreFailed):
    """Somebody else holds the rows, such as a node that is frozen. Nothing was changed; the same
    can succeed in a moment, and others are served meanwhile."""


class CallGivenUp(StoreFailed):
    """The call was released because its node was taken for dead; it can be charged no more."""


class UnknownSchema(StoreFailed):
    """The database was migrated by a newer codeplan."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the database was made by a newer codeplan (it has {name}): update codeplan"
        )


class AlreadyThere(Exception):
    """An account of that e-mail exists."""


class MeterStore(Protocol):
    """Reservations and settlements. Each is durable when its call returns."""

    async def reserve(self, wanted: Reserve) -> Reservation | Busy: ...

    async def finish(self, done: Finish) -> Finished:
        """Settle or release, once: again, it changes nothing. Raises CallGivenUp, a StoreFailed,
        for a call that was released meanwhile because its node was taken for dead."""
        ...

    async def beat(self, live: Callable[[], Collection[str]]) -> int:
        """Say that this node lives, and release what calls still hold whose node is gone, or
        which this node no longer knows; the number of those calls. ``live``: its calls' ids."""
        ...

    async def prune(self, before: int) -> None:
        """Remove prompts, calls and windows that ended before that instant. What is kept by the
        hour stays."""
        ...

    async def open_windows(self, subscription_id: str) -> list[Window]:
        """The windows that have not ended."""
        ...


class ChangeStore(Protocol):
    """What commits change, whichever process makes them. Only remembered.py listens."""

    def on_change(self, kinds: Collection[str], listener: Listener) -> None:
        """Have the listener called after each commit that changes a record of these kinds: before
        the commit's own call returns, and where another process made it as soon as this one
        hears."""
        ...

    @property
    def hears(self) -> bool:
        """Whether what other processes commit reaches this one just now."""
        ...


class AccountStore(Protocol):
    """Accounts and their keys."""

    async def add_account(self, account: Account, key: ClientKey | None) -> None:
        """Raises AlreadyThere."""
        ...

    async def account_by_email(self, email: str) -> Account | None: ...

    async def account_by_id(self, account_id: str) -> Account | None: ...

    async def accounts(self, role: str) -> list[Account]: ...

    async def set_password(self, account_id: str, password_hash: str) -> None: ...

    async def keys_of(self, account_id: str) -> list[ClientKey]:
        """Those that were not revoked, the newest first."""
        ...

    async def key_holder(self, digest: bytes) -> KeyHolder | None:
        """Whose key that is; revoked keys are nobody's."""
        ...


class SubscriptionStore(Protocol):
    """Subscriptions, and the catalogues that they were bought under."""

    async def current_subscription(self, account_id: str) -> Subscription | None: ...

    async def subscription(self, subscription_id: str) -> Subscription | None: ...

    async def keep_catalogue(self, version: str, document: bytes, now: int) -> None: ...

    async def catalogue(self, version: str) -> bytes | None: ...


class UsageStore(Protocol):
    """What was used, for receipts and charts. Charts are read from what is kept by the hour."""

    async def usage(self, account_id: str, since: int, until: int, step: int) -> list[UsageRow]:
        """Settled calls from ``since`` up to ``until``, in steps of so many milliseconds, by the
        hour in which they began."""
        ...

    async def prompts(self, account_id: str, limit: int, before: str = "") -> list[Prompt]:
        """The newest prompts first; those older than the prompt ``before``, where it is given."""
        ...

    async def prompt(self, account_id: str, prompt_id: str) -> Prompt | None: ...

    async def call(self, account_id: str, call_id: str) -> CallRow | None: ...

    async def calls(self, prompt: Prompt) -> list[CallRow]:
        """The prompt's calls, in order."""
        ...


class MoneyStore(Protocol):
    """The ledger, the terms of subscriptions, and the documents beside them."""

    async def move(self, wanted: Move) -> bytes:
        """Decide on the account's locked books, and write what is decided, in one commit; the
        decision's answer. Again with the same key it changes nothing and answers the same. A
        ValueError of the decision is raised, and nothing is written."""
        ...

    async def answered(self, account_id: str, key: str) -> bytes | None:
        """What a move with that key answered; None where there was none."""
        ...

    async def books(
        self, account_id: str, reads: Sequence[Read] = (), counters: Sequence[str] = ()
    ) -> Books: ...

    async def balances(self, account_id: str) -> Mapping[str, Balance]:
        """By currency."""
        ...

    async def entries(
        self,
        account_id: str,
        limit: int,
        before: str = "",
        since: int = 0,
        until: int | None = None,
    ) -> list[Entry]:
        """The newest first, from ``since`` up to ``until``; those older than the entry
        ``before``, where it is given."""
        ...

    async def term_at(self, subscription_id: str, at: int) -> Term | None:
        """The newest term that had begun at that instant."""
        ...

    async def document(self, kind: type[D], identity: str) -> D | None: ...

    async def documents(
        self,
        kind: type[D],
        account_id: str = "",
        state: str = "",
        limit: int = 200,
        before: str = "",
    ) -> list[D]:
        """The newest first; "" for any account, any state, the newest of all."""
        ...


class ClockStore(Protocol):
    """What has to be looked at by the clock. An account with a test clock lives ahead."""

    async def due_subscriptions(self, limit: int = 100, account_id: str = "") -> list[Subscription]:
        """Of that account; "" for all."""
        ...

    async def due_documents(
        self, kind: type[D], limit: int = 100, account_id: str = ""
    ) -> list[D]: ...

    async def next_due(self, account_id: str, kinds: Sequence[type[Document]]) -> int | None:
        """When the clock next has something to do with that account's subscription, or its
        documents of those kinds."""
        ...

    async def forget_documents(self, kind: type[Document], state: str, before: int) -> None:
        """Remove those of that kind, in that state, that were made before that instant."""
        ...

    async def set_clock_ahead(self, account_id: str, milliseconds: int) -> None: ...

    async def set_zone(self, account_id: str, zone: str) -> None: ...

    async def instant(self) -> int:
        """The store's, by which everything is due."""
        ...


class LedgerStore(Protocol):
    """The whole ledger, for those who check it."""

    async def house_sums(self) -> list[tuple[str, str, int]]:
        """Of each account that is nobody's balance: its name, its currency, its sum."""
        ...

    async def came_in(self) -> Mapping[tuple[str, str], int]:
        """What came by each provider, whatever went back: its ledger account and currency, in
        millionths."""
        ...

    async def contradictions(self) -> list[tuple[str, str, int, int]]:
        """Balances that are not the sum of their postings, and entries that are not zero: the
        name, the currency, what is kept and what the postings sum to."""
        ...


class ServiceStore(Protocol):
    """The whole service, for those who run it, and what a person did, for whoever asks closely."""

    async def use(self, account_id: str, since: int, until: int, step: int) -> list[Use]:
        """By step, model and tool; "" for all accounts."""
        ...

    async def calls_since(self, account_id: str, after: str, limit: int) -> list[CallRow]:
        """Those behind the call ``after``, the oldest first."""
        ...

    async def newest_calls(self, account_id: str, since: int, limit: int) -> list[CallRow]:
        """The newest first, none that began before ``since``."""
        ...

    async def find_accounts(
        self, text: str, role: str = "subscriber", limit: int = 50, before: str = ""
    ) -> list[Account]:
        """Whose address has that text in it, the newest first."""
        ...

    async def set_role(self, account_id: str, role: str) -> None: ...

    async def plans_running(self, now: int) -> list[PlanCount]: ...

    async def house_between(self, since: int, until: int) -> list[tuple[str, str, int]]:
        """Of each account that is nobody's balance: its name, its currency, and what was posted in
        that time, in millionths."""
        ...

    async def add_tallies(self, hour: int, tallies: Mapping[str, int]) -> None:
        """Add to what was counted in the hour that begins at that instant."""
        ...

    async def tallies(self, since: int, until: int) -> dict[str, int]:
        """The sums of the hours from ``since`` up to ``until``, by name."""
        ...

    async def forget_tallies(self, before: int) -> None: ...

    async def forget_person(
        self, account_id: str, kinds: Iterable[str], email: str, now: int
    ) -> None:
        """Remove what an account did and its documents of those kinds, end its keys, and put
        ``email`` in the place of its address. Its books stay."""
        ...

    async def remove_account(self, account_id: str) -> None:
        """Remove an account with everything, its books too. For accounts that were never a
        person's."""
        ...


class Store(
    MeterStore,
    ChangeStore,
    AccountStore,
    SubscriptionStore,
    UsageStore,
    MoneyStore,
    ClockStore,
    LedgerStore,
    ServiceStore,
    Protocol,
):
    """All of it."""

    async def close(self) -> None: ...
