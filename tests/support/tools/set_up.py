"""A tool as its person has set it up: with whatever its home says."""

from pathlib import Path

from support.tools.base import Ran, home, install, run
from support.tools.cline_cli import stop_daemons

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
    environment = home(folder) | {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    try:
        return run([str(install() / program), *words, prompt], workspace, environment, timeout)
    finally:
        stop_daemons(workspace)
