"""Real tools in homes where something stands in the plan's way: after `codeplan connect` one prompt
of the tool goes through the plan, or what is in the way is named; disconnecting gives the home
back."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.tools.base import home as home_of
from support.tools.cline_cli import stop_daemons
from support.upstream import ScriptedUpstream


class Obstacle(NamedTuple):
    """A home's files, and variables of the shell, in which ``~`` is the home."""

    tool: str
    what: str
    files: dict[str, str]
    shell: Mapping[str, str] = MappingProxyType({})


CLAUDE, OPENCODE, CODEX, QWEN = "claude-code", "opencode", "codex", "qwen-code"
CLAUDE_AT, OPENCODE_AT = ".claude/settings.json", ".config/opencode/opencode.json"
CODEX_AT, QWEN_AT = ".codex/config.toml", ".qwen/settings.json"
CODEX_PROVIDER = """\
# mine
profile = "work"
forced_login_method = "chatgpt"
model_providers.codeplan.name = "x"
model_providers.codeplan.base_url = "http://127.0.0.1:9"
model_providers.codeplan.env_key = "FOO_KEY"
model_providers.codeplan.query_params = { api-version = "1" }

[profiles.work]
model = "gpt-5.2"
model_provider = "openai"
"""
OBSTACLES = [
    Obstacle(CLAUDE, "other providers", {CLAUDE_AT: json.dumps({"env": {
        "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_VERTEX": "1", "AWS_REGION": "us-east-1",
        "ANTHROPIC_API_KEY": "mine", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}})}),
    Obstacle(CLAUDE, "other models", {CLAUDE_AT: json.dumps({"model": "gpt-5.2", "env": {
        "ANTHROPIC_MODEL": "gpt-5.2", "ANTHROPIC_SMALL_FAST_MODEL": "gpt-5-mini"},
        "apiKeyHelper": "echo mine"}, indent=4)}),
    Obstacle(CLAUDE, "the shell", {}, {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_MODEL": "gpt-5.2",
             "ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "CLAUDE_CONFIG_DIR": "~/elsewhere"}),
    Obstacle(OPENCODE, "other providers", {OPENCODE_AT: json.dumps({
        "$schema": "https://opencode.ai/config.json",
        "enabled_providers": ["openai"], "disabled_providers": ["codeplan", "xai"],
        "model": "openai/gpt-5.2", "small_model": "openai/gpt-5-mini",
        "agent": {"build": {"model": "openai/gpt-5.2"}}})}),
    Obstacle(OPENCODE, "two files elsewhere", {
        "xdg/opencode/opencode.json": '// mine\n{"model": "openai/gpt-5"}',
        "xdg/opencode/opencode.jsonc": '// mine\n{\n  "model": "openai/gpt-5",\n}\n'},
        {"XDG_CONFIG_HOME": "~/xdg"}),
    Obstacle(CODEX, "another payer", {CODEX_AT: CODEX_PROVIDER}),
    Obstacle(CODEX, "a folder elsewhere",
             {"elsewhere/config.toml": 'model_providers = { x = { name = "X" } }\r\n'},
             {"CODEX_HOME": "~/elsewhere", "OPENAI_API_KEY": "mine"}),
    Obstacle(QWEN, "other models", {QWEN_AT: json.dumps({
        "security": {"auth": {"selectedType": "qwen-oauth", "enforcedType": "qwen-oauth"}},
        "env": {"OPENAI_BASE_URL": "http://127.0.0.1:9"}, "model": {"name": "qwen3-max"}})}),
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    tools.install()
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="OK"))) as upstream,
        Service(tmp_path_factory.mktemp("connect"), catalogue(upstream.base_url)) as running,
    ):
        yield running


class Shell:
    """A shell of the person whose home is in this folder, with the real tools on its path."""

    def __init__(self, folder: Path, service: Service, shell: Mapping[str, str]) -> None:
        self.environment = home_of(folder)
        self.home = Path(self.environment["HOME"])
        more = {name: value.replace("~", str(self.home)) for name, value in shell.items()}
        path = f"{tools.install()}:{self.environment['PATH']}"
        self.environment |= {"PATH": path, "CODEPLAN_KEY": service.key, **more}
        self.environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1"
        self.url = service.url
        self.workspace = folder / "workspace"
        self.workspace.mkdir()

    def codeplan(self, *words: str) -> tuple[int, Any, str]:
        """Its status, its JSON, and what it said beside."""
        more = ["--url", self.url, "--yes"] if words[0] == "connect" else []
        try:
            done = subprocess.run(
                [sys.executable, "-m", "codeplan.cli", *words, *more, "--json"],
                capture_output=True,
                text=True,
                timeout=180,
                cwd=self.workspace,
                stdin=subprocess.DEVNULL,
                env={**self.environment, "PWD": str(self.workspace)},
            )
        finally:
            stop_daemons(self.workspace)
        return done.returncode, json.loads(done.stdout or "null"), done.stderr


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda one: f"{one.tool}, {one.what}")
def test_one_prompt_goes_through_the_plan(
    obstacle: Obstacle, service: Service, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, service, obstacle.shell)
    for name, text in obstacle.files.items():
        (shell.home / name).parent.mkdir(parents=True, exist_ok=True)
        (shell.home / name).write_bytes(text.encode())
    for place in obstacle.shell.values():
        if place.startswith("~"):
            Path(place.replace("~", str(shell.home))).mkdir(parents=True, exist_ok=True)
    before = service.window()["used"]
    status, connected, said = shell.codeplan("connect", obstacle.tool)
    assert connected["trial"]["outcome"] == "used", said + str(connected)
    assert status == 0
    assert service.window()["used"] == before + 1
    receipt = shell.codeplan("explain", connected["trial"]["prompt"], "--url", service.url)[1]
    assert receipt["prompt"]["client"] == obstacle.tool
    status, taken_back, said = shell.codeplan("disconnect", obstacle.tool)
    assert status == 0, said
    for name, text in obstacle.files.items():
        now = (shell.home / name).read_bytes().decode()
        if name in (QWEN_AT,):
            # It adds the version of its settings, and writes its file anew.
            assert json.loads(now) == {**json.loads(text), "$version": json.loads(now)["$version"]}
        else:
            assert now == text, taken_back


def test_what_a_project_says_is_named(service: Service, tmp_path: Path) -> None:
    """Nobody but the project's people may change it."""
    shell = Shell(tmp_path, service, {})
    project = shell.workspace / ".claude/settings.json"
    project.parent.mkdir()
    project.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}}))
    status, connected, said = shell.codeplan("connect", CLAUDE)
    assert status == 1
    assert connected["trial"]["outcome"] == "not_used"
    (warning,) = connected["warnings"]
    assert warning == f"{project} sets env.ANTHROPIC_BASE_URL, which wins over your own settings"
    assert warning in said
