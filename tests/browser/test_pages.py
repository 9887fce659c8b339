"""Every page, in both languages and both themes, on a phone and on a wide screen: nothing
overflows, nothing is complained of, nothing is left in the other language, axe finds nothing."""

import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from browser.conftest import OPERATOR_PASSWORD
from support.browser import Visitor
from support.npm import ROOT
from support.service import Service

LOCALES = {"en": "en-US", "zh": "zh-CN"}
WIDTHS = (390, 1440)
THEMES = ("light", "dark")
ENTRANCE = ("sign-in", "sign-up", "forgotten", "new-password?token=x", "confirm?token=x")
SUBSCRIBER = (
    "", "usage", "usage?days=30&by=tool&measure=tokens", "usage?days=1", "set-up",
    "set-up/claude-code", "set-up/codex", "set-up/goose", "set-up/cursor", "set-up/roo-code",
    "set-up/vibe", "set-up/zai-mcp-server",
    "set-up/opencode/arrival?since=0", "keys", "plans", "plans/fit",
    "plans/buy?plan=pro&period=month&currency=CNY", "bills", "team", "devices", "benefits",
    "benefits/voice", "mcp",
    "account", "account/second-factor",
)  # fmt: skip
OPERATOR = (
    "operator/", "operator/accounts", "operator/accounts?text=nobody", "operator/plans",
    "operator/upstreams", "operator/cases", "operator/orders?ledger=1", "operator/invoices",
    "operator/programs", "operator/audit", "operator/jobs", "account",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z]{3}")


@pytest.fixture(scope="module")
def english() -> frozenset[str]:
    """What must not be seen on a Chinese page: every sentence that has a translation."""
    with (ROOT / "src/codeplan/console/locales/zh.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans_CN")
    names = {message.id for message in catalogue if isinstance(message.id, str)}
    return frozenset(name for name in names if _WORD.search(name) and "%(" not in name)


def wide(page: Page) -> list[str]:
    """What is wider than the window, and does not scroll by itself."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return [...document.querySelectorAll("body *")]
            .filter((e) => e.getBoundingClientRect().right > wide + 1)
            .filter((e) => !e.closest(".scroll, nav, pre"))
            .slice(0, 5).map((e) => e.outerHTML.slice(0, 160));
        }"""
    )
    return found


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, with where; it need not gather what is right. It is run beside the page's own
    scripts: a policy of the page does not hold it up."""
    page.evaluate(axe)
    found: list[str] = page.evaluate(
        """async () => {
          const result = await axe.run(document, { resultTypes: ["violations"] });
          return result.violations.flatMap((one) => one.nodes.slice(0, 3).map(
            (node) => `${one.id}: ${one.help} at ${node.target} ${node.html.slice(0, 120)}`));
        }"""
    )
    return found


def texts(page: Page) -> set[str]:
    found: list[str] = page.evaluate(
        """() => {
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (walk.nextNode()) found.push(walk.currentNode.textContent.trim());
          return found;
        }"""
    )
    return {text for text in found if text}


@pytest.fixture(scope="module")
def faults_of(axe: str, english: frozenset[str]) -> Callable[..., list[str]]:
    """What is wrong with these pages, as that visitor sees them."""

    def look(visitor: Visitor, paths: tuple[str, ...], language: str) -> Iterator[str]:
        for path in paths:
            page = visitor.goto(path)
            yield from (f"{path}: overflows: {what}" for what in wide(page))
            yield from (f"{path}: {what}" for what in violations(page, axe))
            if language == "zh":
                yield from (f"{path}: not translated: {text}" for text in texts(page) & english)
        yield from visitor.complaints

    return lambda *arguments: list(look(*arguments))


COMBINATIONS = list(product(LOCALES, THEMES, WIDTHS))


def options(language: str, theme: str, width: int) -> dict[str, Any]:
    return {
        "locale": LOCALES[language],
        "color_scheme": theme,
        "viewport": {"width": width, "height": 900},
    }


@pytest.mark.parametrize(("language", "theme", "width"), COMBINATIONS)
def test_a_subscribers_pages(
    visit: Callable[..., Visitor],
    faults_of: Callable[..., list[str]],
    demo_key: str,
    refused_call: str,
    language: str,
    theme: str,
    width: int,
) -> None:
    visitor = visit(**options(language, theme, width))
    faults = faults_of(visitor, ENTRANCE, language)
    visitor.sign_in_with_key(demo_key)
    newest = visitor.page.locator("a[href*='/usage/prompts/']").first.get_attribute("href")
    assert newest is not None
    receipt = newest.removeprefix("/console/")
    refused = f"usage/prompts/{refused_call}"
    faults += faults_of(visitor, (*SUBSCRIBER, receipt, refused), language)
    assert faults == []


@pytest.mark.parametrize(("language", "theme", "width"), COMBINATIONS)
def test_an_operators_pages(
    visit: Callable[..., Visitor],
    faults_of: Callable[..., list[str]],
    service: Service,
    demo_key: str,
    refused_call: str,
    language: str,
    theme: str,
    width: int,
) -> None:
    visitor = visit(**options(language, theme, width))
    visitor.sign_in("operator@localhost", OPERATOR_PASSWORD)
    more = [f"operator/programs/{refused_call}"]
    for page, links in (("operator/accounts", "accounts/acc_"), ("operator/cases", "cases/case_")):
        link = visitor.goto(page).locator(f"a[href*='/{links}']").first.get_attribute("href")
        assert link is not None
        more.append(link.removeprefix("/console/"))
    assert faults_of(visitor, (*OPERATOR, *more), language) == []


def test_screenshots_of_the_main_pages(
    visit: Callable[..., Visitor], demo_key: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With SCREENSHOTS=1 those in docs/ are made anew; each page of theirs is made in every run."""
    import os

    folder = ROOT / "docs" / "screenshots"
    into = folder if os.environ.get("SCREENSHOTS") else tmp_path
    into.mkdir(exist_ok=True)
    wide_light = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
    phone_dark = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    shots = [
        ("overview", "", wide_light, "en-US"),
        ("overview-phone", "", phone_dark, "en-US"),
        ("overview-chinese", "", wide_light, "zh-CN"),
        ("usage", "usage?days=30", wide_light, "en-US"),
        ("plans", "plans", wide_light, "en-US"),
    ]
    for name, path, looks, locale in shots:
        visitor = visit(**looks, locale=locale)
        visitor.sign_in_with_key(demo_key)
        visitor.goto(path).wait_for_load_state("networkidle" if "usage" in path else "load")
        visitor.page.screenshot(path=into / f"{name}.png")
    operator = visit(**wide_light)
    operator.sign_in("operator@localhost", OPERATOR_PASSWORD)
    operator.goto("operator/").wait_for_load_state("networkidle")
    operator.page.screenshot(path=into / "operator-today.png")
    names = {f"{name}.png" for name, *_ in shots} | {"operator-today.png"}
    assert names <= {path.name for path in folder.glob("*.png")}
