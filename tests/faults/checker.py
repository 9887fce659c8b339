"""Checks the promise from outside: what callers saw and what the upstream sent, against what the
store says. It uses none of the service's code, only SQL."""

import asyncio
import json
import math
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg

from codeplan.protocol.usage import ESTIMATED
from faults.crowd import Seen
from faults.misbehaving import Attempt

ONE = 1_000_000
CALLS_PER_PROMPT = 3


def rows(database: str, query: str) -> list[dict[str, Any]]:
    """``database``: PostgreSQL's address, or the path of an SQLite file."""
    if database.startswith("postgresql://"):
        return asyncio.run(_postgres_rows(database, query))
    with sqlite3.connect(Path(database), timeout=30) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


async def _postgres_rows(database: str, query: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(database)
    try:
        return [dict(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def running(database: str) -> int:
    """Calls that are not ended, and prompts that are still held; -1 while no one can tell."""
    try:
        return _running(database)
    except (OSError, asyncpg.PostgresError):
        return -1  # the server starts again


def _running(database: str) -> int:
    (row,) = rows(
        database,
        "SELECT (SELECT count(*) FROM calls WHERE state = 'running')"
        " + (SELECT count(*) FROM prompts WHERE state = 'reserved' OR open_calls > 0)"
        " + (SELECT count(*) FROM windows WHERE reserved > 0) AS number",
    )
    return int(row["number"])


def violations(
    database: str, seen: list[Seen], attempts: dict[str, list[Attempt]], limits: dict[str, int]
) -> list[str]:
    """Every sentence of the promise that does not hold, once nothing runs any more."""
    prompts = {row["id"]: row for row in rows(database, "SELECT * FROM prompts")}
    calls = {row["id"]: row for row in rows(database, "SELECT * FROM calls")}
    windows = {row["id"]: row for row in rows(database, "SELECT * FROM windows")}
    hours = rows(database, "SELECT * FROM hours")
    return [
        *_windows(windows, prompts, calls, limits),
        *_prompts(prompts, seen),
        *_calls(prompts, calls, seen, attempts),
        *_sums(calls, prompts, hours),
        *_money(database),
    ]


def _money(database: str) -> list[str]:
    """(f) calls of plans move no money."""
    (row,) = rows(database, "SELECT count(*) AS number FROM entries")
    return [f"(f) {row['number']} entries of money"] if row["number"] else []


def _windows(
    windows: dict[str, Any], prompts: dict[str, Any], calls: dict[str, Any], limits: dict[str, int]
) -> list[str]:
    """(a) none is overdrawn; (d) nothing is held; (e) each is the sum of what was charged in it."""
    found = []
    charged: Counter[str] = Counter()
    for row in [*prompts.values(), *calls.values()]:
        for hold in json.loads(row["holds"]):
            if hold["charged"] is None:
                found.append(f"{row['id']}: a hold that never ended")
            charged[hold["window_id"]] += hold["charged"] or 0
    for window in windows.values():
        name = f"window {window['id']} of {window['rule']}"
        if window["used"] > limits[window["rule"]] * ONE:
            found.append(f"(a) {name} is overdrawn: {window['used']}")
        if window["reserved"]:
            found.append(f"(d) {name} still holds {window['reserved']}")
        if window["used"] != charged[window["id"]]:
            found.append(f"(e) {name} has {window['used']}, charged {charged[window['id']]}")
    return found


def _prompts(prompts: dict[str, Any], seen: list[Seen]) -> list[str]:
    """(b) a turn is charged no more often than its calls make prompts."""
    found = []
    made = Counter(one.session for one in seen)
    charged = Counter(row["session"] for row in prompts.values() if row["state"] == "settled")
    for session, number in charged.items():
        # A prompt that was released begins anew; those that were charged were each filled up.
        if number > math.ceil(made[session] / CALLS_PER_PROMPT):
            found.append(f"(b) {session}: {number} prompts for {made[session]} calls")
    held = [row for row in prompts.values() if row["state"] == "reserved" or row["open_calls"]]
    return found + [f"(d) {r['id']} is still {r['state']}, {r['open_calls']} open" for r in held]


def _calls(
    prompts: dict[str, Any],
    calls: dict[str, Any],
    seen: list[Seen],
    attempts: dict[str, list[Attempt]],
) -> list[str]:
    """(c) what arrived whole is charged, what had no content is not."""
    found = []
    for one in seen:
        row = calls.get(one.request_id)
        sent = [attempt for attempt in attempts.get(one.text, []) if attempt.sent_content]
        if one.whole and one.content:
            if row is None or row["state"] != "settled":
                found.append(f"(c) {one.request_id} arrived whole and is {row and dict(row)}")
            elif prompts[row["prompt_id"]]["state"] != "settled":
                found.append(f"(c) {one.request_id} arrived whole and its prompt is free")
        if row is not None and row["state"] == "settled" and not sent:
            found.append(f"(c) {one.request_id} is charged and the upstream sent no content")
        if row is not None and row["state"] == "settled" and one.status not in (0, 200):
            found.append(f"(c) {one.request_id} is charged and was refused with {one.status}")
    return [*found, *_usage(calls, seen, attempts)]


def _usage(
    calls: dict[str, Any], seen: list[Seen], attempts: dict[str, list[Attempt]]
) -> list[str]:
    """(e) tokens are what the upstream reported, and tokens charged are those tokens."""
    found = []
    for one in seen:
        row = calls.get(one.request_id)
        if row is None or row["state"] != "settled":
            continue
        told = {(a.said.input, a.said.cached, a.said.output) for a in attempts[one.text]}
        figures = (row["input"], row["cached"], row["output"])
        if figures not in told and not _is_estimate(row, figures, told):
            found.append(f"(e) {row['id']} has {figures}, the upstream told {told}")
        for hold in json.loads(row["holds"]):
            if not hold["rule"].endswith(":token"):
                continue
            fits = hold["charged"] == sum(figures) * ONE
            full = hold["charged"] < sum(figures) * ONE and hold["taken_after"] == hold["limit"]
            if not fits and not full:
                found.append(f"(e) {row['id']} is charged {hold['charged']} for {figures}")
    return found


def _is_estimate(row: Any, figures: tuple[int, int, int], told: set[tuple[int, int, int]]) -> bool:
    """Whether a half that the upstream did not tell, or told as 0, is estimated; of an answer that
    somebody cut it may not have told the other half by then either."""
    if row["detail"] != ESTIMATED or not (figures[0] + figures[1] and figures[2]):
        return False
    if row["outcome"] != "whole":
        return True
    return any(
        figures[:2] in (one[:2], figures[:2] if not one[0] + one[1] else None)
        and one[2] in (0, figures[2])
        for one in told
    )


def _sums(calls: dict[str, Any], prompts: dict[str, Any], hours: list[Any]) -> list[str]:
    """(e) sums by the hour are the sums of the calls and of the prompts."""
    settled = [row for row in calls.values() if row["state"] == "settled"]
    due = sum(row["state"] == "settled" for row in prompts.values())
    expected = (
        len(settled), due, *(sum(row[c] for row in settled) for c in ("input", "cached", "output"))
    )  # fmt: skip
    kept = tuple(
        sum(row[c] for row in hours) for c in ("calls", "prompts", "input", "cached", "output")
    )
    return [] if kept == expected else [f"(e) by the hour {kept}, by the call {expected}"]
