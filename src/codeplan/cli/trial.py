"""One call through a tool's own settings, to see whether it uses the plan. The service's receipt
says so, and not the tool's words. It costs a prompt."""

import os
import signal
import subprocess
from typing import Any, Literal

import msgspec

from codeplan.cli.calling import call
from codeplan.cli.editing.showing import shortened, without_secrets
from codeplan.cli.known_clients import program_of
from codeplan.clients.base import Client

PROMPT = "Reply with the word OK and nothing else."
LONGEST_SECONDS = 180
# So many characters of what a tool says are looked at, and shown.
_LOOKED_AT, _LONGEST_SAYING = 3000, 300


class Trial(msgspec.Struct, frozen=True):
    """``outcome``: "used" (``prompt`` is its receipt), "not_used", or "not_tried". ``says``: why,
    as the end of a sentence."""

    outcome: Literal["used", "not_used", "not_tried"]
    says: str
    prompt: str = ""


def tried(client: Client, url: str, key: str, as_json: bool) -> Trial:
    """Let the tool make its call, in the current folder."""
    program = program_of(client)
    if program is None:
        named = f"{client.programs[0]} is not on the path here" if client.programs else "no program"
        return Trial("not_tried", f"{named}, so that no call was tried")
    if not client.headless:
        return Trial(
            "not_tried", f"{client.name} makes no call without its window, so try it there"
        )
    full = _used_up(call("GET", f"{url}/api/account/plan", key, as_json))
    if full:
        return Trial("not_tried", f"{full}, so that no call was tried")
    before = {prompt["id"] for prompt in _newest(url, key, as_json)}
    said, status = _run(
        [program, *(word.format(prompt=PROMPT) for word in client.headless)], client
    )
    for prompt in _newest(url, key, as_json):
        if prompt["id"] not in before and prompt["client"] == client.id:
            return _used(prompt)
    said = said[-_LOOKED_AT:].replace(key, shortened(key))
    words = without_secrets(said).strip()[-_LONGEST_SAYING:] or "nothing"
    return Trial("not_used", f"it made no call to the plan (status {status}); it said: {words}")


def _used(prompt: dict[str, Any]) -> Trial:
    if prompt["state"] == "released":
        says = f"its call was prompt {prompt['id']}, which was free ({prompt['reason']})"
    else:
        says = f"its call was prompt {prompt['id']}, {prompt['units']} charged"
    return Trial("used", says, prompt["id"])


def _newest(url: str, key: str, as_json: bool) -> list[dict[str, Any]]:
    listed = call("GET", f"{url}/api/usage/prompts?limit=20", key, as_json)
    prompts: list[dict[str, Any]] = listed["prompts"]
    return prompts


def _used_up(shown: dict[str, Any]) -> str:
    for window in shown["windows"]:
        if window["left"] == 0:
            return f"the {window['window']} window is used up until {window['resets_at']}"
    return ""


def _run(command: list[str], client: Client) -> tuple[str, int | str]:
    """What it said and its status, after its end or the longest time."""
    environment = {**os.environ, **client.headless_environment}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return str(error), "none"
    try:
        output, _ = process.communicate(timeout=LONGEST_SECONDS)
        return output.decode("utf-8", "replace"), process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return output.decode("utf-8", "replace"), f"none after {LONGEST_SECONDS} s"
