"""What sites really answer, byte for byte (answers/*.http), and what the reader makes of it: text
that is charged, or a sentence that is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.answers import AnsweringSite, cookie_wall, whole
from support.service import Service, catalogue

FOLDER = Path(__file__).parent / "answers"
LINES = "".join(f"line {n:06d} of a long plain text file that goes on\n" for n in range(12_000))
FIRST = "A first paragraph with enough words in it so that the reader takes it for the main part"
CHINESE = "朱镕基的镕字不在旧表里"
CODE = "```python\ndef f(x):\n    if x:\n        return 1\n\n    return 0\n```"
GUTTER = "```\nserver:\n  port: 80\n  tls: true\n```"


@dataclass(frozen=True)
class Text:
    """Each of ``parts`` is in what is read, none of ``without``."""

    parts: tuple[str, ...]
    without: tuple[str, ...] = ("\ufffd", "\ufeff")


def text(*parts: str, without: tuple[str, ...] = ("\ufffd", "\ufeff")) -> Text:
    return Text(parts, without)


# By file: what is read, or why it is not fetched.
RIGHT: dict[str, Text | str] = {
    "p01-text": text("Hello PDF"),
    "p02-aes256-empty-user": text("Owner locked"),
    "p02b-rc4-empty-user": text("Owner locked"),
    "p03-password": "the PDF needs a password",
    "p05-truncated": "the PDF is damaged",
    "p06-only-header": "the PDF is damaged",
    "p07-octet": text("Cut"),
    "p08-html-as-pdf": text("sent as a PDF by this server, which happens."),
    "p09-cyclic": "the PDF is damaged",
    "p10-odd-font": "the PDF is damaged",
    "r01-gb2312-with-gbk-letter": text(CHINESE),
    "r01b-meta-gb2312": text(CHINESE),
    "r04-utf16-bom": text(FIRST),
    "r07-one-bad-byte": text("이 문단은 본문으로 읽힐 만큼", without=("\ufeff",)),
    "r08-raw-deflate": text(FIRST),
    "r09-gzip-said-plain-sent": text(FIRST),
    "r10-br": "what it sent is damaged: its br ends too early",
    "r11-no-type-text": text("# README\n\nPlain text without a content type.\n"),
    "r13-javascript": text("export function add(a, b) {\n  return a + b;\n}\n"),
    "r13b-yaml": text("openapi: 3.0.0\npaths: {}\n"),
    "r14-location-space": text(FIRST, CODE),
    "r15-meta-refresh": text(FIRST, CODE),
    "r16-frameset": text(FIRST, CODE, "which is told there", without=("no frames",)),
    "r17-base": text(
        "[the API](https://docs.example.org/v2/api.html)",
        "![pic](https://docs.example.org/v2/a.png)",
    ),
    "r18-code": text(FIRST, CODE, "`inline`"),
    "r18c-code-br-table": text(FIRST, GUTTER),
    "r19-table-rowspan": text("| Lite | 120 | a\\|b |\n| Lite | 300 | weekly |\n| Pro | 600 |  |"),
    "r19b-table-nested": text("| outer one | inner A · inner B |", "| outer two | last cell |"),
    "r21-js-only": text("You need to enable JavaScript to run this app."),
    "r22-204": "the site answered 204, without a page",
    "r22b-304": "the site answered 304",
    "r23-empty-body": "nothing was found on the page",
    "r24-loop": "it redirects more than 10 times",
    "r25-image": "it is a picture (image/png), which cannot be read as text",
    "r26-json-bom": text('{"a": 1}'),
    "r27-login": text("E-mail", "Sign in"),
    "r28-list-details": text("Folded text", "--force", "3. third step", "4. fourth step", "nested"),
    "cookie-wall": text("The article behind the cookie."),
    "bare-redirect-文": text(FIRST),
}


@pytest.fixture(scope="module")
def site() -> Iterator[AnsweringSite]:
    answers: dict[str, Any] = {path.stem: path.read_bytes() for path in FOLDER.glob("*.http")}
    answers["r29-long-text"] = whole(LINES.encode(), "text/plain")
    answers["cookie-wall"] = cookie_wall
    answers["bare-redirect-文"] = (
        "HTTP/1.1 301 Moved\r\nLocation: /页面?q=中 文#上\r\nContent-Length: 0\r\n\r\n".encode()
    )
    answers["页面"] = answers["r18-code"]
    with AnsweringSite(answers) as running:
        yield running


@pytest.fixture(scope="module")
def service(site: AnsweringSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    more = f"""
mcp = [{{ per = "1mo", limit = 1000 }}]

[reader]
allowed = ["127.0.0.1:{site.port}"]
"""
    config = catalogue("http://127.0.0.1:9/v1") + more
    with Service(tmp_path_factory.mktemp("answers"), config) as running:
        yield running


@pytest.fixture(scope="module")
def key(service: Service) -> str:
    return service.new_key("answers@example.org")


def read(service: Service, key: str, **arguments: Any) -> tuple[int, dict[str, Any], int]:
    """The status, what was read or the error, and how many calls it cost."""
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        before = http.get("/api/account/plan").json()["mcp_windows"][0]["used"]
        answer = http.post("/api/paas/v4/reader", json=arguments, timeout=60)
        after = http.get("/api/account/plan").json()["mcp_windows"][0]["used"]
    shown = answer.json()
    return answer.status_code, shown.get("reader_result") or shown["error"], after - before


def test_every_answer_in_the_folder_has_its_right() -> None:
    assert {path.stem for path in FOLDER.glob("*.http")} <= set(RIGHT)


@pytest.mark.parametrize("name", RIGHT)
def test_an_answer_is_read_or_said(
    service: Service, site: AnsweringSite, key: str, name: str
) -> None:
    right = RIGHT[name]
    status, shown, cost = read(service, key, url=f"{site.url}/{name}")
    if isinstance(right, str):
        assert (status, cost) == (502, 0), shown
        assert f"The page was not fetched, because {right}" in shown["message"]
        assert "Nothing was charged." in shown["message"]
        return
    assert (status, cost) == (200, 1), shown
    for part in right.parts:
        assert part in shown["content"]
    for part in right.without:
        assert part not in shown["content"]


def test_a_long_text_comes_in_passages(service: Service, site: AnsweringSite, key: str) -> None:
    start: int | None = 0
    pieces: list[str] = []
    while start is not None:
        status, shown, cost = read(service, key, url=f"{site.url}/r29-long-text", start=start)
        assert (status, cost) == (200, 1)
        pieces.append(shown["content"])
        assert len(pieces[-1]) <= 80_000
        assert pieces[-1].endswith("goes on\n")
        assert shown["length"] == len(LINES)
        start = shown.get("next_start")
        assert start is None or f"call again with start={start}" in shown["notice"]
    assert "".join(pieces) == LINES
    assert len(pieces) == 8
    assert site.asked.count("/r29-long-text") == 1
    status, shown, cost = read(service, key, url=f"{site.url}/r29-long-text", start=len(LINES))
    assert (status, cost) == (400, 0)
    assert f"has {len(LINES)} characters" in shown["message"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://例え.テスト:1/路?检索=文#部", "could not be resolved"),
        ("http://0x7f.1:{port}/r18-code", "a page that is let in"),
        ("http:\\\\2130706433:{port}\\r18-code", "a page that is let in"),
        ("  http://127.0.0.1:{port}/r18\t-code ", "a page that is let in"),
        ("http://0x7f.1:1234/", "not of the open Internet"),
        ("http://１２７.1:1234/", "not of the open Internet"),
        ("2130706433:1234/x", "not of the open Internet"),
        ("http://[::ffff:127.0.0.1]:1234/", "not of the open Internet"),
    ],
)
def test_an_address_is_what_browsers_take_it_for(
    service: Service, site: AnsweringSite, key: str, url: str, sentence: str
) -> None:
    status, shown, cost = read(service, key, url=url.replace("{port}", str(site.port)))
    if sentence == "a page that is let in":
        assert (status, cost) == (200, 1), shown
        assert shown["url"] == f"{site.url}/r18-code"
        return
    assert (status, cost) == (502, 0)
    assert sentence in shown["message"]


@pytest.mark.parametrize(
    "url",
    ["http://a b/", "http://[::1", "mailto:a@b.example", "http://u:p@127.0.0.1/",
     "http://x:99999/", "https://", "http://%zz/", "http://\ud800/"],
)  # fmt: skip
def test_an_address_that_is_none_is_the_callers_to_mend(
    service: Service, key: str, url: str
) -> None:
    with service.client(headers={"authorization": f"Bearer {key}"}) as http:
        body = b'{"url": "' + url.encode("ascii", "backslashreplace") + b'"}'
        answer = http.post("/api/paas/v4/reader", content=body)
    assert answer.status_code == 400, answer.text
    assert "not fetched, because" in answer.json()["error"]["message"]
