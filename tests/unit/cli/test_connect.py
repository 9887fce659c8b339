"""What a person sees of `codeplan connect`: the change, its warnings, the question, the end."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codeplan.cli import connect as module
from codeplan.cli import trial
from codeplan.cli.connect import connect
from codeplan.cli.disconnect import disconnect
from codeplan.clients.set_up import Plan

KEY = "cp-secret0123456789abcdef"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and a service whose plan has two models; no tool is on the path."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith(("CLAUDE", "ANTHROPIC", "CODEX", "XDG_", "OPENCODE", "CODEPLAN")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        module, "_plan", lambda url, key, as_json: Plan(url, key, "glm-4.6", "glm-4.5-air")
    )
    return folder


def run(*words: str, answers: str = "") -> Result:
    command = {"connect": connect, "disconnect": disconnect}[words[0]]
    key = ["--key", KEY] if words[0] == "connect" else []
    return CliRunner().invoke(command, [*words[1:], *key], input=answers)


def put(home: Path, name: str, text: str, mode: int = 0o600) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def when_asked(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> list[str]:
    """Each question is answered with yes, after something happened meanwhile."""
    questions: list[str] = []
    waiting = list(acts)

    def confirm(question: str, **_: object) -> bool:
        questions.append(question)
        if waiting:
            waiting.pop(0)()
        return True

    monkeypatch.setattr("click.confirm", confirm)
    return questions


def test_an_edit_while_it_asks_is_kept_and_shown_anew(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(home, ".codex/config.toml", 'model = "a"\n')
    edited = 'model = "a"\n# edit while asked\n'
    questions = when_asked(monkeypatch, lambda: path.write_text(edited))
    result = run("connect", "codex")
    assert result.exit_code == 0, result.output
    assert len(questions) == 2
    assert "A file was changed meanwhile" in result.output
    assert "# edit while asked" in path.read_text()
    run("disconnect", "codex")
    assert path.read_text() == edited


def test_a_read_only_file_is_asked_about(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home, ".claude/settings.json", '{"model":"opus"}', 0o444)
    refused = run("connect", "claude-code", "--yes")
    assert refused.exit_code == 1
    assert "is read-only" in refused.output
    assert path.read_text() == '{"model":"opus"}'
    questions = when_asked(monkeypatch)
    assert run("connect", "claude-code").exit_code == 0
    assert questions == ["Change it all the same?"]
    assert path.stat().st_mode & 0o777 == 0o400
    run("disconnect", "claude-code")
    assert path.stat().st_mode & 0o777 == 0o444


def test_a_folder_that_is_a_file_is_refused_in_one_line(home: Path) -> None:
    put(home, ".claude", "")
    result = run("connect", "claude-code", "--yes")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("codeplan: nothing was changed: ")
    assert "Traceback" not in result.output
    assert "was not connected" in run("disconnect", "claude-code").output


def test_no_key_is_shown(home: Path) -> None:
    settings = {"env": {"ANTHROPIC_API_KEY": "sk-ant-REALSECRET", "GITHUB_TOKEN": "ghp_REALSECRET"}}
    put(home, ".claude/settings.json", json.dumps(settings, indent=2))
    output = run("connect", "claude-code", "--yes").output
    assert "REALSECRET" not in output
    assert KEY not in output
    assert "env.ANTHROPIC_AUTH_TOKEN: cp-…cdef" in output
    assert "env.ANTHROPIC_API_KEY: sk-…CRET -> (taken out)" in output
    assert "GITHUB_TOKEN" not in output


def test_who_else_could_read_the_key_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home, "dotfiles/settings.json", "{}\n", 0o644)
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").symlink_to(path)
    monkeypatch.setenv("PATH", os.defpath)
    for words in (["init", "-q", "."], ["add", path.name]):
        subprocess.run(["git", "-C", str(path.parent), *words], check=True)
    output = run("connect", "claude-code", "--yes", "--no-trial").output
    assert "could be read by others (644)" in output
    assert f"{path} is tracked by git" in output
    assert path.stat().st_mode & 0o777 == 0o600
    run("disconnect", "claude-code")
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_dry_run_changes_nothing(home: Path) -> None:
    path = put(home, ".claude/settings.json", "{}\n")
    result = run("connect", "claude-code", "--dry-run")
    assert "ANTHROPIC_BASE_URL" in result.output
    assert result.output.endswith("nothing was changed.\n")
    assert path.read_text() == "{}\n"
    assert not (home / ".local").exists()


def test_without_the_tool_nothing_is_claimed(home: Path) -> None:
    result = run("connect", "claude-code", "--yes")
    assert "claude is not on the path here, so that no call was tried" in result.output
    assert "uses your plan" not in result.output


def test_what_wins_over_the_settings_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = put(home, "work/.claude/settings.json", '{"env": {"ANTHROPIC_BASE_URL": "http://x"}}')
    monkeypatch.chdir(project.parent.parent)
    output = run("connect", "claude-code", "--yes").output
    assert f"{project} sets env.ANTHROPIC_BASE_URL, which wins over your own settings" in output
    assert "will not use your plan before that is mended" in output


def test_a_variable_of_the_shell_is_outranked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home, ".claude/settings.json", '{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}')
    monkeypatch.setenv("CLAUDE_CODE_USE_BEDROCK", "1")
    monkeypatch.setenv("ANTHROPIC_MODEL", "gpt-5.2")
    run("connect", "claude-code", "--yes")
    environment = json.loads(path.read_text())["env"]
    assert environment["CLAUDE_CODE_USE_BEDROCK"] == "0"
    assert environment["ANTHROPIC_MODEL"] == "glm-4.6"
    run("disconnect", "claude-code")
    assert json.loads(path.read_text()) == {"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_installed_tools_are_listed_with_what_each_would_change(home: Path) -> None:
    nothing = run("connect")
    assert nothing.exit_code == 1
    assert "no tool is on the path here" in nothing.output
    for name in ("claude", "codex", "gemini"):
        program(home.parent / "bin", name, "exit 1")
    put(home, ".codex/config.toml", "model = 1 2\n")
    output = run("connect").output
    assert "Claude Code (codeplan connect claude-code)" in output
    assert f"{home}/.claude/settings.json: would change env.ANTHROPIC_BASE_URL" in output
    assert f"cannot be changed: {home}/.codex/config.toml: it is not TOML" in output
    assert "Gemini CLI (codeplan connect gemini-cli)\n    prints what to put in by hand" in output
    assert not (home / ".claude").exists()


def test_a_tool_that_makes_no_call_is_not_said_to_use_the_plan(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(home.parent / "bin", "claude", 'echo "Not logged in with sk-ant-REALSECRET"; exit 1')
    answers = {"/api/account/plan": {"windows": []}, "/api/usage/prompts?limit=20": {"prompts": []}}
    monkeypatch.setattr(
        trial, "call", lambda method, url, key, as_json: answers[url.removeprefix("http://x")]
    )
    result = run("connect", "claude-code", "--yes", "--url", "http://x")
    assert result.exit_code == 1
    assert "Claude Code is set up, and does not use your plan" in result.output
    assert "Not logged in" in result.output
    assert "REALSECRET" not in result.output
