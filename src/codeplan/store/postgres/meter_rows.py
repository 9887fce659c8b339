"""Loading and saving the rows of a batch in PostgreSQL: a few statements, however many calls."""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import msgspec

from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.protocol.usage import Usage
from codeplan.store.loaded import Ending, Rows, windows_needed
from codeplan.store.operations import CallRow, Operation, Reserve
from codeplan.store.postgres.engine import Connection

PROMPT_COLUMNS = (
    "id, account_id, subscription_id, session, conversation, ordinal, text_hash, client,"
    " opened_at, last_call_at, state, calls, open_calls, delivered, awaits_tool, holds, reason,"
    " earlier_calls"
)
CALL_COLUMNS = (
    "id, prompt_id, account_id, subscription_id, key_id, client, protocol, model_asked, model,"
    " streamed, why, started_at, state, outcome, upstream, upstream_model, first_content_at,"
    " ended_at, input, cached, cache_write, output, reasoning, detail, catalogue_version, holds,"
    " node"
)
_WINDOW = "id, subscription_id, rule, opened_at, closes_at, used, reserved, scope_id"
_LOCK = """
WITH locked AS (
  SELECT subscription_id, free_calls FROM meters
  WHERE subscription_id = ANY ($1) ORDER BY subscription_id FOR UPDATE
)
SELECT subscription_id, free_calls, codeplan_now() AS now FROM locked
"""
# A statement of its own: only one that begins under the locks sees what others did before them.
_RUNNING = """
SELECT subscription_id, count(*) FROM calls
WHERE state = 'running' AND subscription_id = ANY ($1) GROUP BY 1
"""
_PROMPTS = f"""
SELECT DISTINCT ON (account_id, id) {PROMPT_COLUMNS} FROM (
  SELECT p.* FROM unnest($1::text[], $2::text[]) AS claim (subscription, thread)
  CROSS JOIN LATERAL (
    SELECT * FROM prompts WHERE subscription_id = subscription AND prompts.thread = claim.thread
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
SELECT {_WINDOW} FROM windows WHERE subscription_id = ANY ($1) AND closes_at > $2
UNION SELECT {_WINDOW} FROM windows WHERE id = ANY ($3)
"""


def _places(number: int) -> str:
    return ", ".join(f"${place}" for place in range(1, number + 1))


def _set(*columns: str) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)


_SAVE_PROMPTS = f"""
INSERT INTO prompts ({PROMPT_COLUMNS}, thread) VALUES ({_places(19)})
ON CONFLICT (account_id, id) DO UPDATE SET
{_set(
    "last_call_at", "state", "calls", "open_calls", "delivered", "awaits_tool", "holds", "reason",
)}
"""  # fmt: skip
_SAVE_WINDOWS = f"""
INSERT INTO windows ({_WINDOW}) VALUES ({_places(8)})
ON CONFLICT (id) DO UPDATE SET {_set("used", "reserved")}
"""
_SAVE_CALLS = f"""
INSERT INTO calls ({CALL_COLUMNS}) VALUES ({_places(27)})
ON CONFLICT (account_id, id, started_at) DO UPDATE SET
{_set(
    "state", "outcome", "upstream", "upstream_model", "first_content_at", "ended_at", "input",
    "cached", "cache_write", "output", "reasoning", "detail", "holds",
)}
"""  # fmt: skip
_SAVE_FREE_CALLS = "UPDATE meters SET free_calls = $2 WHERE subscription_id = $1"
_HOUR = ("calls", "prompts", "input", "cached", "cache_write", "output", "reasoning")
_SAVE_HOURS = f"""
INSERT INTO hours (account_id, hour, model, client, {", ".join(_HOUR)}) VALUES ({_places(11)})
ON CONFLICT (account_id, hour, model, client) DO UPDATE SET
{", ".join(f"{name} = hours.{name} + excluded.{name}" for name in _HOUR)}
"""
_CLASSES = ("input", "cached", "cache_write", "output", "reasoning")
_holds = msgspec.json.Decoder(tuple[Hold, ...])


async def lock(connection: Connection, subscriptions: Iterable[str]) -> tuple[Rows, int]:
    """Lock the meters of these subscriptions; what they say, and the database's instant then."""
    wanted = sorted(set(subscriptions))
    found = await connection.fetch(_LOCK, wanted)
    if len(found) < len(wanted):
        known = {row["subscription_id"] for row in found}
        missing = [(name,) for name in wanted if name not in known]
        await connection.executemany(
            "INSERT INTO meters (subscription_id) VALUES ($1) ON CONFLICT DO NOTHING", missing
        )
        found = await connection.fetch(_LOCK, wanted)
    rows = Rows()
    rows.free_calls = {row["subscription_id"]: row["free_calls"] for row in found}
    return rows, max(row["now"] for row in found)


async def load(
    connection: Connection, operations: Sequence[Operation], rows: Rows, now: int
) -> None:
    """What these operations may need."""
    threads: set[tuple[str, str]] = set()
    prompts: set[tuple[str, str]] = set()
    calls: list[tuple[str, str, int]] = []
    subscriptions: set[str] = set()
    for item in operations:
        if isinstance(item, Reserve):
            threads.add((item.subscription_id, item.claim.thread))
            subscriptions.add(item.subscription_id)
        else:
            calls.append((item.asked.account_id, item.asked.call_id, item.reserved.at))
            if item.reserved.prompt_id:
                prompts.add((item.asked.account_id, item.reserved.prompt_id))
    await _load_prompts(connection, rows, threads, prompts)
    if subscriptions:
        rows.running = dict.fromkeys(subscriptions, 0)
        for row in await connection.fetch(_RUNNING, list(subscriptions)):
            rows.running[row["subscription_id"]] = row["count"]
    if calls:
        for row in await connection.fetch(_ENDINGS, *_columns(calls, 3)):
            rows.endings[row["id"]] = Ending(row["state"], _holds.decode(row["holds"]))
    await _load_windows(connection, rows, *windows_needed(operations, rows), now)


async def load_calls(
    connection: Connection, calls: Sequence[CallRow], rows: Rows, now: int
) -> None:
    """What these running calls hold, and their prompts."""
    prompts = {(call.account_id, call.prompt_id) for call in calls if call.prompt_id}
    await _load_prompts(connection, rows, set(), prompts)
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
    prompts: set[tuple[str, str]],
) -> None:
    if not threads and not prompts:
        return
    names = (*_columns(list(threads), 2), *_columns(list(prompts), 2))
    for row in await connection.fetch(_PROMPTS, *names):
        rows.prompts[row["id"]] = read_prompt(row)


async def _load_windows(
    connection: Connection, rows: Rows, subscriptions: set[str], held: set[str], now: int
) -> None:
    if subscriptions or held:
        for row in await connection.fetch(_WINDOWS, list(subscriptions), now, list(held)):
            rows.windows[row["id"]] = Window(*row)


def _columns(rows: Sequence[tuple[Any, ...]], number: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(number)]


def read_prompt(row: asyncpg.Record) -> Prompt:
    """A prompt from a row of `PROMPT_COLUMNS`."""
    values = list(row)
    values[15] = _holds.decode(values[15])
    return Prompt(*values)


def read_call(row: asyncpg.Record) -> CallRow:
    """A call from a row of `CALL_COLUMNS`."""
    values = dict(row)
    usage = Usage(**{name: values.pop(name) for name in _CLASSES})
    values["holds"] = _holds.decode(values["holds"])
    return CallRow(**values, usage=usage)


async def save(connection: Connection, rows: Rows) -> None:
    """Write what changed."""
    for statement, values in (
        (_SAVE_PROMPTS, [_prompt(prompt) for prompt in rows.changed_prompts.values()]),
        (_SAVE_WINDOWS, [_window(window) for window in rows.changed_windows.values()]),
        (_SAVE_CALLS, [_call(call) for call in rows.changed_calls.values()]),
        (_SAVE_FREE_CALLS, list(rows.changed_free_calls.items())),
        # In one order everywhere: several subscriptions may share an account's hours.
        (_SAVE_HOURS, [(*key, *(getattr(use, name) for name in _HOUR))
                       for key, use in sorted(rows.used.items())]),
    ):  # fmt: skip
        if values:
            await connection.executemany(statement, values)


def _prompt(prompt: Prompt) -> tuple[Any, ...]:
    return (
        prompt.id, prompt.account_id, prompt.subscription_id, prompt.session, prompt.conversation,
        prompt.ordinal, prompt.text_hash, prompt.client, prompt.opened_at, prompt.last_call_at,
        prompt.state, prompt.calls, prompt.open_calls, prompt.delivered, prompt.awaits_tool,
        _json(prompt.holds), _text(prompt.reason), prompt.earlier_calls, prompt.thread,
    )  # fmt: skip


def _window(window: Window) -> tuple[Any, ...]:
    return (
        window.id, window.subscription_id, window.rule, window.opened_at, window.closes_at,
        window.used, window.reserved, window.scope_id,
    )  # fmt: skip


def _call(call: CallRow) -> tuple[Any, ...]:
    usage = call.usage
    return (
        call.id, call.prompt_id, call.account_id, call.subscription_id, call.key_id, call.client,
        call.protocol, _text(call.model_asked), call.model, call.streamed, call.why,
        call.started_at, call.state, call.outcome, call.upstream, call.upstream_model,
        call.first_content_at, call.ended_at, usage.input, usage.cached, usage.cache_write,
        usage.output, usage.reasoning, _text(call.detail), call.catalogue_version,
        _json(call.holds), call.node,
    )  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _text(value: str) -> str:
    """As PostgreSQL can keep it: without the character 0, and without halves of characters."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()
