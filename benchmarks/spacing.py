"""Whether a stream keeps its spacing: events 10 ms apart, asked for directly and through codeplan,
passed and translated. Prints how far each gap is from the gap that the upstream really made.

The upstream notes when it sent each event, so that its own timer's error is not counted. All on one
machine: the monotonic clock is the same for both sides.
"""

import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.service import Service, catalogue, opencode

EVENTS = 200
GAP_SECONDS = 0.010
ROUNDS = 5


def event(protocol: str, number: int) -> bytes:
    """One event that carries its number as text, in either protocol."""
    text = f"<{number}>"
    if protocol == "openai":
        chunk = {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"
    delta = {"type": "text_delta", "text": text}
    value = {"type": "content_block_delta", "index": 0, "delta": delta}
    return b"event: content_block_delta\ndata: " + json.dumps(value).encode() + b"\n\n"


OPENING = {
    "openai": b"",
    "anthropic": b'event: message_start\ndata: {"type":"message_start","message":{"id":"x",'
    b'"usage":{"input_tokens":1}}}\n\nevent: content_block_start\ndata: {"type":'
    b'"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
}
CLOSING = {
    "openai": b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n",
    "anthropic": b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    b'"usage":{"output_tokens":1}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
}


class Upstream:
    """Sends `EVENTS` events, and remembers when each left."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.sent: dict[int, float] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = re.search(rb"content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                             b"transfer-encoding: chunked\r\n\r\n")  # fmt: skip
                await self._stream(writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        def send(data: bytes) -> None:
            if data:
                writer.write(b"%x\r\n%b\r\n" % (len(data), data))

        send(OPENING[self.protocol])
        start = time.monotonic()
        for number in range(EVENTS):
            await asyncio.sleep(start + number * GAP_SECONDS - time.monotonic())
            self.sent[number] = time.monotonic()
            send(event(self.protocol, number))
        send(CLOSING[self.protocol])
        writer.write(b"0\r\n\r\n")


async def arrivals(port: int, path: str, headers: dict[str, str], body: bytes) -> dict[int, float]:
    """When each event's number was first seen."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{lines}content-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    found: dict[int, float] = {}
    seen = b""
    while b"0\r\n\r\n" not in seen[-5:]:
        data = await reader.read(65536)
        now = time.monotonic()
        assert data, seen
        seen = seen[-200:] + data
        for match in re.finditer(rb"<(\d+)>", data):
            found.setdefault(int(match[1]), now)
    writer.close()
    return found


def late(sent: dict[int, float], seen: dict[int, float]) -> list[float]:
    """Of each gap between two events: how much it differs from the gap at the sender, in ms."""
    return [1000 * abs((seen[n] - seen[n - 1]) - (sent[n] - sent[n - 1])) for n in range(1, EVENTS)]


async def measure(
    protocol: str, service: Service, caller: str, port: int, upstream: Upstream
) -> None:
    direct: list[float] = []
    through: list[float] = []
    first: list[float] = []
    for number in range(ROUNDS):
        body = json.dumps(
            {
                "model": "glm-4.6",
                "max_tokens": 9,
                "stream": True,
                "messages": [{"role": "user", "content": f"{number}"}],
            }
        ).encode()
        seen = await arrivals(port, "/v1/x", {}, body)
        direct += late(upstream.sent, seen)
        path = {
            "openai": "/api/coding/paas/v4/chat/completions",
            "anthropic": "/api/anthropic/v1/messages",
        }[caller]
        headers = {**opencode(f"ses_{number}"), "authorization": f"Bearer {service.key}"}
        seen = await arrivals(int(service.url.rsplit(":", 1)[1]), path, headers, body)
        through += late(upstream.sent, seen)
        first.append(1000 * (seen[0] - upstream.sent[0]))
    name = f"{caller} to {protocol}" + (", translated" if caller != protocol else ", passed")

    def p99(values: list[float]) -> float:
        return statistics.quantiles(values, n=100)[98]

    print(
        f"| {name} | {statistics.median(direct):.2f} / {p99(direct):.2f}"
        f" | {statistics.median(through):.2f} / {p99(through):.2f}"
        f" | {statistics.median(first):.2f} |",
        flush=True,
    )


async def main() -> None:
    print("| stream | direct, ms (median / p99) | through codeplan | first event's delay |")
    print("|---|---|---|---|")
    for protocol in ("openai", "anthropic"):
        upstream = Upstream(protocol)
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        config = catalogue(f"http://127.0.0.1:{port}/v1", protocol, limit=100_000)
        with tempfile.TemporaryDirectory() as folder, Service(Path(folder), config) as service:
            for caller in ("openai", "anthropic"):
                await measure(protocol, service, caller, port, upstream)
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
