"""Gemini CLI, over Gemini's protocol."""

import json
from pathlib import Path

from support.tools.base import Ran, home, install, run


def gemini_cli(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Run it headless; ``continues``: its last session."""
    environment = home(folder) | {
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
    return run([*command, "-p", prompt], folder / "workspace", environment, timeout)
