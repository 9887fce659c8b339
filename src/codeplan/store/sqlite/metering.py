"""Reservations and settlements in SQLite: batches that the engine commits together."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from codeplan.kit.clock import Clock
from codeplan.plan import settle
from codeplan.plan.windows import Window
from codeplan.store.batch import Operation, Result, apply
from codeplan.store.operations import Finish, Finished, Refused, Reserve, Reserved
from codeplan.store.sqlite.engine import Engine
from codeplan.store.sqlite.meter_rows import (
    PROMPT_COLUMNS,
    load,
    load_held,
    load_open,
    read_prompt,
    save,
)

_ABANDONED = "the service stopped while a call ran"


class SqliteMetering:
    """MeterStore over SQLite."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def reserve(self, wanted: Reserve) -> Reserved | Refused:
        result: Reserved | Refused = await self._engine.write(self._apply, wanted)
        return result

    async def finish(self, done: Finish) -> Finished:
        result: Finished = await self._engine.write(self._apply, done)
        return result

    async def release_abandoned(self) -> int:
        released: int = await self._engine.write(self._release_abandoned, None)
        return released

    async def open_windows(self, subscription_id: str) -> dict[str, Window]:
        now = self._clock.now()
        found = await self._engine.read(lambda reader: load_open(reader, subscription_id, now))
        windows = sorted(found.values(), key=lambda window: window.opened_at)
        return {window.rule: window for window in windows}

    def _apply(
        self, connection: sqlite3.Connection, operations: Sequence[Operation]
    ) -> list[Result]:
        now = self._clock.now()
        rows = load(connection, operations, now)
        results = apply(operations, rows, now)
        save(connection, rows)
        return results

    def _release_abandoned(self, connection: sqlite3.Connection, items: Sequence[Any]) -> list[Any]:
        running = connection.execute(f"SELECT {PROMPT_COLUMNS} FROM prompts WHERE open_calls > 0")
        prompts = [read_prompt(row) for row in running]
        calls = sum(prompt.open_calls for prompt in prompts)
        rows = load_held(connection, prompts)
        for prompt in prompts:
            prompt.open_calls = 0
            held = rows.held(prompt) if prompt.state == "reserved" else []
            if not settle.release_if_idle(prompt, held, _ABANDONED):
                prompt.reason = _ABANDONED
            rows.touch(prompt, held)
        save(connection, rows)
        return [calls for _ in items]
