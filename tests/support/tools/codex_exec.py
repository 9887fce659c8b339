"""Codex."""

from collections.abc import Mapping
from pathlib import Path

from support.tools.base import Ran, home, install, run


def codex(
    url: str,
    key: str,
    prompt: str,
    folder: Path,
    timeout: float = 120,
    model: str = "glm-4.6",
    continues: bool = False,
    servers: Mapping[str, str] | None = None,
) -> Ran:
    """Codex, headless, over OpenAI Responses. ``servers``: MCP servers' addresses by name, which
    get the same key."""
    environment = home(folder) | {"CODEPLAN_KEY": key}
    config = Path(environment["HOME"]) / ".codex"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text(
        f"""
model = "{model}"
model_provider = "codeplan"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.codeplan]
name = "codeplan"
base_url = "{url}/api/v1"
env_key = "CODEPLAN_KEY"
wire_api = "responses"
"""
        + "".join(_codex_server(name, at) for name, at in (servers or {}).items())
    )
    command = [str(install() / "codex"), "exec", *(["resume", "--last"] if continues else [])]
    command += ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt]
    return run(command, folder / "workspace", environment, timeout)


def _codex_server(name: str, address: str) -> str:
    return f"""
[mcp_servers.{name}]
url = "{address}"
bearer_token_env_var = "CODEPLAN_KEY"
"""
