"""Claude Code's background sessions: started, watched and stopped by its own commands."""

import json
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.tools.base import Ran, run
from support.tools.claude import claude_environment, claude_program


@dataclass
class ClaudeJob:
    """``claude --bg`` in a git repository at ``folder/workspace``, as a person who has started
    Claude Code there before."""

    url: str
    key: str
    folder: Path
    id: str = field(default="", init=False)

    def __enter__(self) -> "ClaudeJob":
        self.workspace = self.folder / "workspace"
        self.workspace.mkdir(parents=True)
        self._environment = claude_environment(self.url, self.key, self.folder)
        trusted = {"projects": {str(self.workspace): {"hasTrustDialogAccepted": True}}}
        settings = {"hasCompletedOnboarding": True, **trusted}
        (self.folder / "home" / ".claude.json").write_text(json.dumps(settings))
        author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "init", "-q", "."], cwd=self.workspace, check=True)
        commit = ["git", *author, "commit", "-q", "--allow-empty", "-m", "first"]
        subprocess.run(commit, cwd=self.workspace, check=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Its service and what runs in it."""
        self._claude("daemon", "stop", "--any")

    def start(self, prompt: str) -> Ran:
        ran = self._claude("--bg", "--permission-mode", "acceptEdits", prompt)
        started = re.search(r"backgrounded · (\w+)", ran.seen)
        assert started, ran.seen
        self.id = started[1]
        return ran

    def state(self) -> str:
        """As ``claude agents`` lists it: working, blocked, done or failed."""
        listed: list[dict[str, Any]] = json.loads(self._claude("agents", "--json", "--all").seen)
        return next(str(job["state"]) for job in listed if job["id"] == self.id)

    def wait_until(self, state: str, timeout: float = 90) -> None:
        until = time.monotonic() + timeout
        while (now := self.state()) != state:
            assert time.monotonic() < until, f"{now}: {self.logs()}"
            time.sleep(0.2)

    def logs(self) -> str:
        return self._claude("logs", self.id).seen

    def _claude(self, *words: str) -> Ran:
        return run([*claude_program(), *words], self.workspace, self._environment, 60)
