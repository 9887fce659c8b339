"""`codeplan connect`, then the real tool with nothing else said, then `codeplan disconnect`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codeplan.cli.editing.formats import Document
from support import npm, tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.tools.cline_cli import stop_daemons
from support.upstream import ScriptedUpstream

RICH: dict[str, tuple[str, bytes]] = {
    "claude-code": (
        ".claude/settings.json",
        b'{\n  "includeCoAuthoredBy": false,\n'
        b'  "env": {"FOO": "1", "ANTHROPIC_API_KEY": "x"}\n}\n',
    ),
    "opencode": (
        ".config/opencode/opencode.json",
        b'{\n    "$schema": "https://opencode.ai/config.json",\n    "autoupdate": false, // no\n'
        b'    "share": "disabled"\n}\n',
    ),
    "kilo-code": (".config/kilo/kilo.json", b'{"autoupdate": false, "share": "disabled"}'),
    "codex": (
        ".codex/config.toml",
        b'# mine\nmodel = "gpt-5" # old\ncheck_for_update_on_startup = false\n\n[analytics]\n'
        b"enabled = false\n",
    ),
    "qwen-code": (
        ".qwen/settings.json",
        b'{\n\t// mine\n\t"general": {"disableAutoUpdate": true},\n'
        b'\t"privacy": {"usageStatisticsEnabled": false}\n}\n',
    ),
    "cline": (
        ".cline/data/settings/providers.json",
        b'{"version": 1, "modes": {}, "providers": {}}',
    ),
}  # fmt: skip


# What the tools write into their files as they run.
ADDED = {"$schema", "$version", "permission", "modes"}


def codeplan(home: Path, *words: str, **environment: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "codeplan.cli", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(home), **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    key = environment.get("CODEPLAN_KEY")
    if key:
        assert key not in done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    said = Said(text="It adds numbers.")
    with (
        ScriptedUpstream(lambda asked: answer(asked, said)) as upstream,
        Service(tmp_path_factory.mktemp("service"), catalogue(upstream.base_url)) as running,
    ):
        yield running


@pytest.mark.parametrize("tool", RICH)
def test_an_empty_home(tool: str, service: Service, tmp_path: Path) -> None:
    """The tool itself is let make a call in the end."""
    home, path = tmp_path / "home", f"{tools.install()}:{npm.path_with_node()}"
    home.mkdir()
    before = service.window()["used"]
    words = ("connect", tool, "--url", service.url, "--yes")
    try:
        changed = codeplan(home, *words, CODEPLAN_KEY=service.key, PATH=path, PWD=str(tmp_path))
    finally:
        stop_daemons(tmp_path)
    name, _ = RICH[tool]
    assert changed["files"] == [str(home / name)]
    assert changed["changed"]
    assert changed["trial"]["outcome"] == "used", changed
    assert service.window()["used"] == before + 1
    (client,) = service.rows(
        "SELECT client FROM prompts WHERE id = ?", changed["trial"]["prompt"]
    )[0]  # fmt: skip
    assert client == tool
    codeplan(home, "disconnect", tool)
    if (home / name).exists():  # something that the tool wrote of its own
        assert service.key not in (home / name).read_text()
        assert set(json.loads((home / name).read_text())) <= ADDED


@pytest.mark.parametrize("tool", RICH)
def test_a_rich_home(tool: str, service: Service, tmp_path: Path) -> None:
    """The tool is started by its person, with nothing else said."""
    tools.install()
    home = tmp_path / "home"
    name, content = RICH[tool]
    (home / name).parent.mkdir(parents=True)
    (home / name).write_bytes(content)
    before = service.window()["used"]
    words = ("connect", tool, "--url", service.url, "--yes", "--no-trial")
    changed = codeplan(home, *words, CODEPLAN_KEY=service.key)
    assert changed["trial"]["outcome"] == "not_tried"
    ran = tools.configured(tool, "What does add do?", tmp_path)
    assert "It adds numbers." in ran.seen, ran.seen
    assert service.window()["used"] == before + 1
    codeplan(home, "disconnect", tool)
    now = (home / name).read_bytes()
    if now == content:
        return
    # Some tools write into their file as they run; that stays, and nothing else is different.
    format_ = "toml" if name.endswith("toml") else "json"
    left, former = (Document.of(text, format_).settings() for text in (now, content))
    assert {key: value for key, value in left.items() if key in former} == former
    assert set(left) - set(former) <= ADDED


def test_doctor(tmp_path: Path) -> None:
    programs = tools.install()
    path = f"{programs}:{os.environ['PATH']}"
    with Service(tmp_path, catalogue("http://127.0.0.1:1/v1")) as service:
        found = codeplan(
            tmp_path, "doctor", "--url", service.url, CODEPLAN_KEY=service.key, PATH=path
        )
        checks = {item["check"]: item["ok"] for item in found}
        assert all(checks.values()), found
        assert {"address", "clock", "key", "plan", "streaming", "claude-code"} <= set(checks)
        wrong = subprocess.run(
            [sys.executable, "-m", "codeplan.cli", "doctor", "--url", service.url],
            capture_output=True,
            text=True,
            env={**os.environ, "CODEPLAN_KEY": "cp-wrong"},
        )
        assert wrong.returncode == 1
        assert "BAD key: the key is not valid" in wrong.stdout
        assert "cp-wrong" not in wrong.stdout
    gone = subprocess.run(
        [sys.executable, "-m", "codeplan.cli", "doctor", "--url", service.url],
        capture_output=True,
        text=True,
        env={**os.environ, "CODEPLAN_KEY": service.key},
    )
    assert gone.returncode == 1
    assert "BAD address" in gone.stdout
