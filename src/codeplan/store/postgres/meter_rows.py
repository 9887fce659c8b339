"""Loading and saving the rows of a batch in PostgreSQL: a few statements, however many calls."""

from collections.abc import Iterable, Sequence
from typing import Any

from codeplan.plan.windows import Window
from codeplan.store import columns
from codeplan.store.loaded import Ending, Rows, windows_needed
from codeplan.store.operations import CallRow, Operation, Reserve
from codeplan.store.postgres.connections import Connection

_LOCK = """
WITH locked AS (
  SELECT subscription_id, free_calls FROM meters
  WHERE subscription_id = ANY ($1) ORDER BY subscription_id FOR UPDATE
)
SELECT subscription_id, free_calls, codeplan_now() AS now FROM locked
"""
_LOCK_FREE = _LOCK.replace("FOR UPDATE", "FOR UPDATE SKIP LOCKED")
_KNOWN = "SELECT subscription_id FROM meters WHERE subscription_id = ANY ($1)"
# A statement of its own: only one that begins under the locks sees what others did before them.
_RUNNING = """
SELECT subscription_id, count(*) FROM calls
WHERE state = 'running' AND subscription_id = ANY ($1) GROUP BY 1
"""
_PROMPTS = f"""
SELECT DISTINCT ON (account_id, id) {columns.PROMPT} FROM (
  SELECT p.* FROM unnest($1::text[], $2::text[]) AS claim (subscription, thread)
  CROSS JOIN LATERAL (
    SELECT * FROM prompts WHERE subscription_id = subscription AND prompts.thread = claim.thread
    ORDER BY id DESC LIMIT 8
  ) AS p
  UNION ALL
  SELECT p.* FROM unnest($5::text[], $6::text[]) AS claim (subscription, program)
  CROSS JOIN LATERAL (
    SELECT * FROM prompts
    WHERE subscription_id = subscription
      AND prompts.program = claim.program AND prompts.program <> ''
    ORDER BY id DESC LIMIT 8
  ) AS p
  UNION ALL
  SELECT prompts.* FROM unnest($3::text[], $4::text[]) AS named (account, prompt)
  JOIN prompts ON account_id = account AND id = prompt
) AS found
"""
_ENDINGS = """
SELECT id, state, holds
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS named (account, call, at)
JOIN calls ON account_id = account AND id = call AND started_at = at
"""
_WINDOWS = f"""
SELECT {columns.WINDOW} FROM windows WHERE subscription_id = ANY ($1) AND closes_at > $2
UNION SELECT {columns.WINDOW} FROM windows WHERE id = ANY ($3)
"""


def _places(number: int) -> str:
    return ", ".join(f"${place}" for place in range(1, number + 1))


_SAVE_PROMPTS = f"""
INSERT INTO prompts ({columns.PROMPT}, thread) VALUES ({_places(21)})
ON CONFLICT (account_id, id) DO UPDATE SET {columns.replaced(columns.PROMPT_CHANGES)}
"""
_SAVE_WINDOWS = f"""
INSERT INTO windows ({columns.WINDOW}) VALUES ({_places(8)})
ON CONFLICT (id) DO UPDATE SET {columns.replaced(columns.WINDOW_CHANGES)}
"""
_SAVE_CALLS = f"""
INSERT INTO calls ({columns.CALL}) VALUES ({_places(28)})
ON CONFLICT (account_id, id, started_at) DO UPDATE SET {columns.replaced(columns.CALL_CHANGES)}
"""
_SAVE_FREE_CALLS = "UPDATE meters SET free_calls = $2 WHERE subscription_id = $1"
_SAVE_HOURS = f"""
INSERT INTO hours ({columns.HOUR}) VALUES ({_places(11)})
ON CONFLICT (account_id, hour, model, client) DO UPDATE SET {columns.added("hours", columns.SUMS)}
"""

_NEW_METER = "INSERT INTO meters (subscription_id) VALUES ($1) ON CONFLICT DO NOTHING"
STATEMENTS = (
    _LOCK, _LOCK_FREE, _KNOWN, _NEW_METER, _RUNNING, _PROMPTS, _ENDINGS, _WINDOWS, _SAVE_PROMPTS,
    _SAVE_WINDOWS, _SAVE_CALLS, _SAVE_FREE_CALLS, _SAVE_HOURS,
)  # fmt: skip


async def lock(
    connection: Connection, subscriptions: Iterable[str], passing: bool = False
) -> tuple[Rows, int]:
    """Lock the meters of these subscriptions; what they say, and the database's instant then.
    ``passing``: without those that somebody else has locked."""
    wanted = sorted(set(subscriptions))
    statement = _LOCK_FREE if passing else _LOCK
    locked = await connection.fetch(statement, wanted)
    if len(locked) < len(wanted):
        known = locked if not passing else await connection.fetch(_KNOWN, wanted)
        missing = set(wanted) - {row["subscription_id"] for row in known}
        if missing:
            await connection.executemany(_NEW_METER, [(name,) for name in sorted(missing)])
            locked = await connection.fetch(statement, wanted)
    rows = Rows()
    rows.free_calls = {row["subscription_id"]: row["free_calls"] for row in locked}
    return rows, max((row["now"] for row in locked), default=0)


async def load(
    connection: Connection, operations: Sequence[Operation], rows: Rows, now: int
) -> None:
    """What these operations may need."""
    threads: set[tuple[str, str]] = set()
    programs: set[tuple[str, str]] = set()
    prompts: set[tuple[str, str]] = set()
    calls: list[tuple[str, str, int]] = []
    subscriptions: set[str] = set()
    for item in operations:
        if isinstance(item, Reserve):
            threads.add((item.subscription_id, item.claim.thread))
            if item.claim.asks_program:
                programs.add((item.subscription_id, item.claim.program))
            subscriptions.add(item.subscription_id)
        else:
            calls.append((item.asked.account_id, item.asked.call_id, item.reserved.at))
            if item.reserved.prompt_id:
                prompts.add((item.asked.account_id, item.reserved.prompt_id))
    await _load_prompts(connection, rows, threads, programs, prompts)
    if subscriptions:
        rows.running = dict.fromkeys(subscriptions, 0)
        for row in await connection.fetch(_RUNNING, list(subscriptions)):
            rows.running[row["subscription_id"]] = row["count"]
    if calls:
        for row in await connection.fetch(_ENDINGS, *_columns(calls, 3)):
            rows.endings[row["id"]] = Ending(row["state"], columns.holds_in(row["holds"]))
    await _load_windows(connection, rows, *windows_needed(operations, rows), now)


async def load_calls(
    connection: Connection, calls: Sequence[CallRow], rows: Rows, now: int
) -> None:
    """What these running calls hold, and their prompts."""
    prompts = {(call.account_id, call.prompt_id) for call in calls if call.prompt_id}
    await _load_prompts(connection, rows, set(), set(), prompts)
    _, held = windows_needed((), rows)
    held |= {hold.window_id for call in calls for hold in call.holds}
    await _load_windows(connection, rows, {call.subscription_id for call in calls}, held, now)


async def load_open(connection: Connection, subscription_id: str, now: int) -> list[Window]:
    """The windows of one subscription that have not ended."""
    rows = Rows()
    await _load_windows(connection, rows, {subscription_id}, set(), now)
    return list(rows.windows.values())


async def _load_prompts(
    connection: Connection,
    rows: Rows,
    threads: set[tuple[str, str]],
    programs: set[tuple[str, str]],
    prompts: set[tuple[str, str]],
) -> None:
    if not threads and not prompts:
        return
    names = (
        *_columns(list(threads), 2), *_columns(list(prompts), 2), *_columns(list(programs), 2)
    )  # fmt: skip
    for row in await connection.fetch(_PROMPTS, *names):
        rows.prompts[row["id"]] = columns.prompt_in(row)


async def _load_windows(
    connection: Connection, rows: Rows, subscriptions: set[str], held: set[str], now: int
) -> None:
    if subscriptions or held:
        for row in await connection.fetch(_WINDOWS, list(subscriptions), now, list(held)):
            rows.windows[row["id"]] = Window(*row)


def _columns(rows: Sequence[tuple[Any, ...]], number: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(number)]


async def save(connection: Connection, rows: Rows) -> None:
    """Write what changed."""
    for statement, values in (
        (_SAVE_PROMPTS, [columns.prompt_values(row) for row in rows.changed_prompts.values()]),
        (_SAVE_WINDOWS, [columns.window_values(row) for row in rows.changed_windows.values()]),
        (_SAVE_CALLS, [columns.call_values(row) for row in rows.changed_calls.values()]),
        (_SAVE_FREE_CALLS, list(rows.changed_free_calls.items())),
        # In one order everywhere: several subscriptions may share an account's hours.
        (
            _SAVE_HOURS,
            [
                columns.hour_values(*item)
                for item in sorted(rows.used.items(), key=lambda item: item[0])
            ],
        ),
    ):
        if values:
            await connection.executemany(statement, [kept(row) for row in values])


def kept(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """As PostgreSQL can keep texts: without the character 0 and without halves of characters."""
    return tuple(_text(value) if isinstance(value, str) else value for value in row)


def _text(value: str) -> str:
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "").encode("utf-8", "replace").decode()
