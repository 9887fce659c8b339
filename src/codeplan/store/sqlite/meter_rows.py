"""Loading and saving the rows of a batch: a few statements, however many calls are in it.

Every step of a statement lets other threads run and must then wait for its turn again. So rows are
loaded as one JSON text a table (json_group_array) and saved many a statement (saving.py).
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.protocol.usage import Usage
from codeplan.store.loaded import Ending, HourKey, Rows, windows_needed
from codeplan.store.operations import CallRow, Operation, Reserve
from codeplan.store.rows import HourUse
from codeplan.store.sqlite.saving import Save

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
_PROMPT = PROMPT_COLUMNS.replace("holds", "json(holds)")
_WINDOW = "id, subscription_id, rule, opened_at, closes_at, used, reserved, scope_id"
# The newest prompts of each thread, and those that finishing calls belong to.
_LOAD_PROMPTS = f"""
SELECT json_group_array(json_array({_PROMPT})) FROM (
  SELECT claim.value ->> 0 AS account, p.id AS prompt FROM json_each(:claims) AS claim
  JOIN prompts AS p ON p.account_id = claim.value ->> 0 AND p.id IN (
    SELECT id FROM prompts
    WHERE subscription_id = claim.value ->> 1 AND thread = claim.value ->> 2
    ORDER BY id DESC LIMIT 8
  )
  UNION SELECT value ->> 0, value ->> 1 FROM json_each(:ids)
) CROSS JOIN prompts ON account_id = account AND id = prompt
"""
# Where calls stand that are about to end.
_LOAD_ENDINGS = """
SELECT json_group_array(json_array(calls.id, state, json(holds))) FROM json_each(:calls)
CROSS JOIN calls ON account_id = value ->> 0 AND calls.id = value ->> 1
"""
# The windows that are open or held by those prompts, and the numbers of free calls.
_LOAD_WINDOWS = f"""
SELECT
  (SELECT json_group_array(json_array({_WINDOW})) FROM (
    SELECT * FROM windows
    WHERE subscription_id IN (SELECT value FROM json_each(:subscriptions)) AND closes_at > :now
    UNION SELECT * FROM windows WHERE id IN (SELECT value FROM json_each(:ids))
  )),
  (SELECT json_group_object(subscription_id, number) FROM free_calls
   WHERE subscription_id IN (SELECT value FROM json_each(:subscriptions)))
"""


_SAVE_PROMPTS = Save(
    f"INSERT INTO prompts ({PROMPT_COLUMNS}, thread)",
    19,
    "ON CONFLICT (account_id, id) DO UPDATE SET"
    " last_call_at = excluded.last_call_at, state = excluded.state, calls = excluded.calls,"
    " open_calls = excluded.open_calls, delivered = excluded.delivered,"
    " awaits_tool = excluded.awaits_tool, holds = excluded.holds, reason = excluded.reason",
)
_SAVE_WINDOWS = Save(
    f"INSERT INTO windows ({_WINDOW})",
    8,
    "ON CONFLICT (id) DO UPDATE SET used = excluded.used, reserved = excluded.reserved",
)
_SAVE_CALLS = Save(
    f"INSERT INTO calls ({CALL_COLUMNS})",
    27,
    "ON CONFLICT (account_id, id) DO UPDATE SET"
    " state = excluded.state, outcome = excluded.outcome, upstream = excluded.upstream,"
    " upstream_model = excluded.upstream_model, first_content_at = excluded.first_content_at,"
    " ended_at = excluded.ended_at, input = excluded.input, cached = excluded.cached,"
    " cache_write = excluded.cache_write, output = excluded.output,"
    " reasoning = excluded.reasoning, detail = excluded.detail, holds = excluded.holds",
)
_SAVE_HOURS = Save(
    "INSERT INTO hours (account_id, hour, model, client, calls, prompts, input, cached,"
    " cache_write, output, reasoning)",
    11,
    "ON CONFLICT (account_id, hour, model, client) DO UPDATE SET"
    " calls = calls + excluded.calls, prompts = prompts + excluded.prompts,"
    " input = input + excluded.input, cached = cached + excluded.cached,"
    " cache_write = cache_write + excluded.cache_write, output = output + excluded.output,"
    " reasoning = reasoning + excluded.reasoning",
)
_SAVE_FREE_CALLS = Save(
    "INSERT INTO free_calls (subscription_id, number)",
    2,
    "ON CONFLICT (subscription_id) DO UPDATE SET number = excluded.number",
)
_CLASSES = ("input", "cached", "cache_write", "output", "reasoning")
_prompt_rows = msgspec.json.Decoder(
    list[
        tuple[
            str, str, str, str, str, int, str, str, int, int, str, int, int, int, int,
            tuple[Hold, ...], str, int,
        ]
    ]
)  # fmt: skip
_window_rows = msgspec.json.Decoder(list[tuple[str, str, str, int, int, int, int, str]])
_ending_rows = msgspec.json.Decoder(list[tuple[str, str, tuple[Hold, ...]]])
_free_calls = msgspec.json.Decoder(dict[str, int])
_holds = msgspec.json.Decoder(tuple[Hold, ...])


def load(connection: sqlite3.Connection, operations: Sequence[Operation], now: int) -> Rows:
    """What these operations may need."""
    claims, ids, calls = set(), [], []
    for item in operations:
        if isinstance(item, Reserve):
            claims.add((item.account_id, item.subscription_id, item.claim.thread))
        else:
            calls.append((item.asked.account_id, item.asked.call_id))
            if item.reserved.prompt_id:
                ids.append((item.asked.account_id, item.reserved.prompt_id))
    names = {"claims": _json(list(claims)), "ids": _json(ids)}
    (found,) = connection.execute(_LOAD_PROMPTS, names).fetchone()
    prompts = [_made(row) for row in _prompt_rows.decode(found)]
    endings = _load_endings(connection, calls) if calls else {}
    rows = Rows({prompt.id: prompt for prompt in prompts}, endings=endings)
    _load_windows(connection, rows, *windows_needed(operations, rows), now)
    return rows


def load_calls(connection: sqlite3.Connection, calls: Sequence[CallRow], now: int) -> Rows:
    """What these running calls hold, and their prompts."""
    ids = {(call.account_id, call.prompt_id) for call in calls if call.prompt_id}
    names = {"claims": "[]", "ids": _json(list(ids))}
    (found,) = connection.execute(_LOAD_PROMPTS, names).fetchone()
    rows = Rows({prompt.id: prompt for prompt in map(_made, _prompt_rows.decode(found))})
    _, held = windows_needed((), rows)
    held |= {hold.window_id for call in calls for hold in call.holds}
    _load_windows(connection, rows, {call.subscription_id for call in calls}, held, now)
    return rows


def _load_endings(
    connection: sqlite3.Connection, calls: list[tuple[str, str]]
) -> dict[str, Ending]:
    (found,) = connection.execute(_LOAD_ENDINGS, {"calls": _json(calls)}).fetchone()
    return {row[0]: Ending(row[1], row[2]) for row in _ending_rows.decode(found)}


def load_open(connection: sqlite3.Connection, subscription_id: str, now: int) -> list[Window]:
    """The windows of one subscription that have not ended."""
    rows = Rows()
    _load_windows(connection, rows, {subscription_id}, set(), now)
    return list(rows.windows.values())


def _load_windows(
    connection: sqlite3.Connection,
    rows: Rows,
    subscriptions: set[str],
    held: set[str],
    now: int,
) -> None:
    if not subscriptions and not held:
        return
    names = {"subscriptions": _json(subscriptions), "now": now, "ids": _json(held)}
    windows, free = connection.execute(_LOAD_WINDOWS, names).fetchone()
    rows.windows = {row[0]: Window(*row) for row in _window_rows.decode(windows)}
    rows.free_calls = _free_calls.decode(free)


def read_prompt(row: sqlite3.Row) -> Prompt:
    """A prompt from a row of `PROMPT_COLUMNS`."""
    values = list(row)
    values[15] = _holds.decode(values[15])
    return _made(values)


def _made(row: Sequence[Any]) -> Prompt:
    values = [*row]
    values[14] = bool(values[14])
    return Prompt(*values)


def save(connection: sqlite3.Connection, rows: Rows) -> None:
    """Write what changed."""
    _SAVE_PROMPTS.run(connection, [_prompt(prompt) for prompt in rows.changed_prompts.values()])
    _SAVE_WINDOWS.run(connection, [_window(window) for window in rows.changed_windows.values()])
    _SAVE_CALLS.run(connection, [_call(call) for call in rows.changed_calls.values()])
    _SAVE_FREE_CALLS.run(connection, list(rows.changed_free_calls.items()))
    _SAVE_HOURS.run(connection, [_hour(key, use) for key, use in rows.used.items()])


def _prompt(prompt: Prompt) -> tuple[Any, ...]:
    return (
        prompt.id, prompt.account_id, prompt.subscription_id, prompt.session, prompt.conversation,
        prompt.ordinal, prompt.text_hash, prompt.client, prompt.opened_at, prompt.last_call_at,
        prompt.state, prompt.calls, prompt.open_calls, prompt.delivered, int(prompt.awaits_tool),
        _json(prompt.holds), prompt.reason, prompt.earlier_calls, prompt.thread,
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
        call.protocol, call.model_asked, call.model, int(call.streamed), call.why, call.started_at,
        call.state, call.outcome, call.upstream, call.upstream_model, call.first_content_at,
        call.ended_at, usage.input, usage.cached, usage.cache_write, usage.output, usage.reasoning,
        call.detail, call.catalogue_version, _json(call.holds), call.node,
    )  # fmt: skip


def read_call(row: sqlite3.Row) -> CallRow:
    """A call from a row of `CALL_COLUMNS`."""
    values = dict(row)
    usage = Usage(**{name: values.pop(name) for name in _CLASSES})
    values["streamed"] = bool(values["streamed"])
    values["holds"] = _holds.decode(values["holds"])
    return CallRow(**values, usage=usage)


def _hour(key: HourKey, use: HourUse) -> tuple[Any, ...]:
    return (
        *key, use.calls, use.prompts, use.input, use.cached, use.cache_write, use.output,
        use.reasoning,
    )  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
