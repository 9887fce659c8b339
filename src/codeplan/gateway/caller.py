"""The caller's side of one exchange: what was asked, and a writer with backpressure.

What brings the bytes (door.py) can be changed; the exchange knows only this.
"""

from typing import Literal, Protocol

Headers = tuple[tuple[bytes, bytes], ...]
# Why a body was not kept: it is over the limit, all bodies together are, or it is large and of
# nobody that is known; "" where it was.
Dropped = Literal["", "too_large", "no_room", "unknown"]


class Caller(Protocol):
    """``path`` without its query, which is ``query``. Header names are lower-case.
    ``keys``: the different keys that it brings, in whatever form. ``dropped``: why its body was
    not kept."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    keys: tuple[str, ...]
    dropped: Dropped

    @property
    def address(self) -> str:
        """Where it calls from, on the network; "" where that is not known."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it has left."""
        ...

    def whole_body(self) -> bytes:
        """The request's body."""
        ...

    def replace_body(self, body: bytes) -> None:
        """Put this in the place of the body, which came in another coding."""
        ...

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer at once with a whole body."""
        ...

    def start_stream(self, status: int, headers: Headers) -> None:
        """Begin an answer that comes in pieces."""
        ...

    def say(self, data: bytes) -> None:
        """Send a piece."""
        ...

    @property
    def behind(self) -> bool:
        """Whether it does not keep up with what it is sent."""
        ...

    async def flush(self) -> None:
        """Wait until the caller keeps up again, or has left."""
        ...

    def drop(self) -> None:
        """End its connection at once: it has left, as far as anybody is concerned."""
        ...

    def end_stream(self, data: bytes) -> None:
        """Send the last piece and end the answer."""
        ...

    def on_gone(self, told: "OnGone | None") -> None:
        """Whom to tell, at most once, when the caller leaves."""
        ...

    def stop_serving(self) -> None:
        """Cancel the task that serves this call."""
        ...


class OnGone(Protocol):
    def __call__(self) -> None: ...
