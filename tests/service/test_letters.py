"""Letters by a real SMTP server: signing up by a link, a lost password, and their language."""

import re
from collections.abc import Iterator

import pytest

from support.console import Pages
from support.inbox import Inbox, opened_inbox
from support.service import Service, catalogue

PASSWORD = "a better one 7"


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with opened_inbox() as box:
        yield box


@pytest.fixture(scope="module")
def service(inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    more = f"""
[sign_up]
mode = "open"

[mail]
host = "127.0.0.1"
port = {inbox.port}
security = "none"
sender = "plans@example.org"
"""
    folder = tmp_path_factory.mktemp("letters")
    with Service(folder, catalogue("http://127.0.0.1:1/v1") + more) as running:
        yield running


def token_in(text: str) -> str:
    found = re.search(r"token=(\S+)", text)
    assert found is not None, text
    return found[1]


def test_signing_up_by_a_link_and_a_lost_password(service: Service, inbox: Inbox) -> None:
    email = "letters@example.org"
    pages = Pages(service)
    pages.get("/console/sign-up")
    asked = pages.post("/console/sign-up", email=email, password=PASSWORD)
    assert "a letter is on its way" in asked.text
    assert pages.sign_in(email, PASSWORD).status_code == 403
    token = token_in(inbox.text(email))
    pages.get(f"/console/confirm?token={token}")
    assert "No plan runs" in pages.post("/console/confirm", token=token).text
    # Signing up again with that address says the same as before, and its owner is told.
    stranger = Pages(service)
    stranger.get("/console/sign-up")
    again = stranger.post("/console/sign-up", email=email, password="a stranger's 1")
    assert "a letter is on its way" in again.text
    assert "It has an account" in inbox.text(email, 2)

    # The letter is in the language that the account chose.
    pages.get("/console/account")
    pages.post("/console/account/preferences", language="zh", theme="auto", zone="")
    stranger.get("/console/forgotten")
    stranger.post("/console/forgotten", email=email)
    stranger.get("/console/forgotten")
    unknown = stranger.post("/console/forgotten", email="nobody@example.org")
    assert "a letter is on its way" in unknown.text
    text = inbox.text(email, 3)
    assert "请在一小时内打开此链接" in text
    token = token_in(text)
    stranger.get(f"/console/new-password?token={token}")
    done = stranger.post("/console/new-password", token=token, password="quite another 9")
    assert "every session signed out" in done.text
    # It was, and the link serves no more.
    assert "登录" in pages.get("/console/keys").text
    stranger.get(f"/console/new-password?token={token}")
    used = stranger.post("/console/new-password", token=token, password="quite another 10")
    assert "was used or has expired" in used.text
    assert stranger.sign_in(email, "quite another 9").status_code == 200
    assert inbox.to("nobody@example.org") == []
    pages.close()
    stranger.close()
