"""A database that an older codeplan made goes on with nothing lost and nothing invented."""

import json
import sqlite3
from importlib import resources
from pathlib import Path

from codeplan.plan.rules import ONE
from codeplan.store.sqlite.store import open_store
from support.meters import NOON, HandClock

FIRST = "2026-11-24-01-first.sql"
HOLD = {"window_id": "w", "rule": "5hour", "units": 1, "taken_before": 2, "limit": 120}


def _old_database(path: Path) -> None:
    script = (resources.files("codeplan.store.migrations") / "sqlite" / FIRST).read_text()
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at INTEGER) STRICT")
    connection.execute("INSERT INTO migrations VALUES (?, 0)", (FIRST,))
    connection.execute("INSERT INTO windows VALUES ('w', 'sub_1', '5hour', ?, ?, 3, 1)",
                       (NOON, NOON + 10**6))  # fmt: skip
    for name, state, running in (("prompt_a", "settled", 0), ("prompt_b", "reserved", 1)):
        connection.execute(
            "INSERT INTO prompts VALUES ('acc_1', ?, 'sub_1', 's', 'c', 's', 1, 'h', 'opencode',"
            " ?, ?, ?, 1, ?, 1, 0, ?, '')",
            (name, NOON, NOON, state, running, json.dumps([HOLD])),
        )
    connection.execute(
        "INSERT INTO calls VALUES ('acc_1', 'req_1', 'prompt_a', 'sub_1', 'ck_1', 'opencode',"
        " 'openai_chat', 'GLM-4.6', 'glm-4.6', 1, 'a new prompt', ?, 'settled', 'whole', 'gpu',"
        " 'zai-org/GLM-4.6', ?, ?, 10, 4, 0, 6, 0, '')",
        (NOON, NOON, NOON),
    )
    connection.commit()
    connection.close()


async def test_use_is_kept_and_what_ran_is_released(tmp_path: Path) -> None:
    _old_database(tmp_path / "codeplan.db")
    store = await open_store(tmp_path, HandClock())
    (window,) = await store.open_windows("sub_1")
    assert (window.used, window.reserved) == (3 * ONE, 0)
    second, first = await store.prompts("acc_1", 9)
    assert (first.state, first.holds[0].units, first.holds[0].limit) == ("settled", ONE, 120 * ONE)
    assert (second.state, second.open_calls) == ("released", 0)
    hour = NOON - NOON % 3_600_000
    (row,) = await store.usage("acc_1", hour, hour + 3_600_000, 3_600_000)
    assert (row.calls, row.tokens) == (1, 20)
    await store.close()


MONEY = "2026-11-25-01-money.sql"


async def test_balances_and_subscriptions_are_kept(tmp_path: Path) -> None:
    """Of a codeplan that counted balances in minor units, and cancelled by a mark of its own."""
    folder = resources.files("codeplan.store.migrations") / "sqlite"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    connection = sqlite3.connect(tmp_path / "codeplan.db")
    connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at INTEGER) STRICT")
    for name in (name for name in names if name <= MONEY):
        connection.executescript((folder / name).read_text("utf-8"))
        connection.execute("INSERT INTO migrations VALUES (?, 0)", (name,))
    connection.execute("INSERT INTO accounts VALUES ('acc_1', 'a@b.c', 'subscriber', '', 0, 1)")
    connection.execute("INSERT INTO catalogues VALUES ('v', x'5b5d', 0)")
    for name, cancelled in (("sub_1", 0), ("sub_2", 1)):
        connection.execute(
            "INSERT INTO subscriptions VALUES (?, 'acc_1', 'lite', 'v', 'month', 'active', ?, ?,"
            " 'CNY', ?)",
            (name, NOON, NOON + 10**9, cancelled),
        )
    connection.execute("INSERT INTO entries VALUES ('entry_1', ?, 'acc_1', 'CNY', 'top_up', 'x')",
                       (NOON,))  # fmt: skip
    for account, amount in (("cash/acc_1", 4000), ("paid/manual", -4000)):
        connection.execute(
            "INSERT INTO postings VALUES ('entry_1', ?, 'CNY', ?)", (account, amount)
        )
    connection.commit()
    connection.close()
    store = await open_store(tmp_path, HandClock())
    assert (await store.balances("acc_1"))["CNY"].total_minor == 40_00
    assert await store.contradictions() == []
    found = [await store.subscription(name) for name in ("sub_1", "sub_2")]
    assert [(one.state, one.due_at) for one in found if one] == [
        ("active", NOON + 10**9), ("cancelled", NOON + 10**9),
    ]  # fmt: skip
    (entry,) = await store.entries("acc_1", 9)
    assert {one.account: one.millionths for one in entry.postings}["cash/acc_1"] == 40_00 * ONE
    await store.close()


KEPT = "2026-11-28-03-kept.sql"


def test_what_was_given_back_before_is_not_kept(tmp_path: Path) -> None:
    """Terms learn it from the orders that bought them."""
    folder = resources.files("codeplan.store.migrations") / "sqlite"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    connection = sqlite3.connect(tmp_path / "codeplan.db")
    for name in (name for name in names if name < KEPT):
        connection.executescript((folder / name).read_text("utf-8"))
    for number, refunded in ((1, 15_00), (2, 0)):
        connection.execute(
            "INSERT INTO terms VALUES (?, 'sub_1', 'acc_1', 'lite', 'v', 'month', 'first', 'CNY',"
            " 4000, 4000, 0, 9)",
            (f"term_{number}",),
        )
        body = json.dumps({"term_id": f"term_{number}", "refunded_minor": refunded}).encode()
        connection.execute(
            "INSERT INTO documents VALUES ('order', ?, 'acc_1', 'paid', NULL, 0, ?)",
            (f"order_{number}", body),
        )
    connection.executescript((folder / KEPT).read_text("utf-8"))
    found = connection.execute("SELECT id, refunded_minor FROM terms ORDER BY id").fetchall()
    assert found == [("term_1", 15_00), ("term_2", 0)]
    connection.close()
