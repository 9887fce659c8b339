"""The coding agent pi, in both of its protocols."""

import json
from pathlib import Path

from support.tools.base import Ran, home, install_more, run


def _pi(
    kind: str, address: str, key: str, prompt: str, folder: Path, timeout: float, continues: bool
) -> Ran:
    environment = home(folder) | {"PI_OFFLINE": "1"}
    config = Path(environment["HOME"]) / ".pi" / "agent"
    config.mkdir(parents=True, exist_ok=True)
    provider = {"baseUrl": address, "api": kind, "apiKey": key, "models": [{"id": "glm-4.6"}]}
    (config / "models.json").write_text(json.dumps({"providers": {"codeplan": provider}}))
    command = [str(install_more() / "pi"), "-p", "--provider", "codeplan", "--model", "glm-4.6"]
    command += ["-c"] if continues else []
    return run([*command, prompt], folder / "workspace", environment, timeout)


def pi(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """pi, headless, over OpenAI Chat."""
    address = f"{url}/api/coding/paas/v4"
    return _pi("openai-completions", address, key, prompt, folder, timeout, continues)


def pi_anthropic(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """pi, headless, over Anthropic Messages."""
    address = f"{url}/api/anthropic"
    return _pi("anthropic-messages", address, key, prompt, folder, timeout, continues)
