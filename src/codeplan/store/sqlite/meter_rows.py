"""Loading and saving the rows of a batch: a few statements, however many calls are in it.

Every step of a statement lets other threads run and must then wait for its turn again. So rows are
loaded as one JSON text a table (json_group_array) and saved many a statement (saving.py).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window
from codeplan.protocol.usage import Usage
from codeplan.store.batch import Operation, Rows
from codeplan.store.operations import Finish, Reserve
from codeplan.store.sqlite.saving import Save

PROMPT_COLUMNS = (
    "id, account_id, subscription_id, session, conversation, ordinal, text_hash, client,"
    " opened_at, last_call_at, state, calls, open_calls, delivered, awaits_tool, holds, reason"
)
CALL_COLUMNS = (
    "id, prompt_id, account_id, subscription_id, key_id, client, protocol, model_asked, model,"
    " streamed, why, started_at, state, outcome, upstream, upstream_model, first_content_at,"
    " ended_at, input, cached, cache_write, output, reasoning, detail"
)
_PROMPT = PROMPT_COLUMNS.replace("holds", "json(holds)")
_WINDOW = "id, subscription_id, rule, opened_at, closes_at, used, reserved"
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
    18,
    "ON CONFLICT (account_id, id) DO UPDATE SET"
    " last_call_at = excluded.last_call_at, state = excluded.state, calls = excluded.calls,"
    " open_calls = excluded.open_calls, delivered = excluded.delivered,"
    " awaits_tool = excluded.awaits_tool, reason = excluded.reason",
)
_SAVE_WINDOWS = Save(
    f"INSERT INTO windows ({_WINDOW})",
    7,
    "ON CONFLICT (id) DO UPDATE SET used = excluded.used, reserved = excluded.reserved",
)
_SAVE_CALLS = Save(f"INSERT INTO calls ({CALL_COLUMNS})", 24)
_SAVE_FREE_CALLS = Save(
    "INSERT INTO free_calls (subscription_id, number)",
    2,
    "ON CONFLICT (subscription_id) DO UPDATE SET number = excluded.number",
)
_NOTHING = Usage()
_prompt_rows = msgspec.json.Decoder(
    list[
        tuple[
            str, str, str, str, str, int, str, str, int, int, str, int, int, int, int,
            tuple[Hold, ...], str,
        ]
    ]
)  # fmt: skip
_window_rows = msgspec.json.Decoder(list[tuple[str, str, str, int, int, int, int]])
_free_calls = msgspec.json.Decoder(dict[str, int])
_holds = msgspec.json.Decoder(tuple[Hold, ...])


def load(connection: sqlite3.Connection, operations: Sequence[Operation], now: int) -> Rows:
    """What these operations may need."""
    claims, subscriptions, ids = set(), set(), []
    for item in operations:
        if isinstance(item, Reserve):
            claims.add((item.account_id, item.subscription_id, item.claim.thread))
            subscriptions.add(item.subscription_id)
        elif item.reserved.prompt_id:
            ids.append((item.asked.account_id, item.reserved.prompt_id))
    (found,) = connection.execute(
        _LOAD_PROMPTS, {"claims": _json(list(claims)), "ids": _json(ids)}
    ).fetchone()
    prompts = [_made(row) for row in _prompt_rows.decode(found)]
    windows, free = _load_windows(connection, list(subscriptions), prompts, now)
    return Rows({prompt.id: prompt for prompt in prompts}, windows, free)


def load_held(connection: sqlite3.Connection, prompts: list[Prompt]) -> Rows:
    """These prompts, with the windows that they hold units of."""
    windows, _ = _load_windows(connection, [], prompts, 0)
    return Rows({prompt.id: prompt for prompt in prompts}, windows)


def load_open(connection: sqlite3.Connection, subscription_id: str, now: int) -> dict[str, Window]:
    """The windows of one subscription that are open, by their id."""
    return _load_windows(connection, [subscription_id], [], now)[0]


def _load_windows(
    connection: sqlite3.Connection, subscriptions: list[str], prompts: Iterable[Prompt], now: int
) -> tuple[dict[str, Window], dict[str, int]]:
    held = [hold.window_id for p in prompts if p.state == "reserved" for hold in p.holds]
    names = {"subscriptions": _json(subscriptions), "now": now, "ids": _json(held)}
    windows, free = connection.execute(_LOAD_WINDOWS, names).fetchone()
    return (
        {row[0]: Window(*row) for row in _window_rows.decode(windows)},
        _free_calls.decode(free),
    )


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
    _SAVE_CALLS.run(connection, [_call(done, at) for done, at in rows.ended_calls])
    _SAVE_FREE_CALLS.run(connection, list(rows.changed_free_calls.items()))


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


def _call(done: Finish, ended_at: int) -> tuple[Any, ...]:
    asked, usage = done.asked, done.usage or _NOTHING
    return (
        asked.call_id, done.reserved.prompt_id, asked.account_id, asked.subscription_id,
        asked.key_id, asked.client, asked.protocol, asked.model_asked, asked.model,
        int(asked.streamed), done.reserved.why, done.reserved.at,
        "settled" if done.delivered else "released", done.outcome, done.upstream,
        done.upstream_model, done.first_content_at, ended_at, usage.input, usage.cached,
        usage.cache_write, usage.output, usage.reasoning, done.detail,
    )  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
