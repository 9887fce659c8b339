"""What every payment provider offers. A new one is a file here and a line in payments/opened.py.

A provider moves money outside; it decides nothing. Amounts are minor units of the currency.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec


class ProviderFailed(Exception):
    """The provider could not be asked, or could not say. Trying again may help."""


class Declined(Exception):
    """The provider refused to take the money: the text says why, for the person."""


class Forged(ValueError):
    """A notification that its provider did not send, or that was changed on its way."""


class NotOffered(ValueError):
    """The provider cannot do that: it has no saved methods, or not that currency."""


class Ask(msgspec.Struct, frozen=True):
    """Money that is wanted. ``order_id`` is also the provider's idempotency key.
    ``expires_at``: epoch milliseconds. ``method`` and ``customer``: saved ones, for a charge that
    nobody is present at."""

    order_id: str
    title: str
    amount_minor: int
    currency: str
    expires_at: int
    notify_url: str
    return_url: str
    method: str = ""
    customer: str = ""


class Checkout(msgspec.Struct, frozen=True):
    """How the person pays. ``kind``: "page" to be opened, "qr" to be scanned, "client" for the
    provider's own widget in a page, "transfer" to be made. ``value``: the address, the code's
    text, the widget's secret, or what to write on the transfer. ``reference``: the provider's
    name of it."""

    kind: Literal["page", "qr", "client", "transfer"]
    value: str
    reference: str = ""


class Payment(msgspec.Struct, frozen=True):
    """What the provider says of an order's money. ``state``: paid, pending, failed, refunded where
    some of it or all went back, or unknown where it never heard of it. ``payment_id``: its id of
    the payment. ``customer``, ``method``, ``label``: what can be charged again, where the person
    allowed it."""

    order_id: str
    state: Literal["paid", "pending", "failed", "refunded", "unknown"]
    payment_id: str = ""
    amount_minor: int = 0
    currency: str = ""
    why: str = ""
    customer: str = ""
    method: str = ""
    label: str = ""


class Refunded(msgspec.Struct, frozen=True):
    """A refund that the provider tells of, whoever asked for it. ``payment_id``: of what;
    ``order_id``: where it says. ``refund_id``: its name of it, "" where it tells only
    ``total_minor``, the sum of all refunds of that payment (0 where it does not). ``own_id``: ours,
    where we asked. ``state``: failed where the money did not arrive, and is back with us."""

    payment_id: str
    order_id: str = ""
    refund_id: str = ""
    own_id: str = ""
    amount_minor: int = 0
    total_minor: int = 0
    currency: str = ""
    state: Literal["made", "failed"] = "made"


class Disputed(msgspec.Struct, frozen=True):
    """A dispute, as it stands. ``state``: an inquiry withdraws nothing; an open one has withdrawn
    the amount; won and lost are its ends; one that is closed came to nothing."""

    dispute_id: str
    payment_id: str
    amount_minor: int
    currency: str
    state: Literal["inquiry", "open", "won", "lost", "closed"]
    why: str = ""
    order_id: str = ""


Notification = Payment | Refunded | Disputed


class Provider(Protocol):
    """``name``: as it stands in addresses, orders and the ledger. ``currencies``: that it takes;
    none for all. ``charges_off_session``: whether it can take money that nobody is present for.
    ``needs_widget``: whether it is paid in a form of the provider's that a page has to load."""

    name: str
    currencies: frozenset[str]
    charges_off_session: bool
    needs_widget: bool

    async def begin(self, ask: Ask) -> Checkout:
        """Once for each order, however often it is called. Raises ProviderFailed, Declined."""
        ...

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        """What has become of it. Raises ProviderFailed."""
        ...

    async def charge(self, ask: Ask) -> Payment:
        """Take the money by the saved method, once for each order. Raises ProviderFailed,
        Declined, NotOffered."""
        ...

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        """Give back that much, once for each ``refund_id``. Raises ProviderFailed, Declined."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes) -> Notification | None:
        """What a notification says, once it is known to come from the provider; None where it is
        about nothing that matters. Raises Forged."""
        ...

    async def payment(self, payment_id: str) -> Payment | None:
        """The payment of that name; None where it is none of ours. Raises ProviderFailed."""
        ...

    def thanks(self) -> tuple[int, str, bytes]:
        """How the provider wants to be told that its notification was taken: status, media type
        and body."""
        ...

    async def returned(self, since: int, until: int) -> Sequence[Refunded | Disputed] | None:
        """Every refund that was made and every dispute that was opened in that time, as it stands
        now, other programs' too; None where the provider cannot say. Raises ProviderFailed."""
        ...

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        """Every payment that came in that time, by its id: amount and currency; None where the
        provider cannot say. Raises ProviderFailed."""
        ...

    async def close(self) -> None: ...
