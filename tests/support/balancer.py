"""One address in front of several: each connection goes to the next server that takes it."""

import asyncio
import contextlib
import itertools
import threading
from dataclasses import dataclass, field


@dataclass
class Balancer:
    """``ports`` of the servers. ``served``: the caller's port of each connection, and the server's
    port that it was given to."""

    ports: list[int]
    served: dict[int, int] = field(default_factory=dict)
    port: int = 0

    def __enter__(self) -> "Balancer":
        self._loop = asyncio.new_event_loop()
        self._next = itertools.count()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2 * len(self.ports)):
            port = self.ports[next(self._next) % len(self.ports)]
            try:
                there, to = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self.served[writer.get_extra_info("peername")[1]] = port
            await asyncio.gather(_pump(reader, to), _pump(there, writer))
            return
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What comes in goes out; an end in one direction is an end in the other."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
