"""Identifiers that sort by the time they were made, so that a store appends to its trees."""

import os
from itertools import count

_serial = count(int.from_bytes(os.urandom(2), "big"))
_PROCESS = os.urandom(5).hex()


def new_id(prefix: str, instant: int) -> str:
    """``prefix_`` and 28 characters: 48 bits of milliseconds, 24 of a serial, 40 of a process."""
    return f"{prefix}_{instant:012x}{next(_serial) & 0xFFFFFF:06x}{_PROCESS}"


def first_id(prefix: str, instant: int) -> str:
    """What sorts before every id that was made at this instant or later."""
    return f"{prefix}_{instant:012x}"
