"""Claude Code: the newest version that is pinned, and older ones that people still run."""

from collections.abc import Mapping
from pathlib import Path

from support import npm
from support.tools.base import PINNED, Ran, home, install, run

# What `codeplan connect` writes beside address and key.
MAPPED = {
    "ANTHROPIC_DEFAULT_OPUS_MODEL": "glm-4.6",
    "ANTHROPIC_DEFAULT_SONNET_MODEL": "glm-4.6",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "glm-4.5-air",
}


def claude_program(version: str = "") -> list[str]:
    """How one version starts; "": the newest."""
    if not version:
        return [str(install() / "claude")]
    packages = npm.install(PINNED / "claude_code", "claude_code")
    return [str(npm.NODE), str(packages / f"claude-code-{version}" / "cli.js")]


def claude_environment(
    url: str, key: str, folder: Path, address: str = "/api/anthropic", quiet: bool = True
) -> dict[str, str]:
    """The two variables that README names, and what keeps it from its maker's servers. ``quiet``:
    it makes no model call that it can do without."""
    environment = home(folder) | {
        "ANTHROPIC_BASE_URL": f"{url}{address}",
        "ANTHROPIC_AUTH_TOKEN": key,
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
    }
    if quiet:
        environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1"
    return environment


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
    version: str = "",
    variables: Mapping[str, str] = {},
    quiet: bool = True,
) -> Ran:
    """Claude Code, headless, allowed to write files in ``folder/workspace``. ``continues``: the
    last conversation there. ``allowed``: tools that it need not ask for. ``variables``: more of
    its environment."""
    environment = {**claude_environment(url, key, folder, address, quiet), **variables}
    command = [*claude_program(version), "-p", prompt, "--permission-mode", "acceptEdits"]
    names = ",".join(("Write", "Edit", "Bash", "Agent", *allowed))
    command += [*more, "--allowedTools", names, *(["-c"] if continues else [])]
    return run(command, folder / "workspace", environment, timeout)
