"""What uses an account: each coding tool on each machine, with when and from where. Its owner names
it and revokes it; a revoked one is refused. What is seen is remembered here and written together a
little later, so that a call costs a look-up in memory."""

from collections.abc import Sequence
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Protocol

import msgspec
from msgspec import structs

from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY, MINUTE
from codeplan.store.base import ChangeStore, MoneyStore
from codeplan.store.changing import amend
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.remembered import Remembered

SLOT_MS = 10 * MINUTE
_SLOTS_KEPT = DAY // SLOT_MS
_REMEMBERED = 50_000
_MOST_LISTED = 200


class Device(Document, frozen=True, kw_only=True):
    """``state``: on or revoked. ``client``: the tool's id. ``machine``: "" where the tool does
    not tell one machine from another; it is then known by its network. ``slots``: the numbers of
    the slots of ten minutes, of the last day, in which it called. ``keys``: when each key was
    last used there, to ten minutes. ``due_at``: when to look whether the account is shared."""

    client: str
    network: str
    seen_at: int
    name: str = ""
    slots: tuple[int, ...] = ()
    keys: dict[str, int] = msgspec.field(default_factory=dict)


class DeviceRevoked(ValueError):
    """The account's owner revoked it."""


class Sighting(msgspec.Struct, frozen=True):
    """One call, as far as devices go. ``address``: the caller's; ``machine``: as its tool names
    it."""

    account_id: str
    key_id: str
    client: str
    machine: str
    address: str


def nearest(forwarded: str) -> str:
    """The address that the nearest proxy saw, in an X-Forwarded-For; it must put it last."""
    return forwarded.rpartition(",")[2].strip()


def network_of(address: str) -> str:
    """The network of an address: /24, or /48 of IPv6. Finer is nobody's business."""
    try:
        bits = 24 if ip_address(address).version == 4 else 48
        return str(ip_network(f"{address}/{bits}", strict=False))
    except ValueError:
        return ""


class DeviceStore(MoneyStore, ChangeStore, Protocol):
    """Devices, and hearing that one was revoked on another node."""


class Devices:
    """``_seen``: of each device, what this process saw and has not yet written."""

    def __init__(self, store: DeviceStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._devices: Remembered[Sighting, Device] = Remembered(
            store, (Device,), self._load, lambda _, device: (device.account_id,), _REMEMBERED
        )
        self._seen: dict[str, Device] = {}

    async def admit(self, sighting: Sighting) -> None:
        """Remember the call. Raises DeviceRevoked, StoreFailed."""
        device = await self._devices.get(sighting)
        assert device is not None  # one that is new is made
        if device.state == "revoked":
            raise DeviceRevoked(device.name or device.client)
        seen = self._seen.get(device.id, device)
        now = self._clock.now()
        slot = now // SLOT_MS
        if sighting.key_id in seen.keys and seen.slots and seen.slots[-1] == slot:
            return
        if len(self._seen) >= _REMEMBERED:
            await self.keep()
        kept = tuple(one for one in seen.slots if slot > one > slot - _SLOTS_KEPT)
        self._seen[device.id] = structs.replace(
            seen,
            slots=(*kept, slot),
            seen_at=now,
            due_at=now,
            keys={**seen.keys, sighting.key_id: now},
        )

    async def _load(self, sighting: Sighting) -> Device:
        network, now = network_of(sighting.address), self._clock.now()
        name = _device_id(sighting, network)
        return await self._store.document(Device, name) or Device(
            id=name,
            account_id=sighting.account_id,
            made_at=now,
            state="on",
            client=sighting.client,
            network=network,
            seen_at=now,
        )

    async def keep(self) -> None:
        """Write what was seen. Raises StoreFailed."""
        for device in list(self._seen.values()):
            await self._write(device)
            # Calls that came meanwhile have put another in its place.
            if self._seen.get(device.id) is device:
                del self._seen[device.id]

    async def _write(self, device: Device) -> None:
        """Beside what its owner, or another node, wrote meanwhile."""

        def decide(books: Books, _: int) -> Decision:
            current = books.found.one(Device, device.id)
            if current is None:
                return Decision(documents=(device,))
            slots = tuple(sorted({*current.slots, *device.slots}))[-_SLOTS_KEPT:]
            kept = structs.replace(
                device,
                state=current.state,
                name=current.name,
                made_at=current.made_at,
                seen_at=max(current.seen_at, device.seen_at),
                slots=slots,
                keys=last_used((current, device)),
            )
            return Decision(documents=(kept,))

        reads = (One(Device, device.id),)
        await self._store.move(Move(device.account_id, "", decide, reads, terms=False))

    async def list_all(self, account_id: str) -> Sequence[Device]:
        """The newest seen first, the revoked ones too."""
        await self.keep()
        found = await self._store.documents(Device, account_id, limit=_MOST_LISTED)
        return sorted(found, key=lambda one: -one.seen_at)

    async def change(
        self, account_id: str, device_id: str, name: str | None = None, revoked: bool | None = None
    ) -> bool:
        """Name it, revoke it, or let it in again. Whether the account has such a device."""
        await self.keep()

        def change(current: Device, _: int) -> Device | None:
            if current.account_id != account_id:
                return None
            state = current.state if revoked is None else ("revoked" if revoked else "on")
            named = current.name if name is None else name.strip()[:100]
            return structs.replace(current, state=state, name=named)

        return await amend(self._store, account_id, Device, device_id, change) is not None


def last_used(devices: Sequence[Device]) -> dict[str, int]:
    """When each key was last used, to ten minutes."""
    used: dict[str, int] = {}
    for device in devices:
        for key_id, at in device.keys.items():
            used[key_id] = max(at, used.get(key_id, 0))
    return used


def _device_id(sighting: Sighting, network: str) -> str:
    """A machine that moves between networks is one device where its tool names it."""
    where = sighting.machine or network
    text = f"{sighting.account_id}\0{sighting.client}\0{where}"
    return f"dev_{blake2b(text.encode(), digest_size=12).hexdigest()}"
