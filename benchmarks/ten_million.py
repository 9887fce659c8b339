"""Ten million calls in PostgreSQL: how fast a month's chart, a receipt and the quota answer.

``uv run --extra embedded python benchmarks/ten_million.py [ROWS]``: makes a PostgreSQL server and a
database of its own in a temporary folder, fills it, starts codeplan on it, and asks each address
for many accounts in turn. Prints the 50th and 95th percentile of each, in milliseconds.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from codeplan.kit.instants import DAY
from codeplan.store.postgres.migrate import make_partitions
from support.database import Server
from support.service import Service, catalogue

ACCOUNTS, ASKED = 200, 400
CALLS_PER_PROMPT, BATCH = 20, 500_000
LETTERS = "translate(lpad(to_hex({}), {}, '0'), '0123456789abcdef', 'bcdfghjklmnpqrst')"
HOLD = (
    '[{"window_id":"w","rule":"5hour","units":1000000,"taken_before":0,"limit":120000000,'
    '"charged":1000000,"taken_after":1000000}]'
)


async def fill(url: str, rows: int, accounts: list[tuple[str, str, str]]) -> None:
    """Calls of a year, spread over the accounts, with their prompts and their sums by the hour."""
    connection = await asyncpg.connect(url)
    now = await connection.fetchval("SELECT codeplan_now()")
    async with connection.transaction():
        for month in range(13):
            await make_partitions(connection, now - month * 28 * DAY)
    await connection.execute(
        "CREATE TABLE people (number bigint, account text, subscription text, version text)"
    )
    await connection.executemany(
        "INSERT INTO people VALUES ($1, $2, $3, $4)",
        [(n, *one) for n, one in enumerate(accounts)],
    )
    since, step = now - 360 * DAY, 360 * DAY // rows
    for begin in range(0, rows, BATCH):
        end = min(begin + BATCH, rows)
        await connection.execute(
            f"""
            INSERT INTO calls
            SELECT account, 'req_' || {LETTERS.format("at", 12)} || {LETTERS.format("n", 16)},
              'prompt_' || {LETTERS.format("prompt_at", 12)} || {LETTERS.format("prompt", 16)},
              subscription, 'ck', 'claude-code', 'anthropic', 'claude-sonnet-4', 'glm-4.6', true,
              'a further call of this turn', at, 'settled', 'whole', 'gpu', 'GLM-4.6', at + 300,
              at + 4000, 900, 20000, 0, 250, 0, '', version, '[]', 'node'
            FROM (
              SELECT n, n / {CALLS_PER_PROMPT} AS prompt, {since} + n * {step} AS at,
                {since} + (n / {CALLS_PER_PROMPT}) * {CALLS_PER_PROMPT * step} AS prompt_at
              FROM generate_series({begin}::bigint, {end - 1}::bigint) AS n
            ) AS made JOIN people ON number = prompt % {len(accounts)}
            """,
            timeout=600,
        )
        print(f"{end:,} calls", file=sys.stderr, flush=True)
    await connection.execute(
        f"""
        INSERT INTO prompts
        SELECT account_id, prompt_id, subscription_id, 's', prompt_id, 's', 1, prompt_id,
          'claude-code', min(started_at), max(ended_at), 'settled', count(*), 0, count(*), false,
          '{HOLD}', '', 0
        FROM calls GROUP BY 1, 2, 3
        """,
        timeout=1200,
    )
    await connection.execute(
        """
        INSERT INTO hours
        SELECT account_id, started_at - started_at % 3600000, model, client, count(*), 0,
          sum(input), sum(cached), sum(cache_write), sum(output), sum(reasoning)
        FROM calls GROUP BY 1, 2, 3, 4
        """,
        timeout=1200,
    )
    await connection.execute("VACUUM ANALYZE", timeout=1200)
    size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    print(f"the database has {size}", file=sys.stderr, flush=True)
    await connection.close()


async def some_prompts(url: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT account_id, id FROM prompts TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT $1",
        ASKED,
    )
    await connection.close()
    return [(row["account_id"], row["id"]) for row in rows]


def timed(http: httpx.Client, path: str, key: str) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    answered = http.get(path, headers={"authorization": f"Bearer {key}"})
    took = (time.perf_counter() - began) * 1000
    assert answered.status_code == 200, answered.text
    return took


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        url = asyncio.run(server.database())
        text = catalogue("http://127.0.0.1:1/v1")
        with Service(Path(folder), text, ("--database", url)) as service:
            keys = {}
            for number in range(ACCOUNTS):
                made = service.new_account(f"person-{number}@example.org")
                keys[made["account_id"]] = made["key"]
            people = asyncio.run(subscriptions(url, list(keys)))
            asyncio.run(fill(url, rows, people))
            report(service, keys, asyncio.run(some_prompts(url)))


async def subscriptions(url: str, accounts: list[str]) -> list[tuple[str, str, str]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT account_id, id, catalogue_version FROM subscriptions WHERE account_id = ANY ($1)",
        accounts,
    )
    await connection.close()
    return [tuple(row) for row in rows]


def report(service: Service, keys: dict[str, str], prompts: list[tuple[str, str]]) -> None:
    until = datetime.now(UTC) - timedelta(hours=1)
    span = {
        "startTime": (until - timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S"),
        "endTime": until.strftime("%Y-%m-%d %H:%M:%S"),
    }
    chart = f"/api/monitor/usage/model-usage?{httpx.QueryParams(span)}"
    every = list(keys.values())
    random.Random(1).shuffle(every)
    asked = {
        "a month's chart": [(chart, every[n % len(every)]) for n in range(ASKED)],
        "a receipt": [(f"/api/usage/prompts/{name}", keys[who]) for who, name in prompts],
        "the quota": [
            ("/api/monitor/usage/quota/limit", every[n % len(every)]) for n in range(ASKED)
        ],
    }
    with service.client() as http:
        for name, calls in asked.items():
            took = [timed(http, path, key) for path, key in calls]
            cuts = statistics.quantiles(took, n=100)
            print(f"{name}: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, of {len(took)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
