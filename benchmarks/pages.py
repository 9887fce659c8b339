"""A million prompts: how long each page of the console takes.

``uv run --extra embedded python benchmarks/pages.py [sqlite|postgres] [PROMPTS]``: starts
codeplan in a temporary folder, makes up a month of eight people, copies it under new accounts
until there are so many prompts, and asks for each page again and again over loopback, one after
the other. Prints the 50th and 95th percentile of each, in milliseconds, with the size of what
came."""

import asyncio
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser.conftest import CATALOGUE
from browser.test_pages import OPERATOR, SUBSCRIBER
from support.console import Pages
from support.database import Server
from support.service import Service

PEOPLE, ASKED, WARM = 8, 60, 5
PASSWORD = "for the benchmark"
# Of one account's rows the ids sort by time and are its own, so that a copy may keep them.
COPIES = (
    "INSERT INTO accounts SELECT 'acc_copy' || n || substr(id, 5), 'copy' || n || email, role,"
    " {accounts} FROM accounts, numbers WHERE email LIKE '%demo.invalid'",
    "INSERT INTO subscriptions SELECT {subscriptions} FROM subscriptions AS s, numbers"
    " WHERE account_id IN (SELECT id FROM accounts WHERE email LIKE 'person%demo.invalid')",
    *(
        f"INSERT INTO {table} SELECT {{{table}}} FROM {table} AS s, numbers WHERE account_id IN"
        " (SELECT id FROM accounts WHERE email LIKE 'person%demo.invalid')"
        for table in ("prompts", "calls", "hours")
    ),
)


def copied(table: str, columns: list[str]) -> str:
    """The columns of a copy: of another account, under another subscription."""
    new = {
        "account_id": "'acc_copy' || n || substr(s.account_id, 5)",
        "subscription_id": "'sub_copy' || n || substr(s.subscription_id, 5)",
        "due_at": "NULL",
    }
    if table == "subscriptions":
        new["id"] = "'sub_copy' || n || substr(s.id, 5)"
    return ", ".join(new.get(name, f"s.{name}") for name in columns)


def statements(columns: dict[str, list[str]]) -> list[str]:
    made = {
        table: copied(table, columns[table])
        for table in ("subscriptions", "prompts", "calls", "hours")
    }
    made["accounts"] = ", ".join(columns["accounts"][3:])
    return [statement.format(**made) for statement in COPIES]


TABLES = ("accounts", "subscriptions", "prompts", "calls", "hours")


def fill_sqlite(path: Path, prompts: int) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in TABLES
        }
        assert columns["accounts"][:3] == ["id", "email", "role"]
        (have,) = connection.execute("SELECT count(*) FROM prompts").fetchone()
        connection.execute("CREATE TEMP TABLE numbers (n INTEGER)")
        numbers = [(n,) for n in range(-(-prompts // have))]
        connection.executemany("INSERT INTO numbers VALUES (?)", numbers)
        for statement in statements(columns):
            connection.execute(statement)
        connection.commit()
        connection.execute("ANALYZE")
        (count,) = connection.execute("SELECT count(*) FROM prompts").fetchone()
    return int(count)


async def fill_postgres(url: str, prompts: int) -> int:
    connection = await asyncpg.connect(url)
    columns = {
        table: [
            row[0]
            for row in await connection.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
                " ORDER BY ordinal_position",
                table,
            )
        ]
        for table in TABLES
    }
    assert columns["accounts"][:3] == ["id", "email", "role"]
    have = await connection.fetchval("SELECT count(*) FROM prompts")
    await connection.execute("CREATE TEMP TABLE numbers (n bigint)")
    await connection.executemany(
        "INSERT INTO numbers VALUES ($1)", [(n,) for n in range(-(-prompts // have))]
    )
    for statement in statements(columns):
        await connection.execute(statement)
    await connection.execute("ANALYZE")
    count: int = await connection.fetchval("SELECT count(*) FROM prompts")
    await connection.close()
    return count


def measure(pages: Pages, paths: tuple[str, ...]) -> list[tuple[str, float, float, int]]:
    found = []
    for path in paths:
        took = []
        for number in range(ASKED + WARM):
            begun = time.perf_counter()
            answer = pages.http.get(f"/console/{path}", headers={"accept-encoding": "identity"})
            spent = (time.perf_counter() - begun) * 1000
            assert answer.status_code == 200, (path, answer.status_code)
            if number >= WARM:
                took.append(spent)
        slowest = statistics.quantiles(took, n=20)[18]
        found.append((path or "(overview)", statistics.median(took), slowest, len(answer.content)))
    return found


def run(service: Service, fill: Any) -> None:
    seeded = service.cli(
        "admin", "seed-demo", "--people", str(PEOPLE), "--url", service.url,
        "--data", str(service.data),
    )  # fmt: skip
    key, once = seeded["key"], service.first_start["operator_password"]
    pages = Pages(service)
    pages.sign_in("operator@localhost", once)
    pages.post("/console/password", password=PASSWORD)
    pages.close()
    service.stop()
    begun = time.monotonic()
    count = fill()
    print(f"{count:,} prompts, filled in {time.monotonic() - begun:.0f} s", flush=True)
    service.start()
    person, operator = Pages(service), Pages(service)
    person.with_key(key)
    newest = person.last.text.split('href="/console/usage/prompts/')[1].split('"')[0]
    operator.sign_in("operator@localhost", PASSWORD)
    # What is summed once a day is summed before.
    operator.get("/console/operator/")
    rows = measure(person, (*SUBSCRIBER, f"usage/prompts/{newest}"))
    rows += measure(operator, OPERATOR)
    print(f"{'page':<52} {'p50 ms':>8} {'p95 ms':>8} {'bytes':>8}")
    for path, middle, slowest, size in rows:
        print(f"{path[:52]:<52} {middle:8.1f} {slowest:8.1f} {size:8}")
    print(f"slowest p95: {max(row[2] for row in rows):.1f} ms")


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    prompts = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    text = CATALOGUE.format(base_url="http://127.0.0.1:1/v1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "sqlite":
            with Service(folder, text) as service:
                run(service, lambda: fill_sqlite(service.data / "codeplan.db", prompts))
            return
        with Server(folder) as server:
            url = asyncio.run(server.database())
            with Service(folder, text, ("--database", url)) as service:
                run(service, lambda: asyncio.run(fill_postgres(url, prompts)))


if __name__ == "__main__":
    main()
