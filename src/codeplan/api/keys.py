"""The account's client keys: each is shown once, when it is made."""

from typing import Any

import msgspec

from codeplan.accounts.client_keys import ClientKeys
from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.kit.instants import iso_utc
from codeplan.store.rows import ClientKey


class NamedKey(msgspec.Struct, forbid_unknown_fields=True):
    """``name``: what its owner calls it, at most 100 characters."""

    name: str = ""


class KeyEndpoints:
    def __init__(self, keys: ClientKeys) -> None:
        self._keys = keys

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account/keys"
        return [
            Endpoint("GET", base, self.list_keys),
            Endpoint("POST", base, self.make, body=NamedKey, status=201),
            Endpoint("PUT", f"{base}/{{id}}", self.rename, body=NamedKey),
            Endpoint("POST", f"{base}/{{id}}/rotate", self.rotate, status=201),
            Endpoint("DELETE", f"{base}/{{id}}", self.end),
        ]

    async def list_keys(self, call: Call) -> Any:
        """The keys that serve, the newest first."""
        found = await self._keys.list_keys(call.account.id)
        return [_show(key, name) for key, name in found]

    async def make(self, call: Call) -> Any:
        """A new key, shown this once."""
        name = _name(call)
        key, secret = await self._keys.make(call.account.id, name)
        return {**_show(key, name), "key": secret}

    async def rename(self, call: Call) -> Any:
        """What a key is called."""
        name = _name(call)
        await self._keys.rename(call.account.id, call.part("id"), name)
        return {"id": call.part("id"), "name": name}

    async def rotate(self, call: Call) -> Any:
        """A new key in place of that one, which ends at once."""
        key, secret = await self._keys.rotate(call.account.id, call.part("id"))
        return {**_show(key, ""), "key": secret}

    async def end(self, call: Call) -> Any:
        """The key serves no more."""
        await self._keys.end(call.account.id, call.part("id"))
        return {"ended": call.part("id")}


def _name(call: Call) -> str:
    name = call.read(NamedKey).name.strip()
    if len(name) > 100:
        raise Invalid("name: expected at most 100 characters")
    return name


def _show(key: ClientKey, name: str) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": name,
        "hint": f"…{key.hint}",
        "made_at": iso_utc(key.created_at),
        "organisation": key.payer_id or None,
    }
