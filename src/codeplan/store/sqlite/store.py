"""Opening the SQLite store: lock the folder, migrate, and put its parts together."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

from codeplan.kit.clock import Clock
from codeplan.store.base import StoreFailed
from codeplan.store.sqlite.accounts import SqliteAccounts
from codeplan.store.sqlite.engine import Engine, connect
from codeplan.store.sqlite.metering import SqliteMetering
from codeplan.store.sqlite.migrate import migrate
from codeplan.store.sqlite.money import SqliteMoney
from codeplan.store.sqlite.usage import SqliteUsage


class SqliteStore(SqliteMetering, SqliteAccounts, SqliteUsage, SqliteMoney):
    """The whole store in one file of the data folder."""

    def __init__(self, engine: Engine, clock: Clock, lock: TextIO) -> None:
        SqliteMetering.__init__(self, engine, clock)
        self._lock = lock

    async def close(self) -> None:
        await self._engine.close()
        self._lock.close()


async def open_store(folder: Path, clock: Clock) -> SqliteStore:
    """Open, or make, the store in this folder. One process at a time has it.

    What a process that is gone had reserved is released. Raises StoreFailed.
    """
    path, lock = _prepare(folder, clock)
    store = SqliteStore(Engine(path), clock, lock)
    await store.release_lost()
    return store


def _prepare(folder: Path, clock: Clock) -> tuple[Path, TextIO]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = _lock(folder / "codeplan.lock")
    path = folder / "codeplan.db"
    connection = connect(path)
    path.chmod(0o600)
    try:
        migrate(connection, clock.now())
    except StoreFailed:
        lock.close()
        raise
    finally:
        connection.close()
    return path, lock


def _lock(path: Path) -> TextIO:
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreFailed(f"another codeplan uses {path.parent}") from None
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
