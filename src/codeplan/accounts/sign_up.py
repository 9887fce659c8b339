"""Signing up: open to all, by invitation, or closed. Where letters can be sent, an account is made
once the link in one was followed, so that nobody takes another's address."""

from dataclasses import dataclass
from typing import Literal

from msgspec import structs

from codeplan.accounts.addresses import address_of, same_address
from codeplan.accounts.directory import Accounts
from codeplan.accounts.hashing import hashed
from codeplan.accounts.verified import Addresses
from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.store.base import AlreadyThere, Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account

Mode = Literal["open", "invitation", "closed"]
_CONFIRM_MS = DAY
_INVITED_MS = 30 * DAY


@dataclass(frozen=True, slots=True)
class SignUpSettings:
    """``confirms``: whether letters can be sent. ``public_url``: where people reach the service."""

    mode: Mode = "invitation"
    confirms: bool = False
    public_url: str = ""


class SignUpClosed(ValueError):
    """Nobody can sign up here, or only with an invitation that is good."""


class LinkInvalid(ValueError):
    """No such link, or one that was used or has expired."""


class SignUpInvitation(Document, frozen=True, kw_only=True):
    """Its id is its token's digest. ``state``: open, used or withdrawn. ``email``: for whom; "" for
    anybody."""

    email: str
    expires_at: int


class SignUp(Document, frozen=True, kw_only=True):
    """Somebody who has still to follow the link. Its id is its token's digest. ``state``: open or
    used."""

    email: str
    password_hash: str
    zone: str
    invitation: str
    expires_at: int


class SignUps:
    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        addresses: Addresses,
        clock: Clock,
        settings: SignUpSettings,
    ) -> None:
        self._store, self._accounts, self._clock = store, accounts, clock
        self._addresses = addresses
        self.settings = settings

    async def invite(self, email: str) -> str:
        """An invitation's token, which is also sent where there is an address. Raises
        EmailInvalid."""
        email = address_of(email) if email else ""
        token, now = secrets.new_token("cu-"), self._clock.now()
        made = SignUpInvitation(
            id=secrets.digest(token).hex(),
            account_id="",
            made_at=now,
            state="open",
            email=email,
            expires_at=now + _INVITED_MS,
        )
        link = f"{self.settings.public_url}/console/sign-up?invitation={token}"
        letter = [_letter("", "invited", email, now, _INVITED, link=link)] if email else []
        await put(self._store, "", made, *letter)
        return token

    async def begin(self, email: str, password: str, zone: str, invitation: str) -> Account | None:
        """The new account; None where a letter's link has to be followed first.

        Raises SignUpClosed, PasswordTooShort, EmailInvalid, AlreadyThere."""
        email = address_of(email)
        await self._must_be_admitted(email, invitation)
        digest = await hashed(password)
        if not self.settings.confirms:
            return await self._make(email, digest, zone, invitation)
        now = self._clock.now()
        if await self._accounts.by_email(email) is not None:
            # Whoever asks learns nothing of whom the address is.
            link = f"{self.settings.public_url}/console/forgotten"
            await put(self._store, "", _letter("", "known", email, now, _KNOWN, link=link))
            return None
        token = secrets.new_token("cv-")
        made = SignUp(
            id=secrets.digest(token).hex(),
            account_id="",
            made_at=now,
            state="open",
            email=email,
            password_hash=digest,
            zone=zone,
            invitation=invitation,
            expires_at=now + _CONFIRM_MS,
        )
        link = f"{self.settings.public_url}/console/confirm?token={token}"
        await put(self._store, "", made, _letter("", "confirm", email, now, _CONFIRM, link=link))
        return None

    async def confirm(self, token: str) -> Account:
        """The link was followed. Raises LinkInvalid, SignUpClosed, AlreadyThere."""

        def use(current: SignUp, now: int) -> SignUp:
            if current.state != "open" or now >= current.expires_at:
                raise LinkInvalid("that link was used or has expired")
            return structs.replace(current, state="used")

        used = await amend(self._store, "", SignUp, secrets.digest(token).hex(), use)
        if used is None:
            raise LinkInvalid("there is no such link")
        account = await self._make(used.email, used.password_hash, used.zone, used.invitation)
        await self._addresses.verify(account, keeps_password=True)
        return account

    async def _must_be_admitted(self, email: str, invitation: str) -> None:
        if self.settings.mode == "open":
            return
        if self.settings.mode == "closed" or not invitation:
            raise SignUpClosed("signing up needs an invitation from the operator")
        found = await self._store.document(SignUpInvitation, secrets.digest(invitation).hex())
        if found is None or not _is_good(found, email, self._clock.now()):
            raise SignUpClosed("that invitation was used, has expired, or is for somebody else")

    async def _make(self, email: str, digest: str, zone: str, invitation: str) -> Account:
        if self.settings.mode != "open":

            def use(current: SignUpInvitation, now: int) -> SignUpInvitation:
                if not _is_good(current, email, now):
                    raise SignUpClosed("that invitation was used, or has expired")
                return structs.replace(current, state="used")

            if await self._accounts.by_email(email) is not None:
                raise AlreadyThere(email)
            name = secrets.digest(invitation).hex()
            if await amend(self._store, "", SignUpInvitation, name, use) is None:
                raise SignUpClosed("there is no such invitation")
        return await self._accounts.open(email, digest, zone)


def _is_good(found: SignUpInvitation, email: str, now: int) -> bool:
    for_whom = not found.email or same_address(found.email, email)
    return found.state == "open" and now < found.expires_at and for_whom


def _letter(
    account_id: str, topic: str, email: str, now: int, said: Said, **values: str
) -> Document:
    return notice(account_id, topic, said.with_values(**values), now, to=email)


_INVITED = Said(
    N_("You are invited to codeplan"),
    N_("Follow this link to choose a password; it is good for 30 days:\n%(link)s\n"),
)
_CONFIRM = Said(
    N_("Confirm your address"),
    N_(
        "Follow this link within a day and your account is made:\n%(link)s\n\n"
        "If you did not ask for it, do nothing.\n"
    ),
)
_KNOWN = Said(
    N_("You have an account already"),
    N_(
        "Somebody, perhaps you, wanted to sign up with this address. It has an account; if the"
        " password is lost, choose a new one:\n%(link)s\n"
    ),
)
