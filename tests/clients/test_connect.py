"""`codeplan connect`, then the real tool with nothing else said, then `codeplan disconnect`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
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


def codeplan(home: Path, *words: str, **environment: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "codeplan.cli", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(home), **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    key = environment.get("CODEPLAN_KEY")
    if key:
        assert key not in done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("tool", RICH)
@pytest.mark.parametrize("home_is", ["empty", "rich"])
def test_connect_run_disconnect(tool: str, home_is: str, tmp_path: Path) -> None:
    tools.install()
    home = tmp_path / "home"
    name, content = RICH[tool]
    if home_is == "rich":
        (home / name).parent.mkdir(parents=True)
        (home / name).write_bytes(content)
    with (
        ScriptedUpstream(lambda asked: answer(asked, Said(text="It adds numbers."))) as upstream,
        Service(tmp_path, catalogue(upstream.base_url)) as service,
    ):
        home.mkdir(exist_ok=True)
        changed = codeplan(
            home, "connect", tool, "--url", service.url, "--yes", CODEPLAN_KEY=service.key
        )
        assert changed == {"tool": tool, "files": [str(home / name)], "changed": True}
        ran = tools.configured(tool, "What does add do?", tmp_path)
        assert "It adds numbers." in ran.seen, ran.seen
        assert service.window()["used"] == 1
        assert {client for (client,) in service.rows("SELECT client FROM calls")} == {tool}
        # Some tools write into their file as they run; what they add goes with the rest.
        codeplan(home, "disconnect", tool, "--force")
        if home_is == "rich":
            assert (home / name).read_bytes() == content
        else:
            assert not (home / name).exists()


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
