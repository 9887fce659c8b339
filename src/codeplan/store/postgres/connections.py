"""Connections to PostgreSQL, and how patient their sessions are with each other: a node that is
frozen, or whose network is gone, must not hold what others wait for."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from codeplan.store.base import RowsHeld, StoreFailed

TIMEOUT_SECONDS = 15.0
# A session that holds rows and says nothing for so long is ended by the server. Whoever waits for
# those rows is patient for a little longer (engine.py).
IDLE_SECONDS = 3.0
# So long a statement waits for a row.
LOCK_SECONDS = 1.0
# A peer that is gone without a word is noticed by the server, wherever its session stands.
_PATIENCE = {
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS:.0f}s",
    "lock_timeout": f"{LOCK_SECONDS:.0f}s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
_STATEMENTS = 500
# What a call waits for looks up rows by their keys, so its plans go by the indexes whatever the
# statistics say: a table that is new (a month's partition, an empty database) looks small until it
# is analysed, and a plan that reads it from end to end is kept while it grows.
_BY_INDEX = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
# Generic only for type checkers.
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
AnyConnection: TypeAlias = "Connection | asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
# The server, or the way to it, is gone. The driver's own error is what it makes of an answer that
# comes for a question it has given up, and its time-out that this process
# did not keep up.
LOST = (
    OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)  # fmt: skip
# Somebody else holds the rows; the same can succeed in a moment.
HELD = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


def failure(error: BaseException) -> StoreFailed:
    """Say in one line what went wrong, with the kind of an error that says nothing itself."""
    made = (RowsHeld if isinstance(error, HELD) else StoreFailed)(f"PostgreSQL: {_why(error)}")
    made.__cause__ = error
    return made


def _why(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@asynccontextmanager
async def connection_of(pool: Pool) -> AsyncIterator[Connection]:
    """Lend one of the pool's. Raises StoreFailed for whatever goes wrong inside."""
    try:
        async with pool.acquire(timeout=TIMEOUT_SECONDS) as connection:
            yield connection
    except (*LOST, asyncpg.PostgresError) as error:
        raise failure(error) from error


async def open_pool(
    url: str, size: int, for_calls: bool = False, statements: Sequence[str] = ()
) -> Pool:
    """Open a pool of so many connections. ``for_calls``: for short statements that look up rows by
    their keys. ``statements``: those of transactions that hold what others wait for. Raises
    StoreFailed."""

    async def prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        # The driver sends a statement that it does not know in two parts. A session that is frozen
        # between them is not idle to the server, and would hold its rows for as long as it is.
        for statement in statements:
            await connection.executemany(statement, ())

    settings = {
        "application_name": "codeplan",
        **_PATIENCE,
        **(_BY_INDEX if for_calls else {}),
    }
    try:
        return await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=size,
            init=prepare,
            # What was prepared stays so.
            statement_cache_size=_STATEMENTS,
            max_cached_statement_lifetime=0,
            command_timeout=TIMEOUT_SECONDS,
            timeout=TIMEOUT_SECONDS,
            server_settings=settings,
        )
    except (*LOST, asyncpg.PostgresError, ValueError) as error:
        raise StoreFailed(f"PostgreSQL cannot be used: {_why(error)}") from error


@asynccontextmanager
async def own_connection(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Open a connection for long work, such as a migration, which nothing hurries. Raises
    StoreFailed."""
    try:
        connection = await asyncpg.connect(url, timeout=TIMEOUT_SECONDS)
        try:
            yield connection
        finally:
            await connection.close(timeout=TIMEOUT_SECONDS)
    except (*LOST, asyncpg.PostgresError, ValueError) as error:
        raise StoreFailed(f"PostgreSQL cannot be used: {_why(error)}") from error
