"""Identifiers that sort by the time they were made, so that a store appends to its trees."""

import os
from itertools import count

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_serial = count(int.from_bytes(os.urandom(3), "big"))
_process = os.urandom(5)


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(length - 1, -1, -1))


_PROCESS = _base32(int.from_bytes(_process, "big"), 8)


def new_id(prefix: str, instant: int) -> str:
    """``prefix_`` and 22 characters: 50 bits of milliseconds, 20 of a serial, 40 a process."""
    return f"{prefix}_{_base32(instant, 10)}{_base32(next(_serial), 4)}{_PROCESS}"
