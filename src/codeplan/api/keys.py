"""The account's client keys: each is shown once, when it is made."""

from typing import Any

import msgspec

from codeplan.accounts.client_keys import ClientKeys, Wanted
from codeplan.accounts.devices import Devices, last_used
from codeplan.accounts.keys import KeyName
from codeplan.api.endpoints import Call, Endpoint
from codeplan.kit.instants import iso_utc
from codeplan.store.rows import ClientKey, KeyRules


class NamedKey(msgspec.Struct, forbid_unknown_fields=True):
    """``name``: what its owner calls it, at most 100 characters. ``models``: their ids; none for
    all. ``lane``: "plan" or "paid"; "" for both. ``prompts_a_month``: of the plan; 0 for no
    limit."""

    name: str = ""
    models: list[str] = []
    lane: str = ""
    prompts_a_month: int = 0


class KeyEndpoints:
    def __init__(self, keys: ClientKeys, devices: Devices) -> None:
        self._keys, self._devices = keys, devices

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account/keys"
        return [
            Endpoint("GET", base, self.list_keys),
            Endpoint("POST", base, self.make, body=NamedKey, status=201),
            Endpoint("PUT", f"{base}/{{id}}", self.change, body=NamedKey),
            Endpoint("POST", f"{base}/{{id}}/rotate", self.rotate, status=201),
            Endpoint("DELETE", f"{base}/{{id}}", self.end),
        ]

    async def list_keys(self, call: Call) -> Any:
        """The keys that serve, the newest first."""
        used = last_used(await self._devices.list_all(call.account.id))
        return [
            {**_show(key, named), "last_used_at": iso_utc(used.get(key.id))}
            for key, named in await self._keys.list_keys(call.account.id)
        ]

    async def make(self, call: Call) -> Any:
        """A new key, shown this once."""
        key, secret = await self._keys.make(call.account.id, _wanted(call))
        return {"id": key.id, "hint": f"…{key.hint}", "key": secret}

    async def change(self, call: Call) -> Any:
        """What a key is called, and what it may do."""
        await self._keys.change(call.account.id, call.part("id"), _wanted(call))
        return {"id": call.part("id"), **msgspec.to_builtins(call.read(NamedKey))}

    async def rotate(self, call: Call) -> Any:
        """A new key in place of that one, which ends at once."""
        key, secret = await self._keys.rotate(call.account.id, call.part("id"))
        return {"id": key.id, "hint": f"…{key.hint}", "key": secret}

    async def end(self, call: Call) -> Any:
        """The key serves no more."""
        await self._keys.end(call.account.id, call.part("id"))
        return {"ended": call.part("id")}


def _wanted(call: Call) -> Wanted:
    asked = call.read(NamedKey)
    rules = KeyRules(tuple(asked.models), asked.lane, asked.prompts_a_month)
    return Wanted(asked.name.strip(), rules)


def _show(key: ClientKey, named: KeyName) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": named.name,
        "hint": f"…{key.hint}",
        "made_at": iso_utc(key.created_at),
        "organisation": key.payer_id or None,
        "models": list(named.models),
        "lane": named.lane,
        "prompts_a_month": named.prompts_a_month,
    }
