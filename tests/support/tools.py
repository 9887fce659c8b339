"""The real coding tools, installed from npm as tests/clients/tools pins them, and how they run."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support import npm
from support.npm import ROOT
from support.terminal import Terminal

PINNED = ROOT / "tests" / "clients" / "tools"


def install() -> Path:
    """The folder of their programs; fetched once for each lock file."""
    return npm.install(PINNED) / ".bin"


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
    return {**environment, "HOME": str(home), "PATH": npm.path_with_node()}


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


def claude_code(
    url: str,
    key: str,
    prompt: str,
    folder: Path,
    timeout: float = 120,
    continues: bool = False,
    address: str = "/api/anthropic",
    more: tuple[str, ...] = (),
    allowed: tuple[str, ...] = (),
) -> Ran:
    """Claude Code, headless, allowed to write files in ``folder/workspace``. ``continues``: the
    last conversation there. ``allowed``: tools that it need not ask for."""
    environment = _home(folder) | {
        "ANTHROPIC_BASE_URL": f"{url}{address}",
        "ANTHROPIC_AUTH_TOKEN": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    command = [str(install() / "claude"), "-p", prompt, "--permission-mode", "acceptEdits"]
    names = ",".join(("Write", "Edit", "Bash", "Agent", *allowed))
    command += [*more, "--allowedTools", names, *(["-c"] if continues else [])]
    return _run(command, folder / "workspace", environment, timeout)


def _open_code_like(
    name: str, url: str, key: str, prompt: str, folder: Path, timeout: float, more: list[str]
) -> Ran:
    environment = _home(folder)
    config = Path(environment["HOME"]) / ".config" / name
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
    (config / f"{name}.json").write_text(json.dumps(settings))
    command = [str(install() / name), "run", *more, "-m", "codeplan/glm-4.6", prompt]
    return _run(command, folder / "workspace", environment, timeout)


def opencode(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """OpenCode, headless, over OpenAI Chat."""
    more = ["-c"] if continues else []
    return _open_code_like("opencode", url, key, prompt, folder, timeout, more)


def kilo_code(url: str, key: str, prompt: str, folder: Path, timeout: float = 120) -> Ran:
    """Kilo Code's command line, headless, over OpenAI Chat."""
    return _open_code_like("kilo", url, key, prompt, folder, timeout, ["--auto"])


def codex(
    url: str,
    key: str,
    prompt: str,
    folder: Path,
    timeout: float = 120,
    model: str = "glm-4.6",
    continues: bool = False,
    servers: Mapping[str, str] | None = None,
) -> Ran:
    """Codex, headless, over OpenAI Responses. ``servers``: MCP servers' addresses by name, which
    get the same key."""
    environment = _home(folder) | {"CODEPLAN_KEY": key}
    config = Path(environment["HOME"]) / ".codex"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text(
        f"""
model = "{model}"
model_provider = "codeplan"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.codeplan]
name = "codeplan"
base_url = "{url}/api/v1"
env_key = "CODEPLAN_KEY"
wire_api = "responses"
"""
        + "".join(_codex_server(name, at) for name, at in (servers or {}).items())
    )
    command = [str(install() / "codex"), "exec", *(["resume", "--last"] if continues else [])]
    command += ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt]
    return _run(command, folder / "workspace", environment, timeout)


def _codex_server(name: str, address: str) -> str:
    return f"""
[mcp_servers.{name}]
url = "{address}"
bearer_token_env_var = "CODEPLAN_KEY"
"""


def _qwen(
    kind: str, url: str, key: str, prompt: str, folder: Path, timeout: float, continues: bool
) -> Ran:
    environment = _home(folder) | {"QWEN_TELEMETRY_ENABLED": "false"}
    if kind == "openai":
        environment["OPENAI_BASE_URL"] = f"{url}/api/coding/paas/v4"
        environment |= {"OPENAI_API_KEY": key, "OPENAI_MODEL": "glm-4.6"}
    else:
        environment["ANTHROPIC_BASE_URL"] = f"{url}/api/anthropic"
        environment |= {"ANTHROPIC_API_KEY": key, "ANTHROPIC_MODEL": "glm-4.6"}
    config = Path(environment["HOME"]) / ".qwen"
    config.mkdir(parents=True, exist_ok=True)
    settings = {
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "security": {"auth": {"selectedType": kind}},
    }
    (config / "settings.json").write_text(json.dumps(settings))
    command = [str(install() / "qwen"), "--auth-type", kind, "--yolo", "-m", "glm-4.6"]
    command += ["-c"] if continues else []
    return _run([*command, "-p", prompt], folder / "workspace", environment, timeout)


def qwen_code(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Qwen Code, headless, over OpenAI Chat."""
    return _qwen("openai", url, key, prompt, folder, timeout, continues)


def qwen_code_anthropic(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Qwen Code, headless, in its Anthropic mode."""
    return _qwen("anthropic", url, key, prompt, folder, timeout, continues)


def gemini_cli(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Gemini CLI, headless, over Gemini's protocol."""
    environment = _home(folder) | {
        "GOOGLE_GEMINI_BASE_URL": f"{url}/api/gemini",
        "GEMINI_API_KEY": key,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }
    config = Path(environment["HOME"]) / ".gemini"
    config.mkdir(parents=True, exist_ok=True)
    settings = {
        # Without it the base URL alone makes it choose a way to sign in that it then refuses.
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    (config / "settings.json").write_text(json.dumps(settings))
    command = [str(install() / "gemini"), "-m", "glm-4.6", "--approval-mode", "yolo"]
    command += ["--resume", "latest"] if continues else []
    return _run([*command, "-p", prompt], folder / "workspace", environment, timeout)


def cline(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Cline's command line, headless, over OpenAI Chat."""
    environment = _home(folder) | {"CLINE_TELEMETRY_DISABLED": "1", "CLINE_NO_AUTO_UPDATE": "1"}
    home, workspace = Path(environment["HOME"]), folder / "workspace"
    program, config = str(install() / "cline"), str(home / ".cline")
    sign_in = [program, "auth", "-p", "openai-compatible", "-k", key, "-m", "glm-4.6"]
    sign_in += ["-b", f"{url}/api/coding/paas/v4", "--config", config]
    _run(sign_in, workspace, environment, timeout)
    command = [program, "--config", config, "-P", "openai-compatible", "-m", "glm-4.6"]
    if continues:
        return _cline_continues([*command], prompt, workspace, environment)
    try:
        return _run([*command, "-c", str(workspace), prompt], workspace, environment, timeout)
    finally:
        _stop_daemons(workspace)


def _cline_continues(
    command: list[str], prompt: str, workspace: Path, environment: dict[str, str]
) -> Ran:
    """Its last session, on a terminal: without one it continues none. Ends with the answer, which
    a test's model ends with the prompt's first word and a full stop."""
    listed = _run([*command[:3], "history", "--json"], workspace, environment, 60)
    session = json.loads(listed.seen)[0]["sessionId"]
    started = time.monotonic()
    try:
        with Terminal([*command, "--id", session], workspace, environment) as terminal:
            terminal.wait_until_still()
            terminal.type(prompt)
            terminal.wait_for(f"{prompt.split(':')[0]}.")
            return Ran(terminal.seen.decode("utf-8", "replace"), 0, time.monotonic() - started)
    finally:
        _stop_daemons(workspace)


def _stop_daemons(workspace: Path) -> None:
    """Cline leaves a process behind, which names the workspace that it was started for."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--cline-hub-daemon" in words and str(workspace).encode() in words:
            os.kill(int(process.name), signal.SIGKILL)


# How each tool is run by a person who has configured it: nothing but the prompt.
CONFIGURED: dict[str, list[str]] = {
    "claude-code": ["claude", "-p"],
    "opencode": ["opencode", "run"],
    "kilo-code": ["kilo", "run", "--auto"],
    "codex": ["codex", "exec", "--skip-git-repo-check"],
    "qwen-code": ["qwen", "--yolo", "-p"],
    "cline": ["cline"],
}


def configured(tool: str, prompt: str, folder: Path, timeout: float = 120) -> Ran:
    """The tool, with whatever its home in ``folder/home`` says."""
    program, *words = CONFIGURED[tool]
    workspace = folder / "workspace"
    environment = _home(folder) | {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    try:
        return _run([str(install() / program), *words, prompt], workspace, environment, timeout)
    finally:
        _stop_daemons(workspace)
