"""Bytes sent by hand, for requests that no client library would make."""

import json
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.service import Service, opencode

CHAT = "/api/coding/paas/v4/chat/completions"


class Wire:
    """One connection. ``source``: the address of this machine that it comes from."""

    def __init__(self, service: Service, source: str = "127.0.0.1") -> None:
        address = urlsplit(service.url)
        self.host = address.netloc
        self.socket = socket.create_connection(
            (address.hostname, address.port), 30, source_address=(source, 0)
        )

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_all(self, pieces: Iterable[bytes]) -> int:
        """Send until the service closes; how many bytes left."""
        sent = 0
        try:
            for piece in pieces:
                self.socket.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        return sent

    def head(self, path: str, length: int | str, headers: Mapping[str, str] | None = None) -> bytes:
        fields = {"host": self.host, "content-type": "application/json", **(headers or {})}
        fields["transfer-encoding" if length == "chunked" else "content-length"] = str(length)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode()

    def status(self) -> int:
        """Of the next answer; 0 where the service closed without one."""
        return int(self.until(b"\r\n\r\n")[9:12] or 0)

    def until(self, end: bytes) -> bytes:
        """What comes up to these bytes, or until the service closes."""
        data = b""
        try:
            while end not in data and (piece := self.socket.recv(65536)):
                data += piece
        except ConnectionError:
            pass
        return data


def call(text: str = "Hello", **more: Any) -> bytes:
    """A coding tool's call."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("bash", "edit", "write")]
    message = {"role": "user", "content": text}
    return json.dumps({"model": "glm-4.6", "messages": [message], "tools": tools, **more}).encode()


def key_headers(key: str, session: str = "ses_attack") -> dict[str, str]:
    return {**opencode(session), "authorization": f"Bearer {key}"}


def memory(service: Service) -> int:
    """Bytes that the service's process has in memory."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
