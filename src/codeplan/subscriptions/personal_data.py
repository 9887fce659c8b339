"""A person's data: all of it as one document, and its removal. Books have to be kept by law, so the
ledger and the invoices stay, under an account that has no name any more."""

from typing import Any

import msgspec

from codeplan.accounts.devices import Device
from codeplan.accounts.keys import KeyName
from codeplan.accounts.outside_sign_in import KnownIdentity
from codeplan.accounts.passkeys import Challenge, Passkey
from codeplan.accounts.passwords import KnownBrowser, PasswordReset
from codeplan.accounts.preferences import Preferences
from codeplan.accounts.second_factor import SecondFactor
from codeplan.accounts.sessions import Session
from codeplan.accounts.verified import VerifiedAddress
from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Order, SavedMethod
from codeplan.billing.packs import Pack
from codeplan.billing.repeats import Repeat
from codeplan.kit.instants import iso_utc
from codeplan.letters.notices import Notice
from codeplan.metering.refused_calls import RefusedCall
from codeplan.store.base import Store
from codeplan.store.documents import Document, name_of
from codeplan.store.rows import Account
from codeplan.subscriptions.benefits import Grant
from codeplan.subscriptions.cases import Case
from codeplan.subscriptions.teams import Teams
from codeplan.subscriptions.uploads import Shelf, Upload

_EXPORTED: tuple[type[Document], ...] = (
    Preferences, KeyName, Device, Session, Passkey, Order, Invoice, Pack, Case, Notice, Grant,
    RefusedCall,
)  # fmt: skip
_REMOVED: tuple[type[Document], ...] = (
    Preferences, KeyName, Device, Session, Passkey, Challenge, PasswordReset, KnownBrowser,
    SecondFactor, VerifiedAddress, KnownIdentity, SavedMethod, Notice, Case, Shelf, Upload, Grant,
    RefusedCall, Repeat,
)  # fmt: skip
_MOST_PROMPTS = 5_000
_MOST_ENTRIES = 5_000
# What opens something must not leave in a file.
_SECRET = ("public_key",)


class StillNeeded(ValueError):
    """A plan runs, or an organisation is owned: that has to end first."""


class PersonalData:
    def __init__(self, store: Store, teams: Teams) -> None:
        self._store, self._teams = store, teams

    async def export(self, account: Account) -> dict[str, Any]:
        """Everything that is known of a person, the newest first."""
        store, name = self._store, account.id
        documents = {
            name_of(kind): [_plain(one) for one in await store.documents(kind, name, limit=1000)]
            for kind in _EXPORTED
        }
        held = await store.current_subscription(name)
        return {
            "account": {
                "id": name,
                "email": account.email,
                "made_at": iso_utc(account.created_at),
                "zone": account.zone,
            },
            "subscription": msgspec.to_builtins(held),
            "balances": msgspec.to_builtins(dict(await store.balances(name))),
            "entries": msgspec.to_builtins(await store.entries(name, _MOST_ENTRIES)),
            "organisations": [team.name for team, _ in await self._teams.teams_of(name)],
            "prompts": msgspec.to_builtins(await store.prompts(name, _MOST_PROMPTS)),
            **documents,
        }

    async def forget(self, account: Account, now: int) -> None:
        """Remove what is known of a person. Raises StillNeeded."""
        held = await self._store.current_subscription(account.id)
        runs = held is not None and held.state in ("active", "past_due") and held.ends_at > now
        if runs and held is not None and held.currency:
            raise StillNeeded("the plan is renewed at its end: cancel it first")
        for team, member in await self._teams.teams_of(account.id):
            if member.role == "owner":
                raise StillNeeded(f"the account owns the organisation {team.name}")
            await self._teams.leave(team.id, account.id, account.id)
        kinds = [name_of(kind) for kind in _REMOVED]
        nobody = f"{account.id}@removed.invalid"
        await self._store.forget_person(account.id, kinds, nobody, now)


def _plain(document: Document) -> Any:
    built = msgspec.to_builtins(document)
    return {name: value for name, value in built.items() if name not in _SECRET}
