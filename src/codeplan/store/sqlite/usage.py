"""What was used, read from SQLite: prompts, their calls, and sums for charts."""

import sqlite3

from codeplan.kit.ids import first_id
from codeplan.kit.instants import HOUR
from codeplan.plan.turns import Prompt
from codeplan.store import columns
from codeplan.store.operations import CallRow
from codeplan.store.rows import UsageRow
from codeplan.store.sqlite.engine import Engine

# A call's id is made when it comes; its row starts when it is reserved, a queue's wait later.
REQUEST_MS = HOUR


class SqliteUsage:
    """UsageStore over SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def usage(self, account_id: str, since: int, until: int, step: int) -> list[UsageRow]:
        def query(connection: sqlite3.Connection) -> list[UsageRow]:
            rows = connection.execute(
                "SELECT :since + (hour - :since) / :step * :step, model, sum(calls),"
                " sum(input + cached + cache_write + output) FROM hours"
                " WHERE account_id = :account AND hour >= :since AND hour < :until"
                " GROUP BY 1, 2 ORDER BY 1, 2",
                {"account": account_id, "since": since, "until": until, "step": step},
            )
            return [UsageRow(*row) for row in rows]

        return await self._engine.read(query)

    async def prompts(self, account_id: str, limit: int, before: str = "") -> list[Prompt]:
        def query(connection: sqlite3.Connection) -> list[Prompt]:
            rows = connection.execute(
                f"SELECT {columns.PROMPT} FROM prompts WHERE account_id = :account"
                " AND (:before = '' OR id < :before) ORDER BY id DESC LIMIT :limit",
                {"account": account_id, "limit": limit, "before": before},
            )
            return [columns.prompt_in(row) for row in rows]

        return await self._engine.read(query)

    async def prompt(self, account_id: str, prompt_id: str) -> Prompt | None:
        def query(connection: sqlite3.Connection) -> Prompt | None:
            row = connection.execute(
                f"SELECT {columns.PROMPT} FROM prompts WHERE account_id = ? AND id = ?",
                (account_id, prompt_id),
            ).fetchone()
            return columns.prompt_in(row) if row else None

        return await self._engine.read(query)

    async def call(self, account_id: str, call_id: str) -> CallRow | None:
        def query(connection: sqlite3.Connection) -> CallRow | None:
            row = connection.execute(
                f"SELECT {columns.CALL} FROM calls WHERE account_id = ? AND id = ?",
                (account_id, call_id),
            ).fetchone()
            return columns.call_in(row) if row else None

        return await self._engine.read(query)

    async def calls(self, prompt: Prompt) -> list[CallRow]:
        def query(connection: sqlite3.Connection) -> list[CallRow]:
            rows = connection.execute(
                f"SELECT {columns.CALL} FROM calls WHERE account_id = ? AND id BETWEEN ? AND ?"
                " AND prompt_id = ? ORDER BY id",
                (
                    prompt.account_id,
                    first_id("req", prompt.opened_at - REQUEST_MS),
                    first_id("req", prompt.last_call_at + 1),
                    prompt.id,
                ),
            )
            return [columns.call_in(row) for row in rows]

        return await self._engine.read(query)
