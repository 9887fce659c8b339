"""The voice benefit in the page: what a fake microphone plays is recorded, heard and rewritten."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.browser import Visitor, opened_browser
from support.service import Service
from support.speech import COMMIT, HEARD, fields, listening, spoken
from support.upstream import ScriptedUpstream

# How a WebM file begins, which is what Chromium records.
WEBM = b"\x1aE\xdf\xa3"


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Service, ScriptedUpstream]]:
    with listening(tmp_path_factory.mktemp("voice")) as running:
        yield running


@pytest.fixture(scope="module")
def service(both: tuple[Service, ScriptedUpstream]) -> Service:
    return both[0]


@pytest.fixture(scope="module")
def upstream(both: tuple[Service, ScriptedUpstream]) -> ScriptedUpstream:
    return both[1]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One whose microphone is a file."""
    said = spoken(tmp_path_factory.mktemp("spoken") / "said.wav")
    with opened_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={said}",
    ) as opened:
        yield opened


def used(service: Service, key: str) -> tuple[int, int]:
    """Prompts used, and uses of the benefit."""
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        plan = http.get("/api/account/plan").json()
        (voice,) = (
            one for one in http.get("/api/account/benefits").json()["benefits"]
            if one["id"] == "voice"
        )  # fmt: skip
    return plan["windows"][0]["used"], voice["windows"][0]["used"]


def test_a_recording_becomes_a_commit_message(
    visit: Callable[..., Visitor], service: Service, upstream: ScriptedUpstream
) -> None:
    key = service.new_key("speaks@example.org")
    visitor = visit()
    visitor.sign_in_with_key(key)
    page = visitor.goto("benefits")
    section = page.locator("section", has=page.get_by_role("heading", name="Dictation"))
    section.get_by_role("button", name="Claim").click()
    page.get_by_text("It is yours.").wait_for()
    page.get_by_role("link", name="Open voice input").click()
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator("[data-recording]")).to_have_text(re.compile(r"… ([2-9]|\d\d) s"))
    page.get_by_role("button", name="Stop").click()
    text = page.get_by_label("What was heard")
    expect(text).to_have_value(HEARD)
    recorded = next(call for call in upstream.calls if call.path.endswith("/transcriptions"))
    assert fields(recorded)["file"].startswith(WEBM)
    assert len(fields(recorded)["file"]) > 2_000
    page.get_by_label("Rewrite").select_option("commit_message")
    page.get_by_role("button", name="Rewrite").click()
    expect(text).to_have_value(COMMIT)
    assert upstream.calls[-1].body["model"] == "up/GLM-4.6"
    assert used(service, key) == (0, 2)
    expect(page.get_by_text(re.compile("3 of 5 left")).first).to_be_visible()
    assert visitor.complaints == []


def test_files_that_are_none_and_a_benefit_that_is_over(
    visit: Callable[..., Visitor], service: Service, tmp_path: Path
) -> None:
    key = service.new_key("chooses@example.org")
    visitor = visit()
    visitor.sign_in_with_key(key)
    page = visitor.goto("benefits/voice")
    expect(page.get_by_text("This benefit does not run for you.")).to_be_visible()
    page = visitor.goto("benefits")
    page.get_by_role("button", name="Claim").first.click()
    page.get_by_text("It is yours.").wait_for()
    large, text = tmp_path / "long.wav", tmp_path / "note.wav"
    large.write_bytes(b"RIFF" + bytes(26 * 1024**2))
    text.write_text("This is a text.\n" * 40)
    for file, told in (
        (large, "That file is larger than is taken."),
        (text, "this one is none, whatever its name says"),
    ):
        page = visitor.goto("benefits/voice")
        page.get_by_label("Or a recording").set_input_files(file)
        page.get_by_role("button", name="To text").click()
        expect(page.get_by_role("alert")).to_contain_text(told)
    assert used(service, key) == (0, 0)
    service.cli("admin", "clock", "chooses@example.org", "--days", "40",
                "--url", service.url, "--data", str(service.data))  # fmt: skip
    page = visitor.goto("benefits")
    expect(page.get_by_text("It ended with the plan that brought it.")).to_be_visible()
    page = visitor.goto("benefits/voice")
    page.get_by_label("What was heard").fill("some text")
    page.get_by_role("button", name="Rewrite").click()
    expect(page.get_by_role("alert")).to_contain_text("Dictation ended with the plan")
