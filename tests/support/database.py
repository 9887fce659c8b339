"""A real PostgreSQL server from its wheel, and databases of their own in it."""

import itertools
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from support.exclusive import exclusive

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of a machine without XDG_RUNTIME_DIR
    import pgserver

_numbers = itertools.count()


@dataclass
class Server:
    """One server in a folder, on a socket there; it can be stopped and started again."""

    folder: Path
    _server: "pgserver.PostgresServer | None" = None

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        # As root it makes a user for the server, the first time on a machine.
        with exclusive("postgres"):
            self._server = pgserver.get_server(self.folder / "pg", cleanup_mode="stop")

    def stop(self) -> None:
        """Running transactions are cut off."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    async def database(self) -> str:
        """The address of a new and empty database."""
        assert self._server is not None
        name = f"test_{os.getpid()}_{next(_numbers)}"
        connection = await asyncpg.connect(self._server.get_uri())
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return str(self._server.get_uri(name))

    def lets_read(self, folder: Path) -> None:
        """Files of that folder may be read by the server, which runs as a user of its own."""
        for one in (folder, *folder.parents):
            if one.stat().st_uid == os.geteuid():
                one.chmod(one.stat().st_mode | 0o055)

    def pids(self) -> list[int]:
        """The processes that do the server's work; not the one that watches over them."""
        assert self._server is not None
        return [child.pid for child in psutil.Process(self._server.get_pid()).children()]
