"""Structured logs: one JSON object a line on standard error, or readable lines on a terminal.

Every line about a call carries the request id that its caller got too. Texts of conversations and
keys are never logged.
"""

import contextlib
import logging
import sys
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import msgspec
import structlog

from codeplan.kit.clock import Clock


def configure(level: int = logging.INFO) -> None:
    """Set up structlog for the process; what libraries log, and what nobody caught, goes there
    too."""
    logging.basicConfig(handlers=[_Forwarding()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    sys.excepthook = lambda *caught: log.critical("nobody caught it", exc_info=caught)
    threading.excepthook = lambda caught: log.error(
        "a thread broke",
        exc_info=(caught.exc_type, caught.exc_value, caught.exc_traceback),
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if sys.stderr.isatty():
        structlog.configure(
            processors=[*shared, structlog.dev.ConsoleRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
        return
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Unfailing(sys.stderr.buffer))),
        cache_logger_on_first_use=True,
    )


class _Forwarding(logging.Handler):
    """Hands on what libraries log, so that every line is of one form."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(record.levelno // 10 * 10, logging.CRITICAL)  # one that structlog has
        try:
            log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # as of every handler: a record must not break whoever logs it
            self.handleError(record)


class _Unfailing:
    """A file whose writing never fails: a log that cannot be written (its disk is full, its reader
    has gone) must not stop a call half way, with something held."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: bytes) -> int:
        with contextlib.suppress(OSError, ValueError):
            return self._file.write(line)
        return len(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()


def _encode(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


log: structlog.typing.FilteringBoundLogger = structlog.get_logger("codeplan")


@dataclass(slots=True)
class Run:
    """The newest run of a job in this process. ``problem``: "" where it went well; ``at``: its
    end; ``every_seconds``: how often it runs."""

    name: str
    every_seconds: float
    at: int
    problem: str
    runs: int = 0


class Runs:
    """What ran by the clock in this process, for whoever looks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest: dict[str, Run] = {}

    def ended(self, name: str, every_seconds: float, problem: str) -> None:
        before = self._newest.get(name)
        number = (before.runs if before else 0) + 1
        self._newest[name] = Run(name, every_seconds, self._clock.now(), problem, number)

    def newest(self) -> list[Run]:
        return sorted(self._newest.values(), key=lambda run: run.name)
