"""Reservations and settlements in SQLite: batches that the engine commits together.

A running call that holds nothing of its own is no row yet: its prompt counts it, and this process,
the only one, remembers it. That spares the commonest plans a write.
"""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.plan.windows import Window
from codeplan.store import columns
from codeplan.store.batch import abandon, apply, lose_calls
from codeplan.store.loaded import Rows
from codeplan.store.operations import (
    Busy,
    CallRow,
    Finish,
    Finished,
    Operation,
    Reservation,
    Reserve,
    Result,
)
from codeplan.store.sqlite.engine import Engine
from codeplan.store.sqlite.meter_rows import (
    load,
    load_calls,
    load_open,
    load_prompts,
    save,
)
from codeplan.store.sqlite.pruning import prune


class SqliteMetering:
    """MeterStore over SQLite."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._unwritten: dict[str, CallRow] = {}

    async def reserve(self, wanted: Reserve) -> Reservation | Busy:
        result: Reservation | Busy = await self._engine.write(self._apply, wanted)
        return result

    async def finish(self, done: Finish) -> Finished:
        result: Finished = await self._engine.write(self._apply, done)
        return result

    async def beat(self, live: Callable[[], Collection[str]]) -> int:
        """Whoever has the store is its only process: what it does not know is abandoned."""
        released: int = await self._engine.write(self._release_abandoned, live)
        return released

    async def release_lost(self) -> int:
        """Once, before anything is served."""
        released: int = await self._engine.write(self._release_lost, None)
        return released

    async def prune(self, before: int) -> None:
        await prune(self._engine, before)

    async def open_windows(self, subscription_id: str) -> list[Window]:
        now = self._clock.now()
        return await self._engine.read(lambda reader: load_open(reader, subscription_id, now))

    def _apply(
        self, connection: sqlite3.Connection, operations: Sequence[Operation]
    ) -> list[Result]:
        now = self._clock.now()
        rows = load(connection, operations, now, self._unwritten)
        results = apply(operations, rows, now)
        self._keep_back(rows)
        save(connection, rows)
        return results

    def _keep_back(self, rows: Rows) -> None:
        """Calls that begin and need no row; and, once it is durable, what is known of them."""
        begun = {
            call.id: call
            for call in rows.changed_calls.values()
            if call.state == "running" and not call.holds
        }
        ended = [call_id for call_id in rows.changed_calls if call_id in self._unwritten]
        for call_id in begun:
            del rows.changed_calls[call_id]

        def durable() -> None:
            self._unwritten.update(begun)
            for call_id in ended:
                self._unwritten.pop(call_id, None)

        self._engine.after_commit.append(durable)

    def _release_abandoned(
        self, connection: sqlite3.Connection, items: Sequence[Callable[[], Collection[str]]]
    ) -> list[Any]:
        found = connection.execute(f"SELECT {columns.CALL} FROM calls WHERE state = 'running'")
        running = [columns.call_in(row) for row in found]
        running += [replace(call) for call in self._unwritten.values()]
        live = {call_id for item in items for call_id in item()}
        calls = [call for call in running if call.id not in live]
        now = self._clock.now()
        rows = load_calls(connection, calls, now)
        abandon(calls, rows, now)
        self._keep_back(rows)
        save(connection, rows)
        return [len(calls) for _ in items]

    def _release_lost(self, connection: sqlite3.Connection, items: Sequence[Any]) -> list[Any]:
        """At the start: what a process that is gone remembered, only its prompts tell."""
        released = self._release_abandoned(connection, [frozenset])[0]
        found = connection.execute(f"SELECT {columns.PROMPT} FROM prompts WHERE open_calls > 0")
        prompts = [columns.prompt_in(row) for row in found]
        now = self._clock.now()
        rows = load_prompts(connection, prompts, now)
        released += lose_calls(rows, now)
        save(connection, rows)
        return [released for _ in items]
