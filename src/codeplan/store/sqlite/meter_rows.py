"""Loading and saving the rows of a batch: a few statements, however many calls are in it.

Every step of a statement lets other threads run and must then wait for its turn again. So rows are
loaded as one JSON text a table (json_group_array) and saved many a statement (saving.py).
"""

import sqlite3
from collections.abc import Container, Sequence
from typing import Any

import msgspec

from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.store import columns
from codeplan.store.loaded import Ending, Rows, windows_needed
from codeplan.store.operations import CallRow, Operation, Reserve
from codeplan.store.sqlite.saving import Save

_PROMPT = columns.PROMPT.replace("holds", "json(holds)")
# The newest prompts of each thread and program, those that finishing calls belong to, and where
# those calls stand: in one step.
_LOAD_PROMPTS = f"""
SELECT (
  SELECT json_group_array(json_array({_PROMPT})) FROM (
    SELECT claim.value ->> 0 AS account, p.id AS prompt FROM json_each(:claims) AS claim
    JOIN prompts AS p ON p.account_id = claim.value ->> 0 AND p.id IN (
      SELECT id FROM prompts
      WHERE subscription_id = claim.value ->> 1 AND thread = claim.value ->> 2
      ORDER BY id DESC LIMIT 8
    )
    UNION SELECT claim.value ->> 0, p.id FROM json_each(:programs) AS claim
    JOIN prompts AS p ON p.account_id = claim.value ->> 0 AND p.id IN (
      SELECT id FROM prompts
      WHERE subscription_id = claim.value ->> 1 AND program = claim.value ->> 2 AND program <> ''
      ORDER BY id DESC LIMIT 8
    )
    UNION SELECT value ->> 0, value ->> 1 FROM json_each(:ids)
  ) CROSS JOIN prompts ON account_id = account AND id = prompt
), (
  SELECT json_group_array(json_array(calls.id, state, json(holds))) FROM json_each(:calls)
  CROSS JOIN calls ON account_id = value ->> 0 AND calls.id = value ->> 1
)
"""
# The windows that are open or held by those prompts, and the numbers of free calls.
_LOAD_WINDOWS = f"""
SELECT
  (SELECT json_group_array(json_array({columns.WINDOW})) FROM (
    SELECT * FROM windows
    WHERE subscription_id IN (SELECT value FROM json_each(:subscriptions)) AND closes_at > :now
    UNION SELECT * FROM windows WHERE id IN (SELECT value FROM json_each(:ids))
  )),
  (SELECT json_group_object(subscription_id, number) FROM free_calls
   WHERE subscription_id IN (SELECT value FROM json_each(:subscriptions)))
"""


_SAVE_PROMPTS = Save(
    f"INSERT INTO prompts ({columns.PROMPT}, thread)",
    21,
    f"ON CONFLICT (account_id, id) DO UPDATE SET {columns.replaced(columns.PROMPT_CHANGES)}",
)
_SAVE_WINDOWS = Save(
    f"INSERT INTO windows ({columns.WINDOW})",
    8,
    f"ON CONFLICT (id) DO UPDATE SET {columns.replaced(columns.WINDOW_CHANGES)}",
)
_SAVE_CALLS = Save(
    f"INSERT INTO calls ({columns.CALL})",
    28,
    f"ON CONFLICT (account_id, id) DO UPDATE SET {columns.replaced(columns.CALL_CHANGES)}",
)
_SAVE_HOURS = Save(
    f"INSERT INTO hours ({columns.HOUR})",
    11,
    "ON CONFLICT (account_id, hour, model, client) DO UPDATE SET"
    f" {columns.added('hours', columns.SUMS)}",
)
_SAVE_FREE_CALLS = Save(
    "INSERT INTO free_calls (subscription_id, number)",
    2,
    "ON CONFLICT (subscription_id) DO UPDATE SET number = excluded.number",
)
_prompt_rows = msgspec.json.Decoder(
    list[
        tuple[
            str, str, str, str, str, int, str, str, int, int, str, int, int, int, int,
            tuple[Hold, ...], str, int, str, int,
        ]
    ]
)  # fmt: skip
_window_rows = msgspec.json.Decoder(list[tuple[str, str, str, int, int, int, int, str]])
_ending_rows = msgspec.json.Decoder(list[tuple[str, str, tuple[Hold, ...]]])
_free_calls = msgspec.json.Decoder(dict[str, int])


def load(
    connection: sqlite3.Connection,
    operations: Sequence[Operation],
    now: int,
    unwritten: Container[str],
) -> Rows:
    """What these operations may need. ``unwritten``: running calls that are no rows yet."""
    claims, programs, ids, calls = set(), set(), [], []
    for item in operations:
        if isinstance(item, Reserve):
            claims.add((item.account_id, item.subscription_id, item.claim.thread))
            if item.claim.asks_program:
                programs.add((item.account_id, item.subscription_id, item.claim.program))
        else:
            if item.asked.call_id not in unwritten:
                calls.append((item.asked.account_id, item.asked.call_id))
            if item.reserved.prompt_id:
                ids.append((item.asked.account_id, item.reserved.prompt_id))
    rows = _load_prompts(connection, list(claims), list(programs), ids, calls)
    for item in operations:
        if not isinstance(item, Reserve) and item.asked.call_id in unwritten:
            rows.endings[item.asked.call_id] = Ending("running")
    _load_windows(connection, rows, *windows_needed(operations, rows), now)
    return rows


def load_calls(connection: sqlite3.Connection, calls: Sequence[CallRow], now: int) -> Rows:
    """What these running calls hold, and their prompts."""
    ids = {(call.account_id, call.prompt_id) for call in calls if call.prompt_id}
    rows = _load_prompts(connection, [], [], list(ids), [])
    _, held = windows_needed((), rows)
    held |= {hold.window_id for call in calls for hold in call.holds}
    _load_windows(connection, rows, {call.subscription_id for call in calls}, held, now)
    return rows


def _load_prompts(
    connection: sqlite3.Connection,
    claims: Sequence[tuple[str, str, str]],
    programs: Sequence[tuple[str, str, str]],
    ids: Sequence[tuple[str, str]],
    calls: Sequence[tuple[str, str]],
) -> Rows:
    names = {
        "claims": columns.to_json(claims),
        "programs": columns.to_json(programs),
        "ids": columns.to_json(ids),
        "calls": columns.to_json(calls),
    }
    prompts, endings = connection.execute(_LOAD_PROMPTS, names).fetchone()
    return Rows(
        {prompt.id: prompt for prompt in map(_made, _prompt_rows.decode(prompts))},
        endings={row[0]: Ending(row[1], row[2]) for row in _ending_rows.decode(endings)},
    )


def load_prompts(connection: sqlite3.Connection, prompts: Sequence[Prompt], now: int) -> Rows:
    """These prompts, with the windows that they hold units of."""
    rows = Rows({prompt.id: prompt for prompt in prompts})
    _load_windows(connection, rows, *windows_needed((), rows), now)
    return rows


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
    names = {
        "subscriptions": columns.to_json(subscriptions),
        "now": now,
        "ids": columns.to_json(held),
    }
    windows, free = connection.execute(_LOAD_WINDOWS, names).fetchone()
    rows.windows = {row[0]: Window(*row) for row in _window_rows.decode(windows)}
    rows.free_calls = _free_calls.decode(free)


def _made(row: Sequence[Any]) -> Prompt:
    values = [*row]
    values[14] = bool(values[14])
    return Prompt(*values)


def save(connection: sqlite3.Connection, rows: Rows) -> None:
    """Write what changed."""
    _SAVE_PROMPTS.run(connection, [*map(columns.prompt_values, rows.changed_prompts.values())])
    _SAVE_WINDOWS.run(connection, [*map(columns.window_values, rows.changed_windows.values())])
    _SAVE_CALLS.run(connection, [*map(columns.call_values, rows.changed_calls.values())])
    _SAVE_FREE_CALLS.run(connection, list(rows.changed_free_calls.items()))
    _SAVE_HOURS.run(connection, [columns.hour_values(*item) for item in rows.used.items()])
