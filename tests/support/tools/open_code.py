"""OpenCode, and Kilo Code, which is made from it."""

import json
from pathlib import Path

from support.tools.base import Ran, home, install, run


def _open_code_like(
    name: str, url: str, key: str, prompt: str, folder: Path, timeout: float, more: list[str]
) -> Ran:
    environment = home(folder)
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
    return run(command, folder / "workspace", environment, timeout)


def opencode(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """OpenCode, headless, over OpenAI Chat."""
    more = ["-c"] if continues else []
    return _open_code_like("opencode", url, key, prompt, folder, timeout, more)


def kilo_code(url: str, key: str, prompt: str, folder: Path, timeout: float = 120) -> Ran:
    """Kilo Code's command line, headless, over OpenAI Chat."""
    return _open_code_like("kilo", url, key, prompt, folder, timeout, ["--auto"])
