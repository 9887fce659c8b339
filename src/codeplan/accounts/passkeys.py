"""Passkeys (WebAuthn, level 3): a key that never leaves the person's device signs a challenge of
ours. Kept are its id, its public half and its counter."""

from typing import Any

import msgspec
import webauthn
from msgspec import structs
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from codeplan.kit import secrets
from codeplan.kit.clock import Clock
from codeplan.kit.instants import MINUTE
from codeplan.store.base import Store
from codeplan.store.changing import amend, put
from codeplan.store.documents import Document
from codeplan.store.rows import Account

_CHALLENGE_MS = 5 * MINUTE
_NAME = "codeplan"


class Passkey(Document, frozen=True, kw_only=True):
    """Its id is the credential's. ``state``: on or removed."""

    name: str
    public_key: bytes
    counter: int
    used_at: int = 0


class Challenge(Document, frozen=True, kw_only=True):
    """What a device has to sign, once. Its id is the challenge. ``state``: open or used;
    ``account_id``: who adds a passkey; "" for whoever signs in."""


class PasskeyInvalid(ValueError):
    """The device's answer does not fit what was asked of it."""


class Passkeys:
    """``origin``: the address in the browser, such as https://plans.example.org."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def list_on(self, account_id: str) -> list[Passkey]:
        return await self._store.documents(Passkey, account_id, "on")

    async def ask_to_add(self, account: Account, host: str) -> str:
        """What the browser is asked for a new passkey, as JSON."""
        known = await self.list_on(account.id)
        options = webauthn.generate_registration_options(
            rp_id=host,
            rp_name=_NAME,
            user_id=account.id.encode(),
            user_name=account.email,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in known
            ],
        )
        await self._remember(options.challenge, account.id)
        return webauthn.options_to_json(options)

    async def add(self, account: Account, answer: str, host: str, origin: str, name: str) -> None:
        """Raises PasskeyInvalid."""
        challenge = await self._taken(answer, account.id)
        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=host,
                expected_origin=origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as problem:
            raise PasskeyInvalid(f"the device's answer does not fit: {problem}") from None
        passkey = Passkey(
            id=bytes_to_base64url(made.credential_id),
            account_id=account.id,
            made_at=self._clock.now(),
            state="on",
            name=name[:100] or "Passkey",
            public_key=made.credential_public_key,
            counter=made.sign_count,
        )
        await put(self._store, account.id, passkey)

    async def ask_to_sign_in(self, host: str) -> str:
        """What the browser is asked of whoever signs in, as JSON."""
        options = webauthn.generate_authentication_options(
            rp_id=host, user_verification=UserVerificationRequirement.REQUIRED
        )
        await self._remember(options.challenge, "")
        return webauthn.options_to_json(options)

    async def sign_in(self, answer: str, host: str, origin: str) -> Account:
        """Whose passkey signed. Raises PasskeyInvalid."""
        challenge = await self._taken(answer, "")
        passkey = await self._store.document(Passkey, _field(answer, "id"))
        if passkey is None or passkey.state != "on":
            raise PasskeyInvalid("that passkey is not known here")
        try:
            signed = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=host,
                expected_origin=origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.counter,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as problem:
            raise PasskeyInvalid(f"the device's answer does not fit: {problem}") from None

        def used(current: Passkey, now: int) -> Passkey:
            return structs.replace(current, counter=signed.new_sign_count, used_at=now)

        await amend(self._store, passkey.account_id, Passkey, passkey.id, used)
        account = await self._store.account_by_id(passkey.account_id)
        if account is None:
            raise PasskeyInvalid("that passkey's account is gone")
        return account

    async def remove(self, account_id: str, passkey_id: str) -> None:
        def remove(current: Passkey, _: int) -> Passkey | None:
            mine = current.account_id == account_id
            return structs.replace(current, state="removed") if mine else None

        await amend(self._store, account_id, Passkey, passkey_id, remove)

    async def _remember(self, challenge: bytes, account_id: str) -> None:
        made = Challenge(
            id=bytes_to_base64url(challenge),
            account_id=account_id,
            made_at=self._clock.now(),
            state="open",
        )
        await put(self._store, account_id, made)

    async def _taken(self, answer: str, account_id: str) -> bytes:
        """The challenge that the answer names, used up by this. Raises PasskeyInvalid."""
        client = base64url_to_bytes(_field(answer, "response", "clientDataJSON")).decode()
        name = _field(client, "challenge")

        def use(current: Challenge, now: int) -> Challenge:
            fresh = current.state == "open" and now - current.made_at < _CHALLENGE_MS
            if not fresh or not secrets.same(current.account_id, account_id):
                raise PasskeyInvalid("the question was answered before, or has expired")
            return structs.replace(current, state="used")

        if await amend(self._store, account_id, Challenge, name, use) is None:
            raise PasskeyInvalid("nothing of that kind was asked")
        return base64url_to_bytes(name)


def _field(text: str, *names: str) -> str:
    """Raises PasskeyInvalid."""
    try:
        value: Any = msgspec.json.decode(text)
        for name in names:
            value = value[name]
        return str(value)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise PasskeyInvalid("expected a device's answer") from None
