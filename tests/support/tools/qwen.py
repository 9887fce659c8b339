"""Qwen Code, in both of its modes."""

import json
from pathlib import Path

from support.tools.base import Ran, home, install, run


def _qwen(
    kind: str, url: str, key: str, prompt: str, folder: Path, timeout: float, continues: bool
) -> Ran:
    environment = home(folder) | {"QWEN_TELEMETRY_ENABLED": "false"}
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
    return run([*command, "-p", prompt], folder / "workspace", environment, timeout)


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
