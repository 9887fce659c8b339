"""Reservations and settlements in SQLite: batches that the engine commits together."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.plan.windows import Window
from codeplan.store.batch import Operation, Result, abandon, apply
from codeplan.store.operations import Finish, Finished, Refused, Reserve, Reserved, Stopped
from codeplan.store.sqlite.engine import Engine
from codeplan.store.sqlite.meter_rows import (
    CALL_COLUMNS,
    load,
    load_calls,
    load_open,
    read_call,
    save,
)


class SqliteMetering:
    """MeterStore over SQLite."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def reserve(self, wanted: Reserve) -> Reserved | Refused | Stopped:
        result: Reserved | Refused | Stopped = await self._engine.write(self._apply, wanted)
        return result

    async def finish(self, done: Finish) -> Finished:
        result: Finished = await self._engine.write(self._apply, done)
        return result

    async def release_abandoned(self) -> int:
        """Whoever opens the store is its only process: all that runs is abandoned."""
        released: int = await self._engine.write(self._release_abandoned, None)
        return released

    async def open_windows(self, subscription_id: str) -> list[Window]:
        now = self._clock.now()
        return await self._engine.read(lambda reader: load_open(reader, subscription_id, now))

    def _apply(
        self, connection: sqlite3.Connection, operations: Sequence[Operation]
    ) -> list[Result]:
        now = self._clock.now()
        rows = load(connection, operations, now)
        results = apply(operations, rows, now)
        save(connection, rows)
        return results

    def _release_abandoned(self, connection: sqlite3.Connection, items: Sequence[Any]) -> list[Any]:
        found = connection.execute(f"SELECT {CALL_COLUMNS} FROM calls WHERE state = 'running'")
        calls = [read_call(row) for row in found]
        now = self._clock.now()
        rows = load_calls(connection, calls, now)
        abandon(calls, rows, now)
        save(connection, rows)
        return [len(calls) for _ in items]
