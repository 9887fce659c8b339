"""The console over HTTP: getting in, and what keeps others out."""

from collections.abc import Iterator

import httpx
import pyotp
import pytest

from support.console import Pages
from support.service import Service, catalogue

PASSWORD = "a better one 7"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("console")
    text = catalogue("http://127.0.0.1:1/v1") + '\n[sign_up]\nmode = "open"\n'
    with Service(folder, text) as running:
        yield running


@pytest.fixture
def pages(service: Service) -> Iterator[Pages]:
    opened = Pages(service)
    yield opened
    opened.close()


def signed_up(pages: Pages, email: str) -> None:
    pages.get("/console/sign-up")
    made = pages.post("/console/sign-up", email=email, password=PASSWORD, zone="Europe/Berlin")
    assert "No plan runs" in made.text


def test_the_operator_signs_in_once_with_the_password_shown_and_chooses_another(
    service: Service, pages: Pages
) -> None:
    once = service.first_start["operator_password"]
    assert pages.sign_in("operator@localhost", "wrong").status_code == 403
    assert "Choose a password" in pages.sign_in("operator@localhost", once).text
    # Nothing is shown before another is chosen.
    assert "Choose a password" in pages.get("/console/operator/").text
    assert "at least 10" in pages.post("/console/password", password="short").text
    assert "Active plans" in pages.post("/console/password", password=PASSWORD).text
    pages.post("/console/sign-out")
    assert pages.sign_in("operator@localhost", once).status_code == 403
    assert "Active plans" in pages.sign_in("operator@localhost", PASSWORD).text


def test_a_subscriber_signs_in_with_a_key(service: Service, pages: Pages) -> None:
    assert pages.with_key("cp-wrong").status_code == 403
    page = pages.with_key(service.key).text
    assert "120 of 120 left" in page
    assert "It opens with the next prompt." in page
    assert pages.get("/console/operator/").status_code == 403


def test_signing_up_and_a_password_that_is_changed(pages: Pages, service: Service) -> None:
    signed_up(pages, "new@example.org")
    other = Pages(service)
    assert other.sign_in("new@example.org", PASSWORD).status_code == 200
    pages.get("/console/account")
    wrong = pages.post("/console/account/password", old="not it at all", password="another one 88")
    assert "A field was not what was expected" in wrong.text
    assert "It is saved" in pages.post(
        "/console/account/password", old=PASSWORD, password="another one 88"
    ).text  # fmt: skip
    # Every other session has ended.
    assert "Sign in" in other.get("/console/").text
    other.close()
    pages.get("/console/sign-up")
    taken = pages.post("/console/sign-up", email="new@example.org", password=PASSWORD)
    assert taken.status_code == 400
    assert "There is an account of that address already." in taken.text


def test_a_second_factor(pages: Pages) -> None:
    signed_up(pages, "careful@example.org")
    begun = pages.get("/console/account/second-factor").text
    secret = begun.split('<pre class="secret">')[1].split("<")[0]
    assert "not a code" in pages.post("/console/account/second-factor", code="000000").text
    begun = pages.last.text
    secret = begun.split('<pre class="secret">')[1].split("<")[0]
    on = pages.post("/console/account/second-factor", code=pyotp.TOTP(secret).now()).text
    recovery = on.split('id="codes">')[1].split("<")[0].split("\n")
    assert len(recovery) == 10
    pages.post("/console/sign-out")
    asked = pages.sign_in("careful@example.org", PASSWORD)
    assert "Second factor" in asked.text
    # Half a session opens nothing.
    assert "Second factor" in pages.get("/console/keys").text
    # A code serves once, and the one above was taken.
    assert pages.post("/console/second-factor", code=pyotp.TOTP(secret).now()).status_code == 403
    assert "No plan runs" in pages.post("/console/second-factor", code=recovery[0]).text
    pages.post("/console/sign-out")
    pages.sign_in("careful@example.org", PASSWORD)
    assert pages.post("/console/second-factor", code=recovery[0]).status_code == 403


def test_guessing_is_slowed_down(pages: Pages) -> None:
    signed_up(pages, "guessed@example.org")
    pages.post("/console/sign-out")
    for _ in range(10):
        assert pages.sign_in("guessed@example.org", "wrong wrong").status_code == 403
    right = pages.sign_in("guessed@example.org", PASSWORD)
    assert right.status_code == 403
    assert "Too many wrong tries" in right.text


def test_pages_cannot_be_framed_or_scripted(service: Service, pages: Pages) -> None:
    for path in ("/console/sign-in", "/console/sign-up", "/console/forgotten"):
        answered = pages.get(path)
        policy = answered.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answered.headers["x-frame-options"] == "DENY"
        assert "<script>" not in answered.text
        assert " style=" not in answered.text
        assert " onclick=" not in answered.text
    made = service.account("<b>x</b>@example.org", plan=None)
    page = pages.with_key(made["key"]).text
    assert "&lt;b&gt;x&lt;/b&gt;@example.org" in page
    assert "<b>x" not in page


def test_no_form_is_taken_from_elsewhere(service: Service, pages: Pages) -> None:
    fields = {"key": service.key}
    token = pages.token
    # No token, another browser's token, and the right token from another site.
    refused: list[httpx.Response] = [pages.http.post("/console/sign-in/key", data=fields)]
    stranger = Pages(service)
    refused.append(pages.http.post("/console/sign-in/key", data={**fields, "csrf": stranger.token}))
    stranger.close()
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        with_token = {**fields, "csrf": token}
        refused.append(pages.http.post("/console/sign-in/key", data=with_token, headers=headers))
    assert [one.status_code for one in refused] == [403] * 4
    assert all("codeplan_session" not in one.headers.get("set-cookie", "") for one in refused)
    signed_in = pages.http.post(
        "/console/sign-in/key", data={**fields, "csrf": token}, follow_redirects=False
    )
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie


def test_whoever_looks_in_anothers_place_changes_nothing(service: Service, pages: Pages) -> None:
    pages.sign_in("operator@localhost", PASSWORD)
    found = pages.get("/console/operator/accounts?text=demo@").text
    account = found.split('href="/console/operator/accounts/acc_')[1].split('"')[0]
    pages.get(f"/console/operator/accounts/acc_{account}")
    seen = pages.post(f"/console/operator/accounts/acc_{account}/see").text
    assert "You see the pages of demo@localhost" in seen
    pages.get("/console/keys")
    assert pages.post("/console/keys", name="stolen").status_code == 403
    pages.get("/console/")
    pages.post("/console/operator/unsee")
    log = pages.get("/console/operator/audit").text
    assert f"POST /console/operator/accounts/acc_{account}/see" in log
    assert "stopped looking" in log


def test_a_session_that_a_key_opened_ends_with_it(service: Service, pages: Pages) -> None:
    made = service.account("by-key@example.org")
    pages.with_key(made["key"])
    pages.get("/console/keys")
    key_id = pages.last.text.split("/console/keys/ck_")[1].split("/")[0]
    pages.post(f"/console/keys/ck_{key_id}/end")
    assert "Sign in" in pages.get("/console/").text


def test_a_key_opens_nothing_that_is_somebodys_own(service: Service, pages: Pages) -> None:
    made = service.account("owner@example.org")
    pages.with_key(made["key"])
    # Who came by a key may make the account his own, once.
    pages.get("/console/account")
    assert "It is saved" in pages.post("/console/account/password", password=PASSWORD).text
    for path, fields in (
        ("password", {"old": PASSWORD, "password": "taken over 99"}),
        ("passkeys/ask", {}),
        ("remove", {"email": "owner@example.org"}),
    ):
        pages.get("/console/account")
        refused = pages.post(f"/console/account/{path}", **fields)
        assert "a key does not suffice" in refused.text, path
    assert "a key does not suffice" in pages.get("/console/account/second-factor").text
    owner = Pages(service)
    assert owner.sign_in("owner@example.org", PASSWORD).status_code == 200
    owner.close()


def test_an_account_is_removed_by_its_owner(service: Service, pages: Pages) -> None:
    signed_up(pages, "leaving@example.org")
    pages.get("/console/keys")
    made = pages.post("/console/keys", name="laptop").text
    key = made.split('id="secret">')[1].split("<")[0]
    taken = pages.get("/console/account/data.json").json()
    assert taken["account"]["email"] == "leaving@example.org"
    assert taken["keyname"][0]["name"] == "laptop"
    pages.get("/console/account")
    wrong = pages.post("/console/account/remove", email="other@example.org")
    assert "A field was not what was expected" in wrong.text
    assert "It is removed" in pages.post(
        "/console/account/remove", email="leaving@example.org"
    ).text  # fmt: skip
    assert pages.sign_in("leaving@example.org", PASSWORD).status_code == 403
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        assert http.get("/api/account/plan").status_code == 401
    # The address is free again.
    signed_up(pages, "leaving@example.org")


def test_a_key_goes_on_with_the_balance_and_not_beyond(service: Service, pages: Pages) -> None:
    signed_up(pages, "beyond@example.org")
    pages.get("/console/keys")
    pages.post("/console/keys", name="laptop")
    key_id = pages.last.text.split("/console/keys/ck_")[1].split("/")[0]
    on = pages.post(f"/console/keys/ck_{key_id}/overage", a_day="5.00", currency="CNY")
    assert "at most ¥5.00 a day" in on.text
    off = pages.post(f"/console/keys/ck_{key_id}/overage", a_day="", currency="CNY")
    assert "a day</dd>" not in off.text
    other = pages.post("/console/keys/ck_nobodys/overage", a_day="5.00", currency="CNY")
    assert "There is no such key" in other.text
