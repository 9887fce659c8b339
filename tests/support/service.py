"""A running codeplan, started by its own command, and what tests ask of it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

CATALOGUE = """
[[upstreams]]
name = "up"
protocol = "{protocol}"
base_url = "{base_url}"

[[models]]
id = "glm-4.6"
routes = [{{ upstream = "up", model = "up/GLM-4.6" }}]
aliases = ["claude-opus-*", "claude-sonnet-*"]

[[models]]
id = "glm-4.5-air"
routes = [{{ upstream = "up", model = "up/GLM-4.5-Air" }}]
aliases = ["claude-haiku-*"]

[[plans]]
id = "lite"
name = "Lite"
windows = [{{ unit = "prompt", per = "5h", limit = {limit} }}]
calls_per_prompt = 20
concurrency = {concurrency}
models = ["glm-4.6", "glm-4.5-air"]
"""


def catalogue(
    base_url: str,
    protocol: str = "openai",
    limit: int = 120,
    clients: str = "",
    concurrency: int = 50,
) -> str:
    """Its one plan ends the text. ``clients``: "": what a plan admits that says nothing of it."""
    text = CATALOGUE.format(
        base_url=base_url, protocol=protocol, limit=limit, concurrency=concurrency
    )
    return f'{text}clients = "{clients}"\n' if clients else text


# As OpenCode sends its calls; a call without them is a bare SDK's.
OPENCODE = {"user-agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.23"}


def opencode(session: str) -> dict[str, str]:
    return {**OPENCODE, "x-session-id": session}


@dataclass
class Service:
    """``config`` is the text of a codeplan.toml, or None for the built-in catalogue."""

    folder: Path
    config: str | None = None
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        command = [sys.executable, "-m", "codeplan.cli", "up", "--port", "0", "--json"]
        command += ["--data", str(self.data), *self.arguments]
        if self.config is not None:
            path = self.folder / "codeplan.toml"
            path.write_text(self.config)
            command += ["--config", str(path)]
        self._log = (self.folder / "log").open("a")
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **self.environment},
        )
        assert self.process.stdout is not None
        # One JSON value, printed once calls can be served.
        self.said = ""
        while not self.said.endswith("}\n") or not _is_json(self.said):
            line = self.process.stdout.readline()
            assert line, f"codeplan ended: {self.log}"
            self.said += line
        self.told = json.loads(self.said)
        self.url: str = self.told["url"]
        if self.told["first_start"]:
            self.first_start: dict[str, str] = self.told["first_start"]
            self.key: str = self.first_start["demo_key"]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> int:
        """As Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._log.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)
        self._log.close()

    def cli(self, *arguments: str) -> Any:
        """A command's JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "codeplan.cli", *arguments, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    def new_key(self, email: str, plan: str | None = "lite") -> str:
        """A new subscriber's key."""
        return str(self.new_account(email, plan)["key"])

    def new_account(self, email: str, plan: str | None = "lite") -> dict[str, Any]:
        """A new subscriber with a key, made in one request."""
        token = (self.data / "operator-token").read_text().strip()
        with self.client() as http:
            made = http.post(
                "/api/admin/accounts",
                headers={"authorization": f"Bearer {token}"},
                json={"email": email, "plan": plan},
            )
        account: dict[str, Any] = made.raise_for_status().json()
        return account

    def account(self, email: str, plan: str | None = "lite") -> dict[str, Any]:
        more = ("--plan", plan) if plan else ()
        made: dict[str, Any] = self.cli(
            "admin", "account", "create", email, *more, "--url", self.url, "--data", str(self.data)
        )
        return made

    def window(self, key: str | None = None) -> dict[str, Any]:
        """The first window of the plan, as the service tells it."""
        with self.client() as http:
            shown = http.get(
                "/api/account/plan", headers={"authorization": f"Bearer {key or self.key}"}
            ).json()
        window: dict[str, Any] = shown["windows"][0]
        return window

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the store itself holds."""
        with sqlite3.connect(self.data / "codeplan.db", timeout=30) as connection:
            return list(connection.execute(query, values))

    def client(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **more)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def in_threads(work: list[Any]) -> None:
    """Run them all at once; the first failure is raised."""
    failures: list[BaseException] = []

    def run(item: Any) -> None:
        try:
            item()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(item,)) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
