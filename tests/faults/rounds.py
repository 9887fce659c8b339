"""Rounds of faults: load, something breaks in the middle, and then the promise is checked.

``python -m faults.rounds ROUNDS`` (from tests/) runs the long form on both stores and writes
docs/faults.md.
"""

import asyncio
import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from faults import checker
from faults.crowd import Crowd, Seen
from faults.misbehaving import Misbehaving
from support.database import Server
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

CALLERS = 12
LIMITS = {"5hour": 30, "1week:call": 400, "1day:token": 60_000}
WINDOWS = """windows = [
  { unit = "prompt", per = "5h", limit = 30 }, { unit = "call", per = "1w", limit = 400 },
  { unit = "token", per = "1d", limit = 60000 }]"""
PROMPTS = 'windows = [{ unit = "prompt", per = "5h", limit = 30 }]'
# How long a dead node's calls may stay held, and more for a slow machine.
RELEASED_WITHIN_SECONDS = 30
FAULTS = ("kill", "kill", "kill", "leave", "upstream", "full disk", "database restart")
REPORT = Path(__file__).parents[2] / "docs" / "faults.md"


def _config(base_url: str, windows: str) -> str:
    text = catalogue(base_url, concurrency=8)
    text = text.replace('windows = [{ unit = "prompt", per = "5h", limit = 120 }]', windows)
    text = text.replace("calls_per_prompt = 20", f"calls_per_prompt = {checker.CALLS_PER_PROMPT}")
    return "[service]\nnode_lease_seconds = 1\nread_on_seconds = 2.0\nqueue_seconds = 1.0\n" + text


@dataclass
class World:
    """A service on one kind of store, with everything around it. ``server``: PostgreSQL's.
    ``windows``: of the plan."""

    folder: Path
    seed: int
    server: Server | None = None
    windows: str = WINDOWS
    seen: list[Seen] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.upstream = Misbehaving(self.seed)
        self.rounds = 0

    @contextlib.contextmanager
    def opened(self) -> Iterator["World"]:
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments: tuple[str, ...] = ()
        self.database = str(self.folder / "data" / "codeplan.db")
        if self.server is not None:
            self.database = asyncio.run(self.server.database())
            arguments = ("--database", self.database)
        with ScriptedUpstream(self.upstream.script) as scripted:
            self.service = Service(self.folder, _config(scripted.base_url, self.windows), arguments)
            self.service.start()
            try:
                yield self
            finally:
                self.upstream.let_go()
                self.service.stop()

    def round(self) -> list[str]:
        """One round; the violations found after it."""
        self.rounds += 1
        faults = [fault for fault in FAULTS if self.server or fault != "database restart"]
        fault = self.random.choice(faults)
        self.faults[fault] += 1
        self.upstream.calm = fault == "leave" and self.random.random() < 0.5
        self.upstream.hurries = False
        key = self.service.new_key(f"round-{self.rounds}@example.org")
        leaves = 0.5 if fault == "leave" else 0.1
        crowd = Crowd(self.service, key, self.random.randrange(2**32), leaves, self.seen)
        threads = crowd.start(CALLERS)
        time.sleep(0.1 + self.random.random() * 0.5)
        self._break(fault)
        crowd.stop.set()
        self.upstream.let_go()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        if self.service.process.poll() is not None:
            self.service.start()
        self._wait_until_nothing_runs()
        found = checker.violations(self.database, self.seen, self.upstream.attempts, LIMITS)
        return [f"round {self.rounds} ({fault}, seed {self.seed}): {one}" for one in found]

    def _break(self, fault: str) -> None:
        if fault == "kill":
            self.service.kill()
        elif fault == "full disk":
            self._fill_the_disk(0.2 + self.random.random() * 0.5)
        elif fault == "database restart":
            assert self.server is not None
            self.server.stop()
            time.sleep(self.random.random() * 0.5)
            self.server.start()
            time.sleep(0.3)
        else:
            time.sleep(self.random.random() * 0.5)

    def _fill_the_disk(self, seconds: float) -> None:
        """No file of the store can grow. (The limit that the system has for a process's files
        stands in for a full disk: writes fail in the same place.)"""
        _limit_files(self._writers(), "16384")
        time.sleep(seconds)
        _limit_files(self._writers(), "unlimited")

    def _writers(self) -> list[int]:
        return [self.service.process.pid] if self.server is None else self.server.pids()

    def _wait_until_nothing_runs(self) -> None:
        """(d): within a bounded time nothing is held any more."""
        until = time.monotonic() + RELEASED_WITHIN_SECONDS
        while checker.running(self.database):
            assert time.monotonic() < until, f"(d) round {self.rounds}: still held"
            time.sleep(0.05)


def _limit_files(pids: list[int], size: str) -> None:
    """For processes of another user (PostgreSQL's, where root runs the tests) as that user."""
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            owner = Path(f"/proc/{pid}").stat().st_uid
            subprocess.run(
                ["prlimit", "--pid", str(pid), f"--fsize={size}:unlimited"],
                user=owner if owner != os.geteuid() else None,
                check=False,  # a process may just have ended
                capture_output=True,
            )


def run(world: World, rounds: int) -> None:
    """So many rounds; the first violation ends them."""
    with world.opened():
        for _ in range(rounds):
            found = world.round()
            assert not found, "\n".join(found)


def _long(rounds: int) -> None:
    lines = []
    for kind, windows in itertools.product(("sqlite", "postgres"), (WINDOWS, PROMPTS)):
        counted = "prompts" if windows == PROMPTS else "prompts, calls and tokens"
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            server = stack.enter_context(Server(Path(folder))) if kind == "postgres" else None
            world = World(Path(folder) / "world", 20261125, server, windows)
            began = time.monotonic()
            run(world, rounds // 2)
            minutes = (time.monotonic() - began) / 60
            whole = sum(one.whole for one in world.seen)
            kinds = ", ".join(f"{number} {name}" for name, number in world.faults.most_common())
            lines.append(
                f"| {kind} | {counted} | {rounds // 2} | {kinds} | {len(world.seen):,}"
                f" | {whole:,} | 0 | {minutes:.0f} min |"
            )
            print(lines[-1], flush=True)
    REPORT.write_text(_REPORT.format(lines="\n".join(lines)))


_REPORT = """# Faults

Written by `make faults`. Each round puts {{CALLERS}} callers on a service whose upstream errs,
breaks off and babbles by chance, breaks something in the middle, and then checks the
[promise](promise.md) from outside: what callers saw and what the upstream really sent, against
what the store says ([tests/faults/checker.py](../tests/faults/checker.py)).

| store | the plan counts | rounds | what broke | calls | arrived whole | violations | took |
|---|---|---|---|---|---|---|---|
{lines}
""".replace("{{CALLERS}}", str(CALLERS))

if __name__ == "__main__":
    _long(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
