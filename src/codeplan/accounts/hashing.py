"""Passwords hashed and compared beside the event loop, a few at a time: each takes a tenth of a
second and 64 MB on purpose, and nobody else may have to wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from codeplan.kit import secrets

MIN_PASSWORD = 10
MAX_PASSWORD = 1000
_AT_ONCE = 2
# Beyond so many that wait, about three seconds, further ones are turned away.
_WAITING = 60
T = TypeVar("T")


class PasswordTooShort(ValueError):
    """A password of fewer characters than `MIN_PASSWORD`, or of more than anybody types."""


class TooManyGuesses(ValueError):
    """So many wrong ones came that this one is not looked at."""


class _Beside:
    """An executor of its own, so that nothing else waits in its queue."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "password")
        self._asked = 0

    async def run(self, work: Callable[..., T], *values: str) -> T:
        """Raises TooManyGuesses."""
        if self._asked >= _WAITING:
            raise TooManyGuesses("too many passwords are looked at right now")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)
        finally:
            self._asked -= 1


_beside = _Beside()


@cache
def _decoy() -> str:
    """Compared with where there is no password, so that the answer takes as long."""
    return secrets.hash_password(secrets.new_password())


async def hashed(password: str) -> str:
    """What is kept of a password. Raises PasswordTooShort, TooManyGuesses."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PasswordTooShort(f"a password needs at least {MIN_PASSWORD} characters")
    return await _beside.run(secrets.hash_password, password)


async def matches(digest: str, password: str) -> bool:
    """Whether it is the password of that digest; "" is nobody's. Raises TooManyGuesses."""
    return await _beside.run(_matches, digest, password[:MAX_PASSWORD])


def _matches(digest: str, password: str) -> bool:
    same = secrets.password_matches(digest or _decoy(), password)
    return same and bool(digest)
