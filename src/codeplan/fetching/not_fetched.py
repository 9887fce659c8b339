"""The one error that leaves this folder, and the boundary that holds it: whatever a library raises
becomes a NotFetched; what nobody foresaw is logged with its trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import structlog


class Kind(StrEnum):
    """Why something was not fetched."""

    ADDRESS = "address"  # it is none that can be fetched
    FORBIDDEN = "forbidden"  # it is not of the open Internet, or robots are kept out
    UNREACHABLE = "unreachable"  # no whole answer came
    SLOW = "slow"
    LARGE = "large"
    ANSWERED = "answered"  # the site answered that there is nothing for us
    DAMAGED = "damaged"  # it is not what it says it is
    LOCKED = "locked"  # it needs a password
    NOT_TEXT = "not_text"
    EMPTY = "empty"  # nothing was found in it
    BROKEN = "broken"  # nobody foresaw it; the log has a trace


class NotFetched(Exception):
    """It was not fetched, because …: ``str()`` of it goes on from there, without a full stop.
    ``status``: HTTP's, where the site answered one; else 0."""

    def __init__(self, sentence: str, kind: Kind, status: int = 0) -> None:
        super().__init__(sentence, kind, status)
        self.sentence, self.kind, self.status = sentence, kind, status

    def __str__(self) -> str:
        # Whatever somebody else's server wrote: on one line, and in letters that can be sent.
        words = " ".join(self.sentence.split())[:500].rstrip(". ")
        return words.encode("utf-8", "replace").decode()


@contextmanager
def nothing_else_leaves(doing: str) -> Iterator[None]:
    """Raises NotFetched and nothing else, except what ends a task. ``doing``: for the log."""
    try:
        yield
    except NotFetched:
        raise
    except Exception as problem:
        structlog.get_logger("codeplan").exception("fetching broke", doing=doing)
        raise NotFetched(f"something broke while {doing}", Kind.BROKEN) from problem
