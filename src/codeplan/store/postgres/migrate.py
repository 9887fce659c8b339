"""Bringing a database to the schema that this code knows, one process at a time; refusing one that
it does not know; and the partitions of months."""

from datetime import UTC, datetime
from importlib import resources

import asyncpg

from codeplan.kit import instants
from codeplan.store.base import StoreFailed, UnknownSchema
from codeplan.store.postgres.connections import AnyConnection

_FOLDER = resources.files("codeplan.store.migrations") / "postgres"
# Any number, the same in every process: what migrates holds it, and the others wait.
_LOCK = 7_233_064_101
_OLDEST_MAJOR = 15
_MONTHS_AHEAD = 2


async def migrate(connection: AnyConnection, now: int) -> list[str]:
    """Apply what is missing, all in one transaction; the names applied.

    Raises UnknownSchema, StoreFailed.
    """
    version = connection.get_server_version()
    if version.major < _OLDEST_MAJOR:
        raise StoreFailed(
            f"PostgreSQL {_OLDEST_MAJOR} or newer is needed (this is {version.major})"
        )
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at bigint)"
        )
        known = sorted(item.name for item in _FOLDER.iterdir() if item.name.endswith(".sql"))
        rows = await connection.fetch("SELECT name FROM migrations")
        applied = {row["name"] for row in rows}
        unknown = sorted(applied - set(known))
        if unknown:
            raise UnknownSchema(unknown[-1])
        missing = [name for name in known if name not in applied]
        for name in missing:
            try:
                await connection.execute((_FOLDER / name).read_text("utf-8"))
            except asyncpg.PostgresError as error:
                raise StoreFailed(f"migration {name}: {error}") from error
            await connection.execute("INSERT INTO migrations VALUES ($1, $2)", name, now)
        await make_partitions(connection, now)
    return missing


async def make_partitions(connection: AnyConnection, now: int) -> None:
    """Partitions of ``calls`` for this month and the next ones. Inside a transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    this = instants.at(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    first = round(this.timestamp() * 1000)
    for number in range(_MONTHS_AHEAD + 1):
        begin = instants.add_months(first, number)
        name = _partition(begin)
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", name):
            await _make_partition(connection, name, begin, instants.add_months(first, number + 1))


async def _make_partition(connection: AnyConnection, name: str, begin: int, end: int) -> None:
    """With those of its rows that came before it was there."""
    await connection.execute(f"CREATE TABLE {name} (LIKE calls INCLUDING ALL)")
    await connection.execute(
        f"WITH moved AS (DELETE FROM calls_other WHERE started_at >= {begin}"
        f" AND started_at < {end} RETURNING *) INSERT INTO {name} SELECT * FROM moved"
    )
    await connection.execute(
        f"ALTER TABLE calls ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})"
    )


async def drop_partitions(connection: AnyConnection, before: int) -> list[str]:
    """Drop the months that ended before that instant; their names."""
    await connection.execute(
        "DELETE FROM calls_other WHERE started_at < $1 AND state <> 'running'", before
    )
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
        " WHERE inhparent = 'calls'::regclass ORDER BY 1"
    )
    dropped = []
    for row in rows:
        name = row["name"]
        if not name.startswith("calls_2"):
            continue
        begin = datetime.strptime(name, "calls_%Y_%m").replace(tzinfo=UTC)
        if instants.add_months(round(begin.timestamp() * 1000), 1) <= before:
            await connection.execute(f"DROP TABLE {name}")
            dropped.append(name)
    return dropped


def _partition(begin: int) -> str:
    return f"calls_{instants.at(begin, UTC):%Y_%m}"
