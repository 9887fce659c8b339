"""Whether one person's plan looks like several people's: many machines at once, again and again
in a day, or many networks in a day. It suspects; a person decides."""

from collections import Counter
from collections.abc import Sequence

import msgspec

SLOTS_A_DAY = 144


class SharingRules(msgspec.Struct, frozen=True):
    """``devices_at_once`` in one slot of ten minutes, in ``slots`` of them within a day;
    ``networks_a_day``. 0 looks at none of it."""

    devices_at_once: int = 4
    slots: int = 6
    networks_a_day: int = 12


class Seen(msgspec.Struct, frozen=True):
    """A device's last day: the slots of ten minutes in which it called."""

    device_id: str
    client: str
    network: str
    slots: tuple[int, ...]


class Suspicion(msgspec.Struct, frozen=True):
    """``what``: devices or networks. ``number``: the most at once, or in the day; ``limit``: of the
    rule. ``slots``: in how many slots; ``first_slot``: the first of them."""

    what: str
    number: int
    limit: int
    slots: int = 0
    first_slot: int = 0


def suspicions(devices: Sequence[Seen], rules: SharingRules, slot: int) -> list[Suspicion]:
    """What the day that ends with that slot looks like."""
    day = [
        (device, tuple(one for one in device.slots if slot - SLOTS_A_DAY < one <= slot))
        for device in devices
    ]
    found = []
    at_once = Counter(one for _, slots in day for one in slots)
    crowded = {one: n for one, n in at_once.items() if n >= rules.devices_at_once}
    if rules.devices_at_once and len(crowded) >= rules.slots:
        most = max(crowded.values())
        found.append(Suspicion("devices", most, rules.devices_at_once, len(crowded), min(crowded)))
    networks = {device.network for device, slots in day if slots and device.network}
    if rules.networks_a_day and len(networks) >= rules.networks_a_day:
        found.append(Suspicion("networks", len(networks), rules.networks_a_day))
    return found
