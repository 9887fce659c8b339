"""A site that answers byte for byte what it is told to, by the last part of the path."""

import socketserver
from collections.abc import Callable, Mapping
from threading import Thread
from types import TracebackType
from urllib.parse import unquote, urlsplit

# From the headers that came, in lower case, to the whole answer.
Answer = Callable[[Mapping[str, str]], bytes]


def whole(body: bytes, media_type: str = "text/html; charset=utf-8", more: str = "") -> bytes:
    """An answer with its head. ``more``: other headers, each with its line end."""
    kind = f"Content-Type: {media_type}\r\n" if media_type else ""
    head = (
        f"HTTP/1.1 200 OK\r\n{kind}{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def cookie_wall(headers: Mapping[str, str]) -> bytes:
    """Sets a cookie and sends back to itself until it comes."""
    if "seen=1" in headers.get("cookie", ""):
        return whole(b"<html><body><article><p>The article behind the cookie.</p></article></body>")
    return (
        b"HTTP/1.1 302 Found\r\nSet-Cookie: seen=1; Path=/\r\nLocation: /cookie-wall\r\n"
        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    )


class AnsweringSite:
    """``answers``: by name; others are 404. ``asked``: the paths that came, as they came."""

    def __init__(self, answers: Mapping[str, bytes | Answer]) -> None:
        self.answers, self.asked = dict(answers), list[str]()
        site = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                first = self.rfile.readline().decode("latin-1").split()
                headers: dict[str, str] = {}
                while (line := self.rfile.readline()) not in (b"\r\n", b"\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                if len(first) > 1:
                    self.wfile.write(site.answer(first[1], headers))

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Talk)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, target: str, headers: Mapping[str, str]) -> bytes:
        self.asked.append(target)
        answer = self.answers.get(unquote(urlsplit(target).path).strip("/"), NOTHING)
        return answer if isinstance(answer, bytes) else answer(headers)

    def __enter__(self) -> "AnsweringSite":
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
