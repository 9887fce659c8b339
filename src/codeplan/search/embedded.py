"""An index of the operator's own: Markdown, text and HTML files in folders that he names, in
SQLite's FTS5. Its words are found with their beginnings; Chinese by its trigrams."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from codeplan.search.base import Hit, Query, SearchFailed

_KINDS = {".md", ".txt", ".rst", ".html", ".htm"}
_MOST_FILE = 2 * 1024 * 1024
_MOST_FILES = 50_000
_MOST_FOUND = 1_000
_TITLE = re.compile(
    r"<title[^>]*>(.*?)</title>|^#\s+([^\n]+)$", re.IGNORECASE | re.MULTILINE | re.S
)
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.IGNORECASE | re.S)
_WORDS = re.compile(r"\w+")
_INDEX = """
CREATE VIRTUAL TABLE pages USING fts5(
  title, body, url UNINDEXED, tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE parts USING fts5(title, body, url UNINDEXED, tokenize = trigram);
"""
_ASK = (
    "SELECT title, url, snippet({table}, 1, '', '', ' … ', 64) FROM {table} WHERE {table} MATCH ?"
    " ORDER BY bm25({table}, 4.0, 1.0) LIMIT ?"
)


class Embedded:
    """``folders``: each with the address under which its files are told."""

    name = "embedded"

    def __init__(self, folders: Sequence[tuple[Path, str]]) -> None:
        self._folders = folders
        self._connection: sqlite3.Connection | None = None
        self._building = asyncio.Lock()

    async def search(self, query: Query) -> Sequence[Hit]:
        async with self._building:
            if self._connection is None:
                self._connection = await asyncio.to_thread(self._built)
        try:
            return await asyncio.to_thread(self._search, self._connection, query)
        except sqlite3.Error as problem:
            raise SearchFailed(f"{self.name}: {problem}") from None

    def _built(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.executescript(_INDEX)
        rows = list(self._pages())
        for table in ("pages", "parts"):
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)
        return connection

    def _pages(self) -> Iterator[tuple[str, str, str]]:
        number = 0
        for folder, address in self._folders:
            for path in sorted(folder.rglob("*")):
                fits = path.suffix.lower() in _KINDS and path.is_file()
                if not fits or path.stat().st_size > _MOST_FILE or number >= _MOST_FILES:
                    continue
                number += 1
                yield _page(path, f"{address.rstrip('/')}/{path.relative_to(folder).as_posix()}")

    def _search(self, connection: sqlite3.Connection, query: Query) -> Sequence[Hit]:
        words = _WORDS.findall(query.text)
        if not words:
            return []
        found = self._ask(connection, "pages", " OR ".join(f'"{word}"*' for word in words), query)
        if not found:
            long = [word for word in words if len(word) >= 3]
            asked = " OR ".join(f'"{word}"' for word in long)
            found = self._ask(connection, "parts", asked, query) if long else []
        return [hit for hit in found if not query.domain or query.domain in hit.url]

    def _ask(
        self, connection: sqlite3.Connection, table: str, words: str, query: Query
    ) -> list[Hit]:
        # Those of other sites are left out afterwards.
        number = query.count if not query.domain else _MOST_FOUND
        rows = connection.execute(_ASK.format(table=table), (words, number))
        return [Hit(row[0], row[1], row[2], self.name) for row in rows]

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _page(path: Path, url: str) -> tuple[str, str, str]:
    text = path.read_text("utf-8", errors="replace")
    title = _TITLE.search(text)
    named = (title[1] or title[2]).strip() if title else path.stem
    body = _TAGS.sub(" ", text) if path.suffix.lower().startswith(".htm") else text
    return named, body, url
