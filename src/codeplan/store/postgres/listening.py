"""Hearing what other nodes commit: a NOTIFY in the same transaction, and a connection that listens.

What is remembered may be trusted only while this connection is known to work: it is asked every
half second, and a node that was frozen, or whose connection is stalled, trusts nothing.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from codeplan.store.changes import EVERYTHING, Changed, Changes
from codeplan.store.postgres.connections import LOST, Connection

# An older node tells without a text, and hears any text, on this channel.
CHANNEL = "codeplan_accounts"
_ASK_SECONDS = 0.5
_TRUSTED_SECONDS = 1.5
_AGAIN_SECONDS = 0.25
_CONNECT_SECONDS = 5.0
# PostgreSQL takes less than 8,000 bytes.
_MOST_BYTES = 7_000
TELL = "SELECT pg_notify($1, told) FROM unnest($2::text[]) AS told"


async def tell(connection: Connection, changes: Sequence[Changed]) -> None:
    """Have every node hear of it when the transaction commits, and not before."""
    if changes:
        await connection.execute(TELL, CHANNEL, [_written(change) for change in changes])


def _written(change: Changed) -> str:
    text = msgspec.json.encode(change).decode()
    if len(text.encode()) <= _MOST_BYTES:
        return text
    return msgspec.json.encode(Changed(change.kind)).decode()


def _read(text: str) -> Changed:
    """What an older or newer node cannot say in our way may be anything."""
    try:
        return msgspec.json.decode(text, type=Changed)
    except msgspec.MsgspecError:
        return EVERYTHING


class Listening:
    """Publishes what other nodes tell, and this one too; after every break, that anything may have
    changed."""

    def __init__(self, url: str, changes: Changes) -> None:
        self._url, self._changes = url, changes
        self._loop = asyncio.get_running_loop()
        self._proved_at = float("-inf")
        self._task = asyncio.create_task(self._run())

    @property
    def hears(self) -> bool:
        return self._loop.time() - self._proved_at < _TRUSTED_SECONDS

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _told(self, _: Any, __: int, ___: str, text: object) -> None:
        self._changes.publish([_read(str(text))])

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (*LOST, asyncpg.PostgresError):
                pass  # whoever asks the store meanwhile says why
            except Exception as error:  # a node that hears nothing asks the store at every call
                self._loop.call_exception_handler(
                    {"message": "listening broke", "exception": error}
                )
            self._proved_at = float("-inf")
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _listen(self) -> None:
        """Until the connection ends, or does not answer."""
        connection = await asyncpg.connect(
            self._url,
            timeout=_CONNECT_SECONDS,
            server_settings={"application_name": "codeplan listening"},
        )
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.add_listener(CHANNEL, self._told)
            # What was told before it listened, nobody heard.
            self._changes.publish([EVERYTHING])
            while True:
                asked_at = self._loop.time()
                # Whatever was told before comes before the answer.
                await connection.fetchval("SELECT 1", timeout=_TRUSTED_SECONDS)
                self._proved_at = asked_at
                await asyncio.sleep(_ASK_SECONDS)
        finally:
            with contextlib.suppress(*LOST):
                connection.terminate()
