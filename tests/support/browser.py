"""Debian's Chromium, driven by Playwright: installed where it is missing, closed to the outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from support import npm
from support.debian import program

_TOOLS = npm.ROOT / "tests" / "browser" / "tools"
# Chinese pages are looked at with a font that has the letters.
_PACKAGES = ("chromium", "fonts-wqy-zenhei")
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium() -> str:
    """Where it is."""
    return program("chromium", *_PACKAGES)


def tools() -> Path:
    """The folder of axe and of the OpenID Connect provider."""
    return npm.install(_TOOLS, "browser")


@contextmanager
def opened_browser(*arguments: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*_ARGUMENTS, *arguments]
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """One person's browser, with what its pages complained of."""

    context: BrowserContext
    url: str
    page: Page = field(init=False)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def goto(self, path: str) -> Page:
        """A page of the console, whole."""
        answer = self.page.goto(f"{self.url}/console/{path}")
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        return self.page

    def sign_in(self, email: str, password: str) -> None:
        self.goto("sign-in")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_url(lambda url: "sign-in" not in url)

    def sign_in_with_key(self, key: str) -> None:
        self.goto("sign-in")
        self.page.fill("input[name=key]", key)
        self.page.press("input[name=key]", "Enter")
        self.page.wait_for_url("**/console/")

    def close(self) -> None:
        self.context.close()


def new_visitor(browser: Browser, url: str, **options: Any) -> Visitor:
    """``options``: the context's, such as viewport, locale, color_scheme."""
    return Visitor(browser.new_context(**{"locale": "en-US", **options}), url)
