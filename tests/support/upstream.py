"""An upstream that answers by a script and logs what it was asked and what it sent.

Plain sockets, so that a test can cut an answer at any byte.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Cut:
    """In a reply's pieces: end the connection here, in the middle."""


class Reset:
    """The connection is reset here."""


class Pause:
    """In a reply's pieces: wait until the test opens this gate."""

    def __init__(self) -> None:
        self._gate = threading.Event()
        self.reached = threading.Event()

    def open(self) -> None:
        self._gate.set()

    @property
    def opened(self) -> bool:
        return self._gate.is_set()

    async def wait(self) -> None:
        self.reached.set()
        await asyncio.to_thread(self._gate.wait, 60)


Piece = bytes | Cut | Reset | Pause


@dataclass
class Asked:
    """One call as it came. ``sent``: bytes of the reply's body that left; ``pieces``: how many of
    its pieces."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: Any
    sent: int = 0
    pieces: int = 0
    whole: bool = False


@dataclass
class Reply:
    """``pieces`` of a streamed body, each sent as it stands; or a whole ``body``. ``waits``: for
    this, before the head."""

    status: int = 200
    body: bytes = b""
    pieces: Sequence[Piece] = ()
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    waits: Pause | None = None


Script = Callable[[Asked], Reply]


@dataclass
class ScriptedUpstream:
    """Runs in a thread of its own, so that its time does not hang on the test's."""

    script: Script
    calls: list[Asked] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> "ScriptedUpstream":
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**27)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, _, value in (ln.partition(": ") for ln in lines)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        is_json = raw and "json" in headers.get("content-type", "")
        asked = Asked(method, path, headers, raw, json.loads(raw) if is_json else None)
        self.calls.append(asked)
        reply = self.script(asked)
        if reply.waits is not None:
            await reply.waits.wait()
        head_out = f"HTTP/1.1 {reply.status} X\r\ncontent-type: {reply.content_type}\r\n"
        head_out += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        if not reply.pieces:
            length = f"content-length: {len(reply.body)}\r\n\r\n"
            writer.write((head_out + length).encode() + reply.body)
            await writer.drain()
            asked.sent, asked.whole = len(reply.body), True
            return True
        writer.write((head_out + "transfer-encoding: chunked\r\n\r\n").encode())
        for piece in reply.pieces:
            if isinstance(piece, Cut):
                await writer.drain()
                return False
            if isinstance(piece, Reset):
                await writer.drain()
                writer.transport.abort()
                return False
            if isinstance(piece, Pause):
                await writer.drain()
                await piece.wait()
                continue
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            asked.sent += len(piece)
            asked.pieces += 1
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        asked.whole = True
        return True
