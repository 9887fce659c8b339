"""The short form of `make faults`: a few rounds of everything, on both stores."""

from pathlib import Path

import pytest

from faults.rounds import World, run
from support.database import Server

ROUNDS = 8


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_promise_holds_whatever_breaks(
    kind: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if kind == "sqlite":
        run(World(tmp_path / "world", 1), ROUNDS)
        return
    # A server of its own, since it is stopped and started again.
    with Server(tmp_path_factory.mktemp("faults")) as server:
        run(World(tmp_path / "world", 2, server), ROUNDS)
