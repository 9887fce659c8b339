"""Reservations and settlements: each batch is a few statements, however many calls are in it.

Rows travel as one JSON text and are taken apart by SQLite (json_each), so that a batch costs one
step per table instead of one per row.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from codeplan.kit.clock import Clock
from codeplan.plan import settle
from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.protocol.usage import Usage
from codeplan.store.batch import Operation, Result, Rows, apply
from codeplan.store.operations import Finish, Finished, Refused, Reserve, Reserved
from codeplan.store.sqlite.engine import Engine

PROMPT_COLUMNS = (
    "id, account_id, subscription_id, session, conversation, ordinal, text_hash, client,"
    " opened_at, last_call_at, state, calls, open_calls, delivered, awaits_tool, holds, reason"
)
# The newest live prompts of each thread, and its newest of the same turn.
_PROMPTS_OF_THREADS = f"""
SELECT {PROMPT_COLUMNS} FROM prompts WHERE id IN (
  SELECT p.id FROM json_each(:claims) AS claim, prompts AS p
  WHERE p.id IN (
    SELECT id FROM prompts
    WHERE subscription_id = claim.value ->> 0 AND thread = claim.value ->> 1
    ORDER BY id DESC LIMIT 8
  )
)
UNION
SELECT {PROMPT_COLUMNS} FROM prompts WHERE id IN (SELECT value FROM json_each(:ids))
"""
_WINDOWS = """
SELECT id, subscription_id, rule, opened_at, closes_at, used, reserved FROM windows
WHERE subscription_id IN (SELECT value FROM json_each(:subscriptions)) AND closes_at > :now
UNION
SELECT id, subscription_id, rule, opened_at, closes_at, used, reserved FROM windows
WHERE id IN (SELECT value FROM json_each(:ids))
"""
_FREE_CALLS = """
SELECT subscription_id, number FROM free_calls
WHERE subscription_id IN (SELECT value FROM json_each(:subscriptions))
"""


def _columns(number: int) -> str:
    return ", ".join(f"value ->> {place}" for place in range(number))


_SAVE_PROMPTS = f"""
INSERT INTO prompts ({PROMPT_COLUMNS}, thread)
SELECT {_columns(18)} FROM json_each(:rows) WHERE true
ON CONFLICT (id) DO UPDATE SET
  last_call_at = excluded.last_call_at, state = excluded.state, calls = excluded.calls,
  open_calls = excluded.open_calls, delivered = excluded.delivered,
  awaits_tool = excluded.awaits_tool, reason = excluded.reason
"""
_SAVE_WINDOWS = f"""
INSERT INTO windows SELECT {_columns(7)} FROM json_each(:rows) WHERE true
ON CONFLICT (id) DO UPDATE SET used = excluded.used, reserved = excluded.reserved
"""
_SAVE_CALLS = f"""
INSERT INTO calls (
  id, prompt_id, account_id, subscription_id, key_id, client, protocol, model_asked, model,
  streamed, why, started_at, state, outcome, upstream, upstream_model, input, cached, cache_write,
  output, reasoning, detail
) SELECT {_columns(12)}, 'open', '', '', '', 0, 0, 0, 0, 0, '' FROM json_each(:rows)
"""
_END_CALLS = """
UPDATE calls SET
  state = value ->> 1, outcome = value ->> 2, upstream = value ->> 3,
  upstream_model = value ->> 4, first_content_at = value ->> 5, ended_at = value ->> 6,
  input = value ->> 7, cached = value ->> 8, cache_write = value ->> 9, output = value ->> 10,
  reasoning = value ->> 11, detail = value ->> 12
FROM json_each(:rows) WHERE calls.id = value ->> 0
"""
_SAVE_FREE_CALLS = """
INSERT INTO free_calls SELECT value ->> 0, value ->> 1 FROM json_each(:rows) WHERE true
ON CONFLICT (subscription_id) DO UPDATE SET number = excluded.number
"""
_NOTHING = Usage()


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

        def query(connection: sqlite3.Connection) -> dict[str, Window]:
            found = connection.execute(
                _WINDOWS, {"subscriptions": _json([subscription_id]), "now": now, "ids": "[]"}
            )
            rows = sorted((Window(*row) for row in found), key=lambda window: window.opened_at)
            return {window.rule: window for window in rows}

        return await self._engine.read(query)

    def _apply(
        self, connection: sqlite3.Connection, operations: Sequence[Operation]
    ) -> list[Result]:
        now = self._clock.now()
        rows = _load(connection, operations, now)
        results = apply(operations, rows, now)
        _save(connection, rows)
        return results

    def _release_abandoned(self, connection: sqlite3.Connection, items: Sequence[Any]) -> list[Any]:
        now = self._clock.now()
        reason = "the service stopped while the call ran"
        ended = connection.execute(
            "UPDATE calls SET state = 'released', outcome = 'failed', ended_at = ?, detail = ?"
            " WHERE state = 'open'",
            (now, reason),
        )
        running = connection.execute(f"SELECT {PROMPT_COLUMNS} FROM prompts WHERE open_calls > 0")
        prompts = [read_prompt(row) for row in running]
        rows = Rows(windows=_windows(connection, [], _held_ids(prompts), now))
        for prompt in prompts:
            prompt.open_calls = 0
            held = rows.held(prompt) if prompt.state == "reserved" else []
            settle.release_if_idle(prompt, held, reason)
            rows.touch(prompt, held)
        _save(connection, rows)
        return [ended.rowcount for _ in items]


def read_prompt(row: sqlite3.Row) -> Prompt:
    values = list(row)
    values[14] = bool(values[14])
    values[15] = msgspec.json.decode(values[15], type=tuple[Hold, ...])
    return Prompt(*values)


def _load(connection: sqlite3.Connection, operations: Sequence[Operation], now: int) -> Rows:
    reserves = [item for item in operations if isinstance(item, Reserve)]
    ids = [item.prompt_id for item in operations if isinstance(item, Finish) and item.prompt_id]
    claims = sorted({(item.subscription_id, item.claim.thread) for item in reserves})
    subscriptions = sorted({item.subscription_id for item in reserves})
    rows = Rows()
    for row in connection.execute(
        _PROMPTS_OF_THREADS, {"claims": _json(claims), "ids": _json(ids)}
    ):
        prompt = read_prompt(row)
        rows.prompts[prompt.id] = prompt
    rows.windows = _windows(connection, subscriptions, _held_ids(rows.prompts.values()), now)
    if subscriptions:
        found = connection.execute(_FREE_CALLS, {"subscriptions": _json(subscriptions)})
        rows.free_calls = {row[0]: row[1] for row in found}
    return rows


def _held_ids(prompts: Iterable[Prompt]) -> list[str]:
    return [hold.window_id for p in prompts if p.state == "reserved" for hold in p.holds]


def _windows(
    connection: sqlite3.Connection, subscriptions: list[str], ids: list[str], now: int
) -> dict[str, Window]:
    names = {"subscriptions": _json(subscriptions), "now": now, "ids": _json(ids)}
    return {row[0]: Window(*row) for row in connection.execute(_WINDOWS, names)}


def _save(connection: sqlite3.Connection, rows: Rows) -> None:
    """Write what changed: at most one statement a table."""
    _put(connection, _SAVE_PROMPTS, [_prompt(prompt) for prompt in rows.changed_prompts.values()])
    _put(connection, _SAVE_WINDOWS, [_window(window) for window in rows.changed_windows.values()])
    _put(
        connection,
        _SAVE_CALLS,
        [
            (
                call.id, call.prompt_id, call.account_id, call.subscription_id, call.key_id,
                call.client, call.protocol, call.model_asked, call.model, int(call.streamed),
                call.why, call.started_at,
            )
            for call in rows.new_calls
        ],
    )  # fmt: skip
    _put(connection, _END_CALLS, [_ended(done, at) for done, at in rows.finished_calls])
    _put(connection, _SAVE_FREE_CALLS, list(rows.changed_free_calls.items()))


def _put(connection: sqlite3.Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        connection.execute(statement, {"rows": _json(rows)})


def _prompt(prompt: Prompt) -> tuple[Any, ...]:
    return (
        prompt.id, prompt.account_id, prompt.subscription_id, prompt.session, prompt.conversation,
        prompt.ordinal, prompt.text_hash, prompt.client, prompt.opened_at, prompt.last_call_at,
        prompt.state, prompt.calls, prompt.open_calls, prompt.delivered, int(prompt.awaits_tool),
        _json(prompt.holds), prompt.reason, prompt.thread,
    )  # fmt: skip


def _window(window: Window) -> tuple[Any, ...]:
    return (
        window.id, window.subscription_id, window.rule, window.opened_at, window.closes_at,
        window.used, window.reserved,
    )  # fmt: skip


def _ended(done: Finish, at: int) -> tuple[Any, ...]:
    usage = done.usage or _NOTHING
    return (
        done.call_id, "settled" if done.delivered else "released", done.outcome, done.upstream,
        done.upstream_model, done.first_content_at, at, usage.input, usage.cached,
        usage.cache_write, usage.output, usage.reasoning, done.detail,
    )  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
