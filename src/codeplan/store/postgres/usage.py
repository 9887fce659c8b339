"""What was used, read from PostgreSQL: prompts, their calls, and sums for charts."""

from codeplan.kit.ids import instant_in
from codeplan.kit.instants import HOUR
from codeplan.plan.turns import Prompt
from codeplan.store import columns
from codeplan.store.operations import CallRow
from codeplan.store.postgres.engine import Engine
from codeplan.store.rows import UsageRow

# A call's id is made when it comes, by its node's clock; its row starts when it is reserved, a
# queue's wait later, by the database's.
REQUEST_MS = CLOCKS_APART_MS = HOUR


class PostgresUsage:
    """UsageStore over PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def usage(self, account_id: str, since: int, until: int, step: int) -> list[UsageRow]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(
                "SELECT $2 + (hour - $2) / $4 * $4, model, sum(calls)::bigint,"
                " sum(input + cached + cache_write + output)::bigint FROM hours"
                " WHERE account_id = $1 AND hour >= $2 AND hour < $3 GROUP BY 1, 2 ORDER BY 1, 2",
                account_id, since, until, step,
            )  # fmt: skip
        return [UsageRow(*row) for row in rows]

    async def prompts(self, account_id: str, limit: int, before: str = "") -> list[Prompt]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {columns.PROMPT} FROM prompts WHERE account_id = $1"
                " AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $2",
                account_id, limit, before,
            )  # fmt: skip
        return [columns.prompt_in(row) for row in rows]

    async def prompt(self, account_id: str, prompt_id: str) -> Prompt | None:
        async with self._engine.connection() as connection:
            row = await connection.fetchrow(
                f"SELECT {columns.PROMPT} FROM prompts WHERE account_id = $1 AND id = $2",
                account_id, prompt_id,
            )  # fmt: skip
        return columns.prompt_in(row) if row else None

    async def call(self, account_id: str, call_id: str) -> CallRow | None:
        made_at = instant_in(call_id)
        if made_at is None:
            return None
        async with self._engine.connection() as connection:
            row = await connection.fetchrow(
                f"SELECT {columns.CALL} FROM calls WHERE account_id = $1 AND id = $2"
                " AND started_at BETWEEN $3 AND $4",
                account_id, call_id, made_at - CLOCKS_APART_MS, made_at + REQUEST_MS,
            )  # fmt: skip
        return columns.call_in(row) if row else None

    async def calls(self, prompt: Prompt) -> list[CallRow]:
        async with self._engine.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {columns.CALL} FROM calls WHERE account_id = $1"
                " AND started_at BETWEEN $2 AND $3 AND prompt_id = $4 ORDER BY id",
                prompt.account_id, prompt.opened_at, prompt.last_call_at, prompt.id,
            )  # fmt: skip
        return [columns.call_in(row) for row in rows]
