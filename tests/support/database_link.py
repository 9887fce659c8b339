"""The way between a node and its database, in a process of its own, so that a test can stall it: as
a network that passes nothing and says nothing.

``python -m support.database_link SOCKET`` prints the port of 127.0.0.1 that leads there.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TESTS = Path(__file__).parents[1]


class DatabaseLink:
    """``url``: of the database, which listens on a socket in a folder."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._socket = Path(parse_qs(self._parts.query)["host"][0]) / ".s.PGSQL.5432"

    def __enter__(self) -> "DatabaseLink":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.database_link", str(self._socket)],
            cwd=TESTS,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        self._process.kill()
        self._process.wait(30)

    @property
    def url(self) -> str:
        """The database's address by this way."""
        user = self._parts.username or "postgres"
        return f"postgresql://{user}@127.0.0.1:{self._port}{self._parts.path}"

    def stall(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)


async def _serve(socket: str) -> None:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to = await asyncio.open_unix_connection(socket)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, to), _pump(there, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
