"""Where the tests' coding tools are installed, and how one is run: in a home and a workspace of
its own, headless, with none of the variables of whoever runs the tests."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from support import npm
from support.npm import ROOT

PINNED = ROOT / "tests" / "clients" / "tools"


def install() -> Path:
    """The folder of the main tools' programs; fetched once for each lock file."""
    return npm.install(PINNED) / ".bin"


def install_more() -> Path:
    """The same for the tools of the second lock file."""
    return npm.install(PINNED / "more", "more") / ".bin"


@dataclass(frozen=True)
class Ran:
    """What a tool did: what its person saw, and how long it took in seconds."""

    seen: str
    status: int
    seconds: float


def home(folder: Path) -> dict[str, str]:
    """The environment of a person whose home is ``folder/home``."""
    own = folder / "home"
    own.mkdir(parents=True, exist_ok=True)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OTHERS) and not name.lower().endswith("_proxy")
    }
    return {**environment, "HOME": str(own), "PATH": npm.path_with_node()}


# What would set a tool up otherwise than the test does.
_OTHERS = (
    "ANTHROPIC_", "OPENAI_", "CLAUDE", "XDG_", "CONTINUE_", "KIMI_", "COPILOT_", "GITHUB_", "GH_",
    "PI_", "FACTORY_", "GEMINI_", "GOOGLE_",
)  # fmt: skip


def run(
    command: list[str],
    workspace: Path,
    environment: dict[str, str],
    timeout: float,
    typed: str = "",
) -> Ran:
    """Waits for its end, at most ``timeout`` seconds. ``typed``: what stands on its input."""
    workspace.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", "."], cwd=workspace, check=True)
    with TemporaryFile("w+") as input_:
        input_.write(typed)
        input_.seek(0)
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=workspace,
            env={**environment, "PWD": str(workspace)},
            stdin=input_,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
    return Ran(done.stdout, done.returncode, time.monotonic() - started)
