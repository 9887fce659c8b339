"""``codeplan doctor``: what is wrong between a person's tools and the service, and what helps."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import click
import httpx
import msgspec

from codeplan.cli.calling import DEFAULT_URL
from codeplan.cli.known_clients import installed
from codeplan.cli.printing import json_option, print_json
from codeplan.dictation.hearing import COMMAND

CLOCK_SECONDS = 120
# Of the service's pauses; pieces that come closer together were kept back on the way.
SMALLEST_GAP_SECONDS = 0.05


class Finding(msgspec.Struct, frozen=True):
    """``mend`` is "" where all is well."""

    check: str
    ok: bool
    says: str
    mend: str = ""


@click.command()
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option("--key", envvar="CODEPLAN_KEY", help="Your key (or CODEPLAN_KEY).")
@json_option
def doctor(url: str, key: str | None, as_json: bool) -> None:
    """Check address, key, plan, clock, streaming and tools; ends with 1 if something is wrong."""
    key = key or click.prompt("Key", hide_input=True, err=True)
    findings = list(_examine(url.rstrip("/"), key))
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.ok else 'BAD'} {finding.check}: {finding.says}")
            if finding.mend:
                click.echo(f"    {finding.mend}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


def _examine(url: str, key: str) -> Iterator[Finding]:
    with httpx.Client(timeout=15) as http:
        try:
            health = http.get(f"{url}/healthz")
            told = health.json()
            assert told["status"] == "ok"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, AssertionError) as error:
            yield Finding(
                "address", False, f"no codeplan answers at {url} ({str(error) or 'wrong answer'}).",
                "Check the address and that the service runs; a tool's address is this one"
                " with a path behind it.",
            )  # fmt: skip
            yield from _tools()
            return
        yield Finding("address", True, f"{url} answers.")
        yield _clock(told.get("time"))
        yield from _plan(http, url, key)
        yield from _voice(http, url, key)
        yield _streaming(http, url)
    yield from _tools()


def _clock(told: str | None) -> Finding:
    if told is None:
        return Finding("clock", False, "the service does not tell its time.", "Update the service.")
    # The person's own clock is what is examined here.
    here = datetime.fromtimestamp(time.time(), UTC)
    apart = abs((here - datetime.fromisoformat(told)).total_seconds())
    if apart > CLOCK_SECONDS:
        return Finding(
            "clock", False, f"this machine's clock is {apart:.0f} seconds off the service's.",
            "Set the clock, else reset times will seem wrong.",
        )  # fmt: skip
    return Finding("clock", True, "this machine's clock agrees with the service's.")


def _plan(http: httpx.Client, url: str, key: str) -> Iterator[Finding]:
    answered = http.get(f"{url}/api/account/plan", headers={"authorization": f"Bearer {key}"})
    if answered.status_code != 200:
        yield Finding(
            "key", False, "the key is not valid: it is unknown, or it was revoked.",
            "Copy the key again, whole; it begins with cp-.",
        )  # fmt: skip
        return
    yield Finding("key", True, "the key is valid.")
    shown = answered.json()
    if shown["plan"] is None:
        yield Finding(
            "plan", False, "the account has no plan that is running.", "Subscribe to a plan."
        )
        return
    for window in shown["windows"]:
        if window["left"] == 0:
            yield Finding(
                "plan", False, f"all {window['limit']} {window['unit']}s of {window['window']} are"
                " used.", f"They come back at {window['resets_at']}.",
            )  # fmt: skip
            return
    left = ", ".join(f"{item['left']} of {item['limit']}" for item in shown["windows"])
    yield Finding("plan", True, f"plan {shown['plan']['name']} has {left} prompts left.")


def _voice(http: httpx.Client, url: str, key: str) -> Iterator[Finding]:
    """Nothing of a plan that has no voice input, or of a key that is none. No model is no fault of
    the person's."""
    answered = http.get(f"{url}/api/account/benefits", headers={"authorization": f"Bearer {key}"})
    if answered.status_code != 200:
        return
    shown = answered.json()
    if any(one["kind"] == "voice" for one in shown["benefits"]):
        model = shown.get("speech_model")
        says = f"{model} hears." if model else f"no speech model is set up ({COMMAND})."
        yield Finding("voice input", True, says)


def _streaming(http: httpx.Client, url: str) -> Finding:
    with http.stream("GET", f"{url}/api/doctor/stream") as answered:
        arrived = [time.monotonic() for line in answered.iter_lines() if line.startswith("data:")]
    gaps = [later - earlier for earlier, later in pairwise(arrived)]
    if not gaps or min(gaps) < SMALLEST_GAP_SECONDS:
        return Finding(
            "streaming", False, "a stream's pieces arrive together: a proxy keeps them back.",
            "Turn buffering off there (nginx: proxy_buffering off), or go around it.",
        )  # fmt: skip
    return Finding("streaming", True, "a stream's pieces arrive as they are sent.")


def _tools() -> Iterator[Finding]:
    found = installed()
    if not found:
        yield Finding("tools", True, "no tool that `codeplan connect` knows is on the path.")
    for client in found:
        program = next(name for name in client.programs if shutil.which(name))
        says, works = _version(program)
        if works:
            yield Finding(client.id, True, f"{client.name} {says} is installed.")
        else:
            mend = f"Install {client.name} again."
            yield Finding(client.id, False, f"{program} does not start: {says}.", mend)


def _version(program: str) -> tuple[str, bool]:
    """What the program says of its version, and whether it started at all."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error), False
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return (lines[0][:80] if lines else ""), done.returncode == 0
