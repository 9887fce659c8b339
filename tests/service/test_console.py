"""The console's first pages: signing in, and what is left."""

from collections.abc import Iterator

import httpx
import pytest

from support.service import Service, catalogue


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("console")
    with Service(folder, catalogue("http://127.0.0.1:1/v1")) as running:
        yield running


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    with service.client(follow_redirects=True) as http:
        yield http


def sign_in(browser: httpx.Client, password: str) -> httpx.Response:
    form = {"email": "operator@localhost", "password": password}
    return browser.post("/console/sign-in", data=form)


def test_the_operator_signs_in_once_with_the_password_shown_and_chooses_another(
    service: Service, browser: httpx.Client
) -> None:
    once = service.first_start["operator_password"]
    assert "Sign in" in browser.get("/").text
    assert sign_in(browser, "wrong").status_code == 403
    assert "Choose a password" in sign_in(browser, once).text
    # Nothing is shown before another is chosen.
    assert "Choose a password" in browser.get("/console/").text
    short = browser.post("/console/password", data={"password": "short"})
    assert short.status_code == 400
    chosen = browser.post("/console/password", data={"password": "a better one 7"})
    assert "demo@localhost" in chosen.text
    assert "of 120 left" in chosen.text
    browser.post("/console/sign-out")
    assert sign_in(browser, once).status_code == 403
    assert "demo@localhost" in sign_in(browser, "a better one 7").text


def test_a_subscriber_signs_in_with_a_key(service: Service, browser: httpx.Client) -> None:
    assert browser.post("/console/sign-in", data={"key": "cp-wrong"}).status_code == 403
    page = browser.post("/console/sign-in", data={"key": service.key}).text
    assert "Plan Lite" in page
    assert "of 120 left" in page
    assert "opens with the next prompt" in page


def test_pages_cannot_be_framed_scripted_or_posted_to_from_elsewhere(
    service: Service, browser: httpx.Client
) -> None:
    answered = browser.get("/console/sign-in")
    assert "frame-ancestors 'none'" in answered.headers["content-security-policy"]
    assert "script-src" not in answered.headers["content-security-policy"]
    assert "<script" not in answered.text
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        posted = browser.post("/console/sign-in", data={"key": service.key}, headers=headers)
        assert posted.status_code == 403
        assert "set-cookie" not in posted.headers
    signed_in = httpx.post(f"{service.url}/console/sign-in", data={"key": service.key})
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    made = service.account("<b>x</b>@example.org", plan=None)
    page = browser.post("/console/sign-in", data={"key": made["key"]}).text
    assert "&lt;b&gt;x&lt;/b&gt;@example.org" in page
