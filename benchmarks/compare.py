"""One interleaved run of nginx, codeplan and LiteLLM's proxy, one core each; prints a table.

Each server runs alone on core 0 while it is measured (the others are idle); the upstream and the
load share core 1. Load goes to 127.0.0.1 only, and every round ends by its time.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
CONNECTIONS = 32
CODEPLAN = """
[[upstreams]]
name = "bench"
protocol = "openai"
base_url = "http://127.0.0.1:18081/v1"

[[models]]
id = "bench"
routes = [{ upstream = "bench", model = "bench" }]

[[plans]]
id = "bench"
name = "Bench"
windows = [{ unit = "prompt", per = "5h", limit = 1000000000 }]
concurrency = 1000
models = ["bench"]
"""
LITELLM = """
model_list:
  - model_name: bench
    litellm_params:
      model: openai/bench
      api_base: http://127.0.0.1:18081/v1
      api_key: none
litellm_settings:
  telemetry: false
general_settings:
  master_key: sk-bench
"""


@dataclass
class Contender:
    """``calls_per_session``: how many calls in a row belong to one turn."""

    name: str
    url: str
    path: str
    key: str
    calls_per_session: int = 1
    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


@contextmanager
def running(core: int, command: list[str], folder: Path, **environment: str) -> Iterator[None]:
    with (folder / f"{Path(command[0]).name}-{core}.log").open("ab") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "NO_PROXY": "127.0.0.1", **environment},
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def codeplan(folder: Path) -> Iterator[str]:
    """Started as operators start it; the demo subscriber's key."""
    (folder / "codeplan.toml").write_text(CODEPLAN)
    command = ["taskset", "-c", "0", sys.executable, "-m", "codeplan.cli", "up", "--json"]
    command += ["--port", "18083", "--data", "data", "--config", "codeplan.toml"]
    with (folder / "codeplan.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout
    told = ""
    while '"demo_key"' not in told:
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"codeplan did not start: {(folder / 'codeplan.log').read_text()}")
        told += line
    key = re.search(r'"demo_key": "([^"]+)"', told)
    assert key
    try:
        wait_for("http://127.0.0.1:18083/healthz")
        yield key[1]
    finally:
        process.terminate()
        process.wait(30)


def measure(contender: Contender, seconds: int, seed: str) -> float:
    """Requests per second; fails on any answer that is not a success."""
    done = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
         "--timeout", "30s", "-s", str(HERE / "call.lua"), contender.url],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "BENCH_KEY": contender.key,
            "BENCH_PATH": contender.path,
            "BENCH_SEED": seed,
            "BENCH_CALLS_PER_SESSION": str(contender.calls_per_session),
        },
    )  # fmt: skip
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"{contender.name}: calls failed\n{done.stdout}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert rate, done.stdout
    return float(rate[1])


def table(contenders: list[Contender]) -> str:
    rates = {contender.name: contender.median for contender in contenders}
    lines = ["| server | requests/s (median) | lowest–highest | × LiteLLM | share of nginx |",
             "|---|---|---|---|---|"]  # fmt: skip
    for contender in contenders:
        low, high = min(contender.rounds), max(contender.rounds)
        lines.append(
            f"| {contender.name} | {contender.median:,.0f} | {low:,.0f}–{high:,.0f}"
            f" | {contender.median / rates['LiteLLM']:.1f}"
            f" | {contender.median / rates['nginx']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=HERE) as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "temp").mkdir()
        for conf in ("upstream.conf", "proxy.conf"):
            shutil.copy(HERE / conf, folder)
        (folder / "litellm.yaml").write_text(LITELLM)
        nginx = shutil.which("nginx") or "nginx"
        stack.enter_context(running(1, [nginx, "-p", name, "-c", "upstream.conf"], folder))
        stack.enter_context(running(0, [nginx, "-p", name, "-c", "proxy.conf"], folder))
        litellm = [
            str(HERE / ".venv/bin/litellm"),
            "--config",
            "litellm.yaml",
            "--num_workers",
            "1",
        ]
        litellm += ["--host", "127.0.0.1", "--port", "18084"]
        stack.enter_context(running(0, litellm, folder))
        wait_for("http://127.0.0.1:18084/health/liveliness")
        key = stack.enter_context(codeplan(folder))
        ours, path = "http://127.0.0.1:18083", "/api/coding/paas/v4/chat/completions"
        contenders = [
            Contender("nginx", "http://127.0.0.1:18082", "/v1/chat/completions", "none"),
            Contender("codeplan, each call a prompt", ours, path, key),
            Contender("codeplan, 20 calls a prompt", ours, path, key, calls_per_session=20),
            Contender("LiteLLM", "http://127.0.0.1:18084", "/v1/chat/completions", "sk-bench"),
        ]
        for contender in contenders:
            measure(contender, 1, "warm")
        for number in range(chosen.rounds):
            for contender in contenders:
                rate = measure(contender, chosen.seconds, f"round{number}")
                contender.rounds.append(rate)
                print(f"round {number + 1}: {contender.name}: {rate:,.0f}", file=sys.stderr)
    print(table(contenders))
    out = HERE / "out"
    out.mkdir(exist_ok=True)
    figures = {contender.name: contender.rounds for contender in contenders}
    (out / "compare.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
