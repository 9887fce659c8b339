"""Getting in with a passkey, and by an OpenID Connect provider; and what the pages are without
scripts."""

import subprocess
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import CATALOGUE
from support import npm
from support.browser import Visitor, new_visitor, tools
from support.service import Service
from support.stripe_server import free_port

PASSWORD = "a long one 1234"
_TOOLS = npm.ROOT / "tests" / "browser" / "tools"


def test_a_passkey_is_added_used_and_removed(
    visit: Callable[..., Visitor], service: Service
) -> None:
    visitor = visit()
    # WebAuthn knows no bare addresses.
    visitor.url = service.url.replace("127.0.0.1", "localhost")
    page = visitor.page
    session = visitor.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    visitor.goto("sign-up")
    page.fill("input[name=email]", "passkey@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    visitor.goto("account")
    page.locator("form[data-passkey] input[name=name]").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("It is saved.")).to_be_visible()
    expect(page.get_by_text("My laptop")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_text("passkey@example.org")).to_be_visible()
    visitor.goto("account")
    page.get_by_role("button", name="Remove: My laptop").click()
    expect(page.get_by_text("It is removed.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("That passkey could not be used.")).to_be_visible()
    assert visitor.complaints == []


@pytest.fixture(scope="module")
def provided(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """A service by whose side a real provider runs."""
    tools()
    port, own = free_port(), free_port()
    table = f"""
[oidc]
name = "Work"
issuer = "http://localhost:{port}"
client_id = "codeplan"
client_secret_env = "OIDC_SECRET"
role_claim = "groups"
operators = ["operators"]
"""
    secret = "only-for-this-test"
    redirect = f"http://127.0.0.1:{own}/console/elsewhere/return"
    command = [npm.NODE, str(_TOOLS / "provider.mjs"), str(port), "codeplan", secret, redirect]
    text = CATALOGUE.format(base_url="http://127.0.0.1:1/v1") + table
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as provider:
        assert provider.stdout is not None
        assert provider.stdout.readline().strip() == "ready"
        folder = tmp_path_factory.mktemp("oidc")
        with Service(folder, text, ("--port", str(own)), {"OIDC_SECRET": secret}) as running:
            yield running
        provider.terminate()


@pytest.mark.parametrize(
    ("name", "heading"), [("ada", "Overview"), ("olga", "Today")], ids=["person", "operator"]
)
def test_by_a_provider(browser: Browser, provided: Service, name: str, heading: str) -> None:
    """Its groups make an operator of the one, and a subscriber of the other; twice the same."""
    visitor = new_visitor(browser, provided.url)
    for _ in range(2):
        _go_there(visitor, name)
        expect(visitor.page.get_by_role("heading", name=heading).first).to_be_visible()
        expect(visitor.page.get_by_text(f"{name}@work.example")).to_be_visible()
        visitor.page.get_by_role("button", name="Sign out").click()
        visitor.context.clear_cookies()
    visitor.close()


def test_an_address_that_a_provider_has_not_verified_opens_nothing(
    browser: Browser, provided: Service
) -> None:
    visitor = new_visitor(browser, provided.url)
    _go_there(visitor, "mallory")
    expect(visitor.page.get_by_text("The sign-in elsewhere did not succeed.")).to_be_visible()
    # And an answer that this browser never asked for.
    visitor.page.goto(f"{provided.url}/console/elsewhere/return?code=x&state=y")
    expect(visitor.page.get_by_text("The sign-in elsewhere did not succeed.")).to_be_visible()
    visitor.close()


def _go_there(visitor: Visitor, name: str) -> None:
    visitor.goto("sign-in")
    page = visitor.page
    page.get_by_role("link", name="Sign in with Work").click()
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "anything")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/console/**")


def test_without_scripts_everything_but_live_parts(
    visit: Callable[..., Visitor], service: Service, demo_key: str
) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.sign_in_with_key(demo_key)
    page = visitor.page
    expect(page.get_by_text("prompts").first).to_be_visible()
    expect(page.get_by_role("heading", name="Your last prompt", exact=True)).to_be_visible()
    page.get_by_role("link", name="Usage", exact=True).click()
    page.locator("summary", has_text="As a table").click()
    expect(page.get_by_role("columnheader", name="glm-4.6")).to_be_visible()
    page.get_by_role("link", name="Keys", exact=True).click()
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("Your new key. It is shown only now.")).to_be_visible()
    page.get_by_role("link", name="Set up a tool", exact=True).first.click()
    page.get_by_role("link", name="Codex", exact=True).click()
    page.get_by_role("link", name="Wait for the first call").click()
    expect(page.get_by_text("Waiting for the first call")).to_be_visible()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("Waiting for the first call")).to_be_visible()


def test_the_overview_is_small_and_asks_nobody_else(
    visit: Callable[..., Visitor], service: Service, demo_key: str
) -> None:
    fresh = visit()
    asked: list[str] = []
    fresh.page.on("request", lambda request: asked.append(request.url))
    session = fresh.context.new_cdp_session(fresh.page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    fresh.sign_in_with_key(demo_key)
    fresh.goto("")
    fresh.page.wait_for_load_state()
    assert all(url.startswith((service.url, "data:")) for url in asked), asked
    # Everything from the first visit of the sign-in page on, the overview twice.
    assert 0 < sum(sizes) < 150_000, sizes
