"""Reservations and settlements in PostgreSQL: batches that lock their subscriptions' meters, and
nodes that watch over each other.

Instants are the database's: no node's clock matters.
"""

from collections.abc import Callable, Collection, Sequence

import msgspec

from codeplan.kit.clock import Clock
from codeplan.kit.instants import SECOND
from codeplan.plan.windows import Window
from codeplan.store import columns
from codeplan.store.batch import abandon, apply
from codeplan.store.operations import (
    Busy,
    Finish,
    Finished,
    Operation,
    Reservation,
    Reserve,
    Result,
)
from codeplan.store.postgres.connections import Connection
from codeplan.store.postgres.engine import Engine
from codeplan.store.postgres.lanes import WAITS, Waits
from codeplan.store.postgres.meter_rows import (
    load,
    load_calls,
    load_open,
    lock,
    save,
)
from codeplan.store.postgres.migrate import drop_partitions, make_partitions

# A call of one's own that the process does not know is one whose reservation seemed to fail.
UNKNOWN_MS = 5 * SECOND
_BEAT = """
INSERT INTO nodes VALUES ($1, codeplan_now(), codeplan_now())
ON CONFLICT (id) DO UPDATE SET seen_at = codeplan_now() RETURNING seen_at
"""
_ABANDONED = f"""
SELECT {columns.CALL} FROM calls WHERE state = 'running' AND (
  node NOT IN (SELECT id FROM nodes WHERE seen_at > $1)
  OR node = $2 AND id <> ALL ($3) AND started_at < $4
)
"""
_FORGET_NODES = """
DELETE FROM nodes WHERE seen_at < $1 AND NOT EXISTS
  (SELECT FROM calls WHERE state = 'running' AND node = nodes.id)
"""
# What a beat runs first while it holds rows.
STATEMENTS = (_FORGET_NODES,)
_PRUNED_AT_ONCE = 2000


async def apply_operations(
    connection: Connection, operations: Sequence[Operation], passing: bool, node: str
) -> list[Result | Waits]:
    """One transaction's work. ``passing``: operations whose rows somebody holds are left alone."""
    rows, now = await lock(connection, {_subscription(one) for one in operations}, passing)
    free = [one for one in operations if _subscription(one) in rows.free_calls]
    if not free:
        return [WAITS] * len(operations)
    await load(connection, free, rows, now)
    results = iter(apply(free, rows, now, node))
    await save(connection, rows)
    return [next(results) if _subscription(one) in rows.free_calls else WAITS for one in operations]


def _subscription(one: Operation) -> str:
    return one.subscription_id if isinstance(one, Reserve) else one.asked.subscription_id


class PostgresMetering:
    """MeterStore over PostgreSQL. ``lease_ms``: a node that was not seen for so long is taken for
    dead, and what its calls hold is released."""

    def __init__(self, engine: Engine, clock: Clock, node: str, lease_ms: int) -> None:
        self._engine, self._clock = engine, clock
        self._node, self._lease_ms = node, lease_ms
        # By the database's clock: when this node was last seen, and until when it takes no other
        # for dead.
        self._seen_at: int | None = None
        self._spares_until = 0

    async def reserve(self, wanted: Reserve) -> Reservation | Busy:
        wanted = _cleaned(wanted)
        result: Reservation | Busy
        result = await self._engine.write(wanted.subscription_id, wanted)
        return result

    async def finish(self, done: Finish) -> Finished:
        result: Finished = await self._engine.write(done.asked.subscription_id, done)
        return result

    async def beat(self, live: Callable[[], Collection[str]]) -> int:
        # Calls wait for the locks that it takes.
        async with self._engine.for_calls() as connection:
            now = await connection.fetchval(_BEAT, self._node)
            names = (self._silent_since(now), self._node, list(live()), now - UNKNOWN_MS)
            found = await connection.fetch(_ABANDONED, *names)
            if not found:
                return 0
            async with connection.transaction():
                # What somebody holds, the next beat looks at again.
                subscriptions = {row["subscription_id"] for row in found}
                rows, now = await lock(connection, subscriptions, passing=True)
                if not rows.free_calls:
                    return 0
                # Again, under the locks: another node may have released them meanwhile.
                found = await connection.fetch(_ABANDONED, *names)
                locked = set(rows.free_calls)
                calls = [columns.call_in(row) for row in found if row["subscription_id"] in locked]
                await load_calls(connection, calls, rows, now)
                abandon(calls, rows, now)
                await save(connection, rows)
                await connection.execute(_FORGET_NODES, now - 10 * self._lease_ms)
            return len(calls)

    def _silent_since(self, now: int) -> int:
        """The instant since which a node was not seen that is dead; 0: none is. A node that was not
        seen itself, or has just begun, cannot know whether the others could have been: the database
        may have been away for all, or its clock was set. It waits for a lease."""
        before = self._seen_at
        if before is None or not before <= now <= before + self._lease_ms // 2:
            self._spares_until = now + self._lease_ms
        self._seen_at = now
        return now - self._lease_ms if now >= self._spares_until else 0

    async def prune(self, before: int) -> None:
        async with self._engine.connection() as connection:
            async with connection.transaction():
                await make_partitions(connection, self._clock.now())
                await drop_partitions(connection, before)
            for table, key, old in (
                ("prompts", "account_id, id", "opened_at < $1 AND open_calls = 0"),
                ("windows", "id", "closes_at < $1 AND reserved = 0"),
            ):
                removed = f"DELETE {_PRUNED_AT_ONCE}"
                while removed == f"DELETE {_PRUNED_AT_ONCE}":
                    removed = await connection.execute(
                        f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table}"
                        f" WHERE {old} LIMIT {_PRUNED_AT_ONCE})",
                        before,
                    )

    async def open_windows(self, subscription_id: str) -> list[Window]:
        async with self._engine.connection() as connection:
            return await load_open(connection, subscription_id, self._clock.now())

    async def leave(self) -> None:
        """This node serves no more."""
        async with self._engine.connection() as connection:
            await connection.execute("DELETE FROM nodes WHERE id = $1", self._node)


def _cleaned(wanted: Reserve) -> Reserve:
    """Without the character 0, which PostgreSQL keeps in no text."""
    claim = wanted.claim
    session, conversation = claim.session.replace("\0", ""), claim.conversation.replace("\0", "")
    if (session, conversation) == (claim.session, claim.conversation):
        return wanted
    claim = msgspec.structs.replace(claim, session=session, conversation=conversation)
    return msgspec.structs.replace(wanted, claim=claim)
