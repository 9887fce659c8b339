"""Removing old details from SQLite: what is old is looked for beside the work, on a connection
of its own, and removed a little at a time, so that no call waits for it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from codeplan.store.sqlite.engine import Engine

_FOUND_AT_ONCE = 50_000
_REMOVED_AT_ONCE = 500
# What is old of each table, and how many columns its key has.
_OLD = (
    ("calls", ("account_id", "id"), "started_at < ? AND state <> 'running'"),
    ("prompts", ("account_id", "id"), "last_call_at < ? AND open_calls = 0"),
    ("windows", ("id",), "closes_at < ? AND reserved = 0"),
)


async def prune(engine: Engine, before: int) -> None:
    """Remove what ended before that instant. Raises StoreFailed."""
    for table, key, old in _OLD:
        names = ", ".join(key)
        query = f"SELECT {names} FROM {table} WHERE {old} LIMIT {_FOUND_AT_ONCE}"
        statement = (
            f"DELETE FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in key)} AND {old}"
        )
        while found := await engine.read_aside(query, (before,)):
            for start in range(0, len(found), _REMOVED_AT_ONCE):
                some = [(*row, before) for row in found[start : start + _REMOVED_AT_ONCE]]
                await engine.write(_remove, (statement, some))


def _remove(
    connection: sqlite3.Connection, items: Sequence[tuple[str, list[tuple[Any, ...]]]]
) -> list[None]:
    for statement, rows in items:
        connection.executemany(statement, rows)
    return [None for _ in items]
