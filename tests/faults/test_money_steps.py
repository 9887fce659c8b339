"""Kill -9 between every two steps of a purchase, an upgrade and a renewal: nothing is paid twice,
granted twice or lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.database import Server

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_killed_between_every_two_steps(kind: str, tmp_path: Path, postgres: Server) -> None:
    url = ""
    if kind == "postgres":
        postgres.lets_read(tmp_path)
        url = await postgres.database()
    done = subprocess.run(
        [sys.executable, "-m", "faults.money_steps", kind, str(tmp_path), url],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["killed"] == told["steps"] > 60
    whole = told["whole"]
    assert [one[0] for one in whole["orders"]] == ["paid"] * 3
    assert whole["have"] == [0, 0, 0]
    assert sum(whole["bank"]) == sum(one[1] for one in whole["orders"])
