"""Cline's command line, and the process that it leaves behind."""

import json
import os
import signal
import time
from pathlib import Path

from support.terminal import Terminal
from support.tools.base import Ran, home, install, run


def cline(
    url: str, key: str, prompt: str, folder: Path, timeout: float = 120, continues: bool = False
) -> Ran:
    """Cline's command line, headless, over OpenAI Chat."""
    environment = home(folder) | {"CLINE_TELEMETRY_DISABLED": "1", "CLINE_NO_AUTO_UPDATE": "1"}
    workspace, config = folder / "workspace", str(Path(environment["HOME"]) / ".cline")
    program = str(install() / "cline")
    sign_in = [program, "auth", "-p", "openai-compatible", "-k", key, "-m", "glm-4.6"]
    sign_in += ["-b", f"{url}/api/coding/paas/v4", "--config", config]
    run(sign_in, workspace, environment, timeout)
    command = [program, "--config", config, "-P", "openai-compatible", "-m", "glm-4.6"]
    if continues:
        return _cline_continues([*command], prompt, workspace, environment)
    try:
        return run([*command, "-c", str(workspace), prompt], workspace, environment, timeout)
    finally:
        stop_daemons(workspace)


def _cline_continues(
    command: list[str], prompt: str, workspace: Path, environment: dict[str, str]
) -> Ran:
    """Its last session, on a terminal: without one it continues none. Ends with the answer, which
    a test's model ends with the prompt's first word and a full stop."""
    listed = run([*command[:3], "history", "--json"], workspace, environment, 60)
    session = json.loads(listed.seen)[0]["sessionId"]
    started = time.monotonic()
    try:
        with Terminal([*command, "--id", session], workspace, environment) as terminal:
            terminal.wait_until_still()
            terminal.type(prompt)
            terminal.wait_for(f"{prompt.split(':')[0]}.")
            return Ran(terminal.seen.decode("utf-8", "replace"), 0, time.monotonic() - started)
    finally:
        stop_daemons(workspace)


def stop_daemons(workspace: Path) -> None:
    """Cline leaves a process behind, which names the workspace that it was started for."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--cline-hub-daemon" in words and str(workspace).encode() in words:
            os.kill(int(process.name), signal.SIGKILL)
