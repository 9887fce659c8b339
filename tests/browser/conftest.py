"""A service with prices and a made-up month, and Chromium to look at it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from support import speech
from support.browser import Visitor, new_visitor, opened_browser, tools
from support.console import Pages
from support.replies import Said, answer
from support.service import Service
from support.upstream import ScriptedUpstream

# A slow machine is no failure.
expect.set_options(timeout=30_000)
OPERATOR_PASSWORD = "operators own 1"
CATALOGUE = """
[service]
time_zone = "Asia/Shanghai"

[[upstreams]]
name = "up"
protocol = "openai"
base_url = "{base_url}"

[[models]]
id = "glm-4.6"
routes = [{{ upstream = "up", model = "up/GLM-4.6" }}]
aliases = ["claude-opus-*", "claude-sonnet-*"]
costs = [{{ currency = "CNY", input = "1.00", cached = "0.10", output = "4.00" }}]

[[models]]
id = "glm-4.5-air"
routes = [{{ upstream = "up", model = "up/GLM-4.5-Air" }}]
aliases = ["claude-haiku-*"]
costs = [{{ currency = "CNY", input = "0.40", cached = "0.04", output = "1.00" }}]

[[plans]]
id = "lite"
name = "Lite"
windows = [
  {{ unit = "prompt", per = "5h", limit = 120 }},
  {{ unit = "prompt", per = "1w", limit = 600, kind = "cycle" }},
]
models = ["glm-4.6", "glm-4.5-air"]
[plans.prices.CNY]
month = "40.00"
quarter = "108.00"
year = "384.00"

[[plans]]
id = "pro"
name = "Pro"
windows = [
  {{ unit = "prompt", per = "5h", limit = 600 }},
  {{ unit = "prompt", per = "1w", limit = 3000, kind = "cycle" }},
]
models = ["glm-4.6", "glm-4.5-air"]
[plans.prices.CNY]
month = "200.00"
quarter = "540.00"
year = "1920.00"

[[packs]]
id = "ten-million"
name = "Ten million tokens"
tokens = 10000000
days = 90
prices = {{ CNY = "30.00" }}

[[promotions]]
id = "opening"
name = "Opening"
from = 2026-01-01
to = 2099-12-31
zone = "Asia/Shanghai"
percent_off = 10
for = ["upgrade"]

[referral]
credit_percent = 10.0

[sign_up]
mode = "open"

[console]
docs_url = "https://docs.example.org/"
community_url = "https://community.example.org/"
promised_tokens_per_second = 40.0

[money]
bank_details = ["Example Bank", "DE00 0000 0000 0000"]
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while it is open its loop runs in this thread, and no other can."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    return (tools() / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(lambda asked: answer(asked, Said("Adds two numbers."))) as scripted:
        yield scripted


@pytest.fixture(scope="session")
def service(
    tmp_path_factory: pytest.TempPathFactory, upstream: ScriptedUpstream
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("browser")
    config = CATALOGUE.format(base_url=upstream.base_url) + speech.CATALOGUE
    with Service(folder, config) as running:
        pages = Pages(running)
        pages.sign_in("operator@localhost", running.first_start["operator_password"])
        pages.post("/console/password", password=OPERATOR_PASSWORD)
        pages.close()
        yield running


@pytest.fixture(scope="session")
def demo_key(service: Service) -> str:
    """The key of a made-up person with a month of use."""
    made = service.cli(
        "admin", "seed-demo", "--people", "4", "--url", service.url, "--data", str(service.data)
    )
    return str(made["key"])


@pytest.fixture(scope="session")
def refused_call(service: Service, demo_key: str) -> str:
    """The request id of that person's call by a program that nobody knows."""
    with service.client(headers={"user-agent": "zeta-coder/1.0"}) as http:
        answered = http.post(
            "/api/coding/paas/v4/chat/completions",
            headers={"authorization": f"Bearer {demo_key}"},
            json={
                "model": "glm-4.6",
                "messages": [
                    {"role": "system", "content": "You are Zeta Coder. Be brief."},
                    {"role": "user", "content": "What does add do?"},
                ],
            },
        )
    assert answered.status_code == 403, answered.text
    return str(answered.headers["x-request-id"])


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Callable[..., Visitor]]:
    """A new visitor's browser, closed at the end."""
    opened: list[Visitor] = []

    def new(**options: Any) -> Visitor:
        opened.append(new_visitor(browser, service.url, **options))
        return opened[-1]

    yield new
    for visitor in opened:
        visitor.close()
