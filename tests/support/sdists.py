"""Source packages of Python, pinned with their hashes and fetched once for each; what is read of
them are files beside the code, which is not installed."""

import fcntl
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from support.npm import INSTALLED


def unpack(pinned: Path, name: str) -> Path:
    """A folder with one folder for each package that ``pinned`` names."""
    into = INSTALLED / name
    into.mkdir(parents=True, exist_ok=True)
    with (into / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = into / "done"
        if not (done.exists() and done.read_bytes() == pinned.read_bytes()):
            done.unlink(missing_ok=True)
            _fetch(pinned, into)
            shutil.copy(pinned, done)
    return into


def _fetch(pinned: Path, into: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
         "--no-build-isolation", "--disable-pip-version-check",
         "--require-hashes", "-r", str(pinned), "-d", str(into)],
        check=True,
        timeout=600,
    )  # fmt: skip
    for archive in into.glob("*.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(into, filter="data")
        archive.unlink()
