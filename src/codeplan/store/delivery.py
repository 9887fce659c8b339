"""Telling those who wait for a shared commit what came of their part of it."""

import asyncio
from collections.abc import Sequence
from typing import Any


def deliver(waiting: Sequence["asyncio.Future[Any]"], results: Sequence[Any]) -> None:
    """Each result to its future; one that is an exception is raised there. Whoever waits no more is
    passed over."""
    for future, result in zip(waiting, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
