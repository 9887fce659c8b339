"""The short form of `make faults`: a few rounds of everything, on both stores."""

from pathlib import Path

import pytest

from faults.rounds import PROMPTS, WINDOWS, World, run
from support.database import Server

ROUNDS = 8


@pytest.mark.parametrize(
    ("kind", "windows"), [("sqlite", WINDOWS), ("sqlite", PROMPTS), ("postgres", WINDOWS)]
)
def test_the_promise_holds_whatever_breaks(
    kind: str, windows: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if kind == "sqlite":
        run(World(tmp_path / "world", 1, windows=windows), ROUNDS)
        return
    # A server of its own, since it is stopped and started again.
    with Server(tmp_path_factory.mktemp("faults")) as server:
        run(World(tmp_path / "world", 2, server, windows), ROUNDS)
