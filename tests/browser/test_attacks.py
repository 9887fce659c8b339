"""What another site, and what somebody's own words, can do to a page: nothing."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from support.browser import Visitor
from support.service import Service


class EvilSite:
    """Pages of another site: by another name, so that the browser keeps them apart."""

    def __init__(self) -> None:
        self.html = ""
        site = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.html.encode()
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """It is quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://localhost:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def evil() -> Iterator[EvilSite]:
    site = EvilSite()
    yield site
    site.server.shutdown()


def keys_of(visitor: Visitor) -> int:
    return visitor.goto("keys").get_by_text("Last used").count()


def test_no_page_can_be_framed(
    visit: Callable[..., Visitor], service: Service, demo_key: str, evil: EvilSite
) -> None:
    visitor = visit()
    visitor.sign_in_with_key(demo_key)
    for path in ("", "keys", "sign-in", "account"):
        evil.html = f'<iframe src="{service.url}/console/{path}"></iframe>'
        visitor.page.goto(evil.url)
        frame = visitor.page.frames[1]
        frame.wait_for_load_state()
        assert "codeplan" not in frame.content()
    assert any("frame-ancestors" in one for one in visitor.complaints)


def test_no_other_site_can_send_a_form(
    visit: Callable[..., Visitor], service: Service, demo_key: str, evil: EvilSite
) -> None:
    visitor = visit()
    visitor.sign_in_with_key(demo_key)
    before = keys_of(visitor)
    token = visitor.page.locator("input[name=csrf]").first.get_attribute("value")
    # Even with a token that was seen, since another site's form comes without the cookie.
    for csrf in ("", token):
        evil.html = (
            f'<form method="post" action="{service.url}/console/keys">'
            f'<input name="csrf" value="{csrf}"><input name="name" value="stolen"></form>'
            "<script>document.forms[0].submit()</script>"
        )
        visitor.page.goto(evil.url)
        visitor.page.wait_for_url("**/console/**")
        assert "stolen" not in visitor.page.content()
    assert keys_of(visitor) == before


def test_what_somebody_writes_is_text(
    visit: Callable[..., Visitor], service: Service, demo_key: str
) -> None:
    bad = "<img src=x onerror=\"document.title='scripted'\"><script>document.title=1</script>"
    visitor = visit()
    visitor.sign_in_with_key(demo_key)
    page = visitor.goto("keys")
    page.locator("form[action='/console/keys'] input[name=name]").fill(bad[:100])
    page.get_by_role("button", name="Make a key").click()
    visitor.goto("keys")
    expect(page.get_by_role("heading", name="<img src=x")).to_be_visible()
    visitor.goto("?problem=<script>document.title='scripted'</script>&done=<b>x</b>")
    assert "scripted" not in page.title()


def test_no_script_runs_that_is_not_a_file_of_ours(
    visit: Callable[..., Visitor], service: Service, demo_key: str
) -> None:
    """Were a page's words not escaped, the policy would still stop them."""
    visitor = visit()
    visitor.sign_in_with_key(demo_key)
    page = visitor.goto("")
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'scripted'";
          document.body.append(script);
          const image = document.createElement("div");
          image.innerHTML = '<img src="data:," onerror="document.title = 1">';
          document.body.append(image);
          const away = document.createElement("script");
          away.src = "https://evil.example/x.js";
          document.body.append(away);
        }"""
    )
    assert "scripted" not in page.title()
    said = " ".join(visitor.complaints)
    assert said.count("Content Security Policy") >= 2
