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
