"""A log that cannot be written stops nothing."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resource, sys
from codeplan.telemetry import configure, log
configure()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for number in range(100):
    log.warning("x" * 1000)
print("done")
"""

ODD = """
import logging
from codeplan.telemetry import configure
configure()
library = logging.getLogger("a library")
library.log(35, "of a level of its own")
library.warning("%d", "no number")
print("done")
"""


def test_an_odd_record_of_a_library_does_not_raise() -> None:
    done = subprocess.run([sys.executable, "-c", ODD], capture_output=True, timeout=60)
    assert done.stdout == b"done\n"
    assert b"of a level of its own" in done.stderr


def test_a_full_disk_does_not_raise(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], stderr=log, stdout=subprocess.PIPE, timeout=60
        )
    assert done.stdout == b"done\n"
