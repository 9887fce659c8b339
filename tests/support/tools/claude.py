"""Claude Code."""

from pathlib import Path

from support.tools.base import Ran, home, install, run


def claude_environment(
    url: str, key: str, folder: Path, address: str = "/api/anthropic"
) -> dict[str, str]:
    return home(folder) | {
        "ANTHROPIC_BASE_URL": f"{url}{address}",
        "ANTHROPIC_AUTH_TOKEN": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


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
    environment = claude_environment(url, key, folder, address)
    command = [str(install() / "claude"), "-p", prompt, "--permission-mode", "acceptEdits"]
    names = ",".join(("Write", "Edit", "Bash", "Agent", *allowed))
    command += [*more, "--allowedTools", names, *(["-c"] if continues else [])]
    return run(command, folder / "workspace", environment, timeout)
