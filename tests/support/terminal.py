"""A program on a terminal, as a person sits before it: wait until the screen is still, type, and
read."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

# A screen on which nothing changed for so long waits for its person.
_STILL_SECONDS = 1.0


@dataclass
class Terminal:
    """Runs ``command``; ``seen`` is all that it wrote."""

    command: list[str]
    folder: Path
    environment: dict[str, str]
    seen: bytes = field(default=b"", init=False)

    def __enter__(self) -> "Terminal":
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        self._process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env={**self.environment, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(30)
        os.close(self._ours)

    def wait_until_still(self, timeout: float = 30) -> None:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            before = len(self.seen)
            self._read(_STILL_SECONDS)
            if before == len(self.seen) and before:
                return
        raise AssertionError(f"the screen is never still: {self.seen[-500:]!r}")

    def wait_for(self, word: str, timeout: float = 60) -> None:
        """One word: programs place each on the screen by itself."""
        until = time.monotonic() + timeout
        while word.encode() not in self.seen:
            assert time.monotonic() < until, f"no {word!r} in {self.seen[-1000:]!r}"
            self._read(0.5)

    def type(self, text: str) -> None:
        """The text, and Enter when it stands on the screen. A program that is not ready yet loses
        what is typed, so it is typed again."""
        word = text.split()[0].encode()
        for _ in range(10):
            before = len(self.seen)
            os.write(self._ours, text.encode())
            self.wait_until_still()
            if word in self.seen[before:]:
                os.write(self._ours, b"\r")
                return
        raise AssertionError(f"{text!r} never stood on the screen: {self.seen[-500:]!r}")

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if ready:
            self.seen += os.read(self._ours, 65536)
