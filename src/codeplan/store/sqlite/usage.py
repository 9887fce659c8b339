"""What was used, read from SQLite: prompts, their calls, and sums for charts."""

import sqlite3

from codeplan.plan.turns import Prompt
from codeplan.protocol.usage import Usage
from codeplan.store.operations import CallRow
from codeplan.store.rows import UsageRow
from codeplan.store.sqlite.engine import Engine
from codeplan.store.sqlite.meter_rows import PROMPT_COLUMNS, read_prompt


class SqliteUsage:
    """UsageStore over SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def usage(self, account_id: str, since: int, until: int, step: int) -> list[UsageRow]:
        def query(connection: sqlite3.Connection) -> list[UsageRow]:
            rows = connection.execute(
                "SELECT :since + (started_at - :since) / :step * :step, model, count(*),"
                " sum(input + cached + cache_write + output) FROM calls"
                " WHERE account_id = :account AND state = 'settled'"
                " AND started_at >= :since AND started_at < :until GROUP BY 1, 2 ORDER BY 1, 2",
                {"account": account_id, "since": since, "until": until, "step": step},
            )
            return [UsageRow(*row) for row in rows]

        return await self._engine.read(query)

    async def prompts(self, account_id: str, limit: int) -> list[Prompt]:
        def query(connection: sqlite3.Connection) -> list[Prompt]:
            rows = connection.execute(
                f"SELECT {PROMPT_COLUMNS} FROM prompts WHERE account_id = ?"
                " ORDER BY id DESC LIMIT ?",
                (account_id, limit),
            )
            return [read_prompt(row) for row in rows]

        return await self._engine.read(query)

    async def calls(self, prompt_id: str) -> list[CallRow]:
        def query(connection: sqlite3.Connection) -> list[CallRow]:
            rows = connection.execute(
                "SELECT * FROM calls WHERE prompt_id = ? ORDER BY id", (prompt_id,)
            )
            return [_read_call(row) for row in rows]

        return await self._engine.read(query)


def _read_call(row: sqlite3.Row) -> CallRow:
    values = dict(row)
    usage = Usage(
        **{
            name: values.pop(name)
            for name in ("input", "cached", "cache_write", "output", "reasoning")
        }
    )
    values["streamed"] = bool(values["streamed"])
    return CallRow(**values, usage=usage)
