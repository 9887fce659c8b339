"""Bringing a database to the schema that this code knows; refusing one that it does not."""

import sqlite3
from importlib import resources

from codeplan.store.base import StoreFailed, UnknownSchema

_FOLDER = resources.files("codeplan.store.migrations") / "sqlite"


def migrate(connection: sqlite3.Connection, now: int) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own; the names applied.

    Raises UnknownSchema, StoreFailed.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER) STRICT"
    )
    known = sorted(item.name for item in _FOLDER.iterdir() if item.name.endswith(".sql"))
    applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
    unknown = sorted(applied - set(known))
    if unknown:
        raise UnknownSchema(unknown[-1])
    missing = [name for name in known if name not in applied]
    for name in missing:
        _apply(connection, name, now)
    return missing


def _apply(connection: sqlite3.Connection, name: str, now: int) -> None:
    script = (_FOLDER / name).read_text("utf-8")
    try:
        # executescript commits by itself, so the transaction is written into the script.
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nINSERT INTO migrations VALUES ('{name}', {now});\nCOMMIT;"
        )
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise StoreFailed(f"migration {name}: {error}") from error
