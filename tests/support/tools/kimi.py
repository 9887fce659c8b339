"""Kimi Code, in both of its protocols."""

from pathlib import Path

from support.tools.base import Ran, home, install_more, run


def _kimi(
    kind: str, address: str, key: str, prompt: str, folder: Path, timeout: float, continues: bool
) -> Ran:
    environment = home(folder) | {
        "KIMI_MODEL_BASE_URL": address,
        "KIMI_MODEL_API_KEY": key,
        "KIMI_MODEL_PROVIDER_TYPE": kind,
        "KIMI_MODEL_NAME": "glm-4.6",
        "KIMI_DISABLE_TELEMETRY": "1",
        "KIMI_CODE_NO_AUTO_UPDATE": "1",
    }
    command = [str(install_more() / "kimi"), *(["-c"] if continues else []), "-p", prompt]
    return run(command, folder / "workspace", environment, timeout)


def kimi_code(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Kimi Code, headless, over OpenAI Chat."""
    address = f"{url}/api/coding/paas/v4"
    return _kimi("openai", address, key, prompt, folder, timeout, continues)


def kimi_code_anthropic(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Kimi Code, headless, over Anthropic Messages."""
    return _kimi("anthropic", f"{url}/api/anthropic", key, prompt, folder, timeout, continues)
