"""Identifiers that sort by the time they were made, so that a store appends to its trees.

They are written in consonants. Coding tools look for ``429``, ``500`` and the like anywhere in an
error, the request's id included, and go on trying for minutes where they find one
(OpenCode 1.18, ``packages/opencode/src/session/retry.ts``).
"""

import os
from itertools import count

_serial = count(int.from_bytes(os.urandom(2), "big"))
_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")
_DIGITS = str.maketrans("bcdfghjklmnpqrst", "0123456789abcdef")
_PROCESS = os.urandom(5).hex().translate(_LETTERS)


def new_id(prefix: str, instant: int) -> str:
    """``prefix_`` and 28 letters: 48 bits of milliseconds, 24 of a serial, 40 of a process."""
    made = f"{instant:012x}{next(_serial) & 0xFFFFFF:06x}".translate(_LETTERS)
    return f"{prefix}_{made}{_PROCESS}"


def first_id(prefix: str, instant: int) -> str:
    """What sorts before every id that was made at this instant or later."""
    return f"{prefix}_{f'{instant:012x}'.translate(_LETTERS)}"


def instant_in(made: str) -> int | None:
    """The instant at which an id was made; None for what is no id."""
    _, _, letters = made.rpartition("_")
    try:
        return int(letters[:12].translate(_DIGITS), 16)
    except ValueError:
        return None
