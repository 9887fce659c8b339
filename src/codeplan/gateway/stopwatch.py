"""Times one call from when it came, by the process's own steady clock: what it waited for, and each
try of an upstream. What it says goes onto the call's receipt."""

import asyncio

from codeplan.store.operations import Course, Try

# Of a failure's words so many characters are kept.
_KEPT = 200


class Stopwatch:
    """``queued``, ``booked``: milliseconds, as in `Course`."""

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._came_at = self._now()
        self._tries: list[Try] = []
        self._trying: tuple[str, str, int] | None = None
        self._waited: int | None = None
        self.queued = 0
        self.booked = 0

    def elapsed(self) -> int:
        """Milliseconds since the call came."""
        return round((self._now() - self._came_at) * 1000)

    def begin_try(self, upstream: str, model: str) -> None:
        self._trying = (upstream, model, self.elapsed())

    def end_try(self, why: str = "") -> None:
        """The try that runs, if one does, has brought content, or failed."""
        if self._trying is not None:
            upstream, model, began = self._trying
            took = self.elapsed() - began
            self._tries.append(Try(upstream, model, began, took, why[:_KEPT]))
            self._trying = None

    def content_came(self) -> None:
        """The first content is about to leave."""
        if self._waited is None:
            self._waited = self.elapsed()
            self.end_try()

    def course(self) -> Course:
        return Course(self._waited, self.queued, self.booked, tuple(self._tries))
