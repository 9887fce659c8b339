"""Factory's Droid."""

import json
from pathlib import Path

from support.tools.base import Ran, home, install_more, run


def droid(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, then: str = ""
) -> Ran:
    """Droid, headless, over OpenAI Chat. ``then``: a second prompt in the same session. Both are
    typed into one process, which shows no answers: a session that has ended it continues with its
    maker's server only."""
    # Without a key of its maker's, of any form, it does not start.
    environment = home(folder) | {"FACTORY_API_KEY": "fk-none"}
    config = Path(environment["HOME"]) / ".factory"
    config.mkdir(parents=True, exist_ok=True)
    model = {
        "displayName": "GLM",
        "model": "glm-4.6",
        "baseUrl": f"{url}/api/coding/paas/v4",
        "apiKey": key,
        "provider": "generic-chat-completion-api",
        "maxOutputTokens": 131072,
    }
    (config / "settings.json").write_text(json.dumps({"customModels": [model]}))
    command = [str(install_more() / "droid"), "exec", "--auto", "medium", "-m", "custom:glm-4.6"]
    workspace = folder / "workspace"
    if not then:
        return run([*command, prompt], workspace, environment, timeout)
    command += ["--input-format", "stream-json", "-o", "stream-json"]
    lines = [json.dumps({"role": "user", "content": text}) + "\n" for text in (prompt, then)]
    return run(command, workspace, environment, timeout, typed="".join(lines))
