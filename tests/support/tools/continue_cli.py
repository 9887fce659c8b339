"""Continue's command line, over OpenAI Chat."""

import json
from pathlib import Path

from support.tools.base import Ran, home, install_more, run


def continue_cli(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Continue, headless, allowed to write files."""
    environment = home(folder) | {"CONTINUE_TELEMETRY_ENABLED": "0"}
    config = Path(environment["HOME"]) / "continue.yaml"
    model = {
        "name": "GLM-4.6",
        "provider": "openai",
        "model": "glm-4.6",
        "apiBase": f"{url}/api/coding/paas/v4",
        "apiKey": key,
        "roles": ["chat"],
        "capabilities": ["tool_use"],
    }
    # What is JSON is YAML.
    settings = {"name": "codeplan", "version": "1.0.0", "schema": "v1", "models": [model]}
    config.write_text(json.dumps(settings))
    command = [str(install_more() / "cn"), "-p", "--config", str(config), "--allow", "Write"]
    command += ["--resume"] if continues else []
    return run([*command, prompt], folder / "workspace", environment, timeout)
