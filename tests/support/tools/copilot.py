"""GitHub Copilot's command line with a provider of its person's own, in both protocols."""

from pathlib import Path

from support.tools.base import Ran, home, install_more, run


def _copilot(
    kind: str, address: str, key: str, prompt: str, folder: Path, timeout: float, continues: bool
) -> Ran:
    environment = home(folder) | {
        "COPILOT_PROVIDER_TYPE": kind,
        "COPILOT_PROVIDER_BASE_URL": address,
        "COPILOT_PROVIDER_API_KEY": key,
        "COPILOT_MODEL": "glm-4.6",
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
    }
    command = [str(install_more() / "copilot"), *(["--continue"] if continues else [])]
    command += ["-p", prompt, "--allow-all-tools"]
    return run(command, folder / "workspace", environment, timeout)


def copilot_cli(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Copilot CLI, headless, over OpenAI Chat."""
    address = f"{url}/api/coding/paas/v4"
    return _copilot("openai", address, key, prompt, folder, timeout, continues)


def copilot_cli_anthropic(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Copilot CLI, headless, over Anthropic Messages."""
    return _copilot("anthropic", f"{url}/api/anthropic", key, prompt, folder, timeout, continues)
