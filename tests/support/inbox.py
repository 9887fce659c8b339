"""A real SMTP server that keeps what comes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage, Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Receiving

from support.stripe_server import free_port


class Inbox(Receiving):
    """What came, by whom it was for."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.mails: list[Message | EmailMessage] = []

    def handle_message(self, message: Any) -> None:
        self.mails.append(message)

    def to(self, address: str) -> list[str]:
        return [str(one["subject"]) for one in self.mails if one["to"] == address]

    def text(self, address: str, number: int = 1) -> str:
        """Of that address's letter of that number, once it has come."""
        until = time.monotonic() + 30
        while len(mine := [one for one in self.mails if one["to"] == address]) < number:
            assert time.monotonic() < until, [str(one["to"]) for one in self.mails]
            time.sleep(0.05)
        content: Any = mine[number - 1].get_payload(decode=True)
        return str(content.decode("utf-8"))


@contextmanager
def opened_inbox() -> Iterator[Inbox]:
    box = Inbox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()
