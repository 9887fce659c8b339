"""Whatever a site answers, and whatever somebody calls an address: text with something in it comes
out, or a NotFetched that was foreseen. Mutated pages and PDFs, headers and packings at random."""

import asyncio
import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import brotli
import httpcore
from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.fetching.fetcher import Fetcher, FetchLimits
from codeplan.fetching.guarded import GuardedNetwork
from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.fetching.pages import Wanted
from codeplan.fetching.reader import read_address
from codeplan.fetching.reading import read
from codeplan.fetching.trips import Fetched
from codeplan.fetching.urls import join_address, web_address
from support.documents import a_pdf

ANSWERS = Path(__file__).parents[1] / "mcp" / "answers"
BODIES = [path.read_bytes().partition(b"\r\n\r\n")[2] for path in sorted(ANSWERS.glob("*.http"))]
BODIES += [a_pdf("Words of a PDF"), a_pdf("Locked", password="secret"), a_pdf("")]
RICH = (
    "<html><head><base href='/b/'><meta charset=utf-8><title>T</title></head><body><article>"
    "<h1>H</h1><p>Words and <a href='x y'>more</a> of them <img src=p.png alt=p>.</p>"
    "<table><tr><th rowspan=2>a</th><td colspan=3>b|c</td></tr><tr><td><ul><li>d</table>"
    "<pre class=language-c>int x;<br>y</pre><ol start=7 reversed><li value=3>i<li>j</ol>"
    "<span class=katex><math display=block><mi>x</mi><annotation encoding=application/x-tex>x^2"
    "</annotation></math><span class=katex-html>x2</span></span>"
    "<script type='math/tex; mode=display'>y</script><iframe src=f></iframe></article></body>"
)
BODIES += [RICH.encode(charset, "replace") for charset in ("utf-8", "utf-16", "gb18030", "euc_jp")]
# What mutation puts in: marks that parsers look for, and bytes that they do not.
SPICES = [
    b"<", b">", b"</", b"<table>", b"<td rowspan=0 colspan=99999999999>", b"<pre>", b"<br>",
    b"<math>", b"<annotation encoding=tex>", b"<script type=math/tex>", b"<base href=http://[>",
    b"<meta charset=", b"<meta http-equiv=refresh content='0;url=", b"<frameset><frame src=",
    b"<ol start=-99 reversed>", b"<li value=x>", b"<!--", b"<![CDATA[", b"&#xD800;", b"&#0;",
    b"&#1114112;", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b$B", b"%PDF-", b"endobj",
    b"/Kids[2 0 R]", b"/Length -1", b"/Filter/LZWDecode", b"/Encrypt 5 0 R", b"stream\r\n",
    b"startxref\n9", b"qzk0w", b"qzk0wb0x", b"```", b"|", b"\xc2\xad", "文".encode(),
    "文".encode("gb18030"), b"</body>", b"<noscript>", b"<a href=",
]  # fmt: skip
LABELS = st.sampled_from(
    ["", "utf-8", "UTF8", "gb2312", "gbk", "big5", "shift_jis", "x-sjis", "euc-jp", "iso-2022-jp",
     "euc-kr", "koi8-r", "windows-1251", "latin1", "utf-16", "utf-16be", "utf-7", "rot13", "hex",
     "idna", "punycode", "x-user-defined", "replacement", "none", "é", "zlib", "undefined"]
) | st.text(max_size=8)  # fmt: skip
TYPES = st.sampled_from(
    ["", "text/html", "text/plain", "application/pdf", "application/xhtml+xml", "image/png",
     "application/json", "application/octet-stream", "image/svg+xml", "text/xml"]
)  # fmt: skip
WANTED = st.builds(Wanted, st.sampled_from(["markdown", "text"]), *([st.booleans()] * 6))


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A real one, cut, doubled, spiced or scribbled over in a few places."""
    body = bytearray(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(body)))
        match draw(st.sampled_from(["spice", "bytes", "cut", "double", "scribble"])):
            case "spice":
                body[place:place] = draw(st.sampled_from(SPICES)) * draw(
                    st.sampled_from([1, 1, 40])
                )
            case "bytes":
                body[place:place] = draw(st.binary(max_size=8))
            case "cut":
                del body[place : place + draw(st.integers(0, 200))]
            case "double":
                body[place:place] = body[place : place + draw(st.integers(0, 200))]
            case "scribble":
                for n in range(place, min(place + draw(st.integers(0, 8)), len(body))):
                    body[n] = draw(st.integers(0, 255))
    return bytes(body)


def foreseen(failed: NotFetched) -> None:
    """It is a sentence that can be sent, and not what nobody thought of."""
    assert failed.kind is not Kind.BROKEN, repr(failed.__cause__)
    sentence = str(failed)
    assert sentence.encode() and "\n" not in sentence and not sentence.endswith(".")


@settings(max_examples=200, deadline=None)
@given(bodies() | st.binary(max_size=300), TYPES, LABELS, WANTED)
def test_a_body_is_read_or_refused(
    body: bytes, media_type: str, charset: str, wanted: Wanted
) -> None:
    try:
        page = read(Fetched("http://h.example/", 200, media_type, charset, body), wanted)
    except NotFetched as failed:
        foreseen(failed)
        return
    assert page.text.strip() or page.refresh or page.frames
    for text in (page.text, page.title, page.description, page.refresh, *page.frames):
        assert "\0" not in text
        text.encode()
    assert "qzk0w" not in page.text or b"qzk0w" in body


ADDRESS_PIECES = st.sampled_from(
    ["http:", "https:", "//", "/", "\\", "@", ":", "80", "99999", "[", "]", "::1", "%", "%00",
     "%zz", "?", "#", " ", "\t", "\n", "文", "пример", "。", "xn--", "127.1", "0x7f.1",
     "2130706433", "a.b", "localhost", "..", "javascript:", "file:", "data:", "\ud800", "\u00ad",
     "\u200d", "."]
) | st.text(max_size=4)  # fmt: skip
ADDRESSES = st.lists(ADDRESS_PIECES, max_size=8).map("".join)


@settings(max_examples=1000, deadline=None)
@given(ADDRESSES, st.sampled_from(["", "http://h.example/a/b?c#d"]))
def test_an_address_is_one_or_refused(text: str, base: str) -> None:
    join_address("http://h.example/", text)
    try:
        address = web_address(text, base)
    except NotFetched as failed:
        foreseen(failed)
        return
    assert address.href.isascii() and address.host and 0 <= address.port < 65536
    # What is looked at is what is connected to.
    assert web_address(address.href) == address


def packed(body: bytes, coding: str) -> bytes:
    packers: dict[str, Any] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
    }
    return bytes(packers[coding](body)) if coding in packers else body


class Scripted(httpcore.AsyncNetworkBackend):
    """A network in which every host answers the same bytes, one answer after the other."""

    def __init__(self, answers: Iterable[bytes]) -> None:
        self._answers = list(answers)

    async def connect_tcp(
        self, host: str, port: int, *_: Any, **__: Any
    ) -> httpcore.AsyncNetworkStream:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        # None at the end: the connection is closed, as by a server that has said all.
        return httpcore.AsyncMockStream([answer[n : n + 4096] for n in range(0, len(answer), 4096)])

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Content-Type", "Content-Encoding", "Location", "Set-Cookie", "Content-Length",
             "Transfer-Encoding", "Refresh", "X"]
        ),
        st.sampled_from(
            ["text/html", "text/html; charset=gb2312", "gzip", "br", "gzip, br", "deflate", "zstd",
             "identity", "chunked", "/", "/x y", "//", "http://[", "a=b; Path=/", "a=b; Max-Age=x",
             "=;;==", "0", "5", "-1", "99999999", "text/html;charset=\"", ";", ""]
        )
        | st.text(max_size=8),
    ),
    max_size=5,
)  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A whole answer, nearly always one of HTTP's."""
    body = packed(draw(bodies()), draw(st.sampled_from(["", "", "gzip", "deflate", "br"])))
    status = draw(
        st.sampled_from([200, 200, 200, 200, 204, 301, 302, 303, 304, 404, 500, 999, 103])
    )
    head = f"HTTP/1.1 {status} X\r\n"
    for name, value in draw(HEADERS):
        head += f"{name}: {value}\r\n"
    if draw(st.booleans()):
        head += f"Content-Length: {len(body)}\r\n"
    whole = head.encode("utf-8", "replace") + b"\r\n" + body
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@settings(max_examples=150, deadline=None)
@given(st.lists(answers(), min_size=1, max_size=4), WANTED)
async def test_an_answer_is_read_or_refused(whole: list[bytes], wanted: Wanted) -> None:
    network = GuardedNetwork(resolver=_everywhere)
    network._inner = Scripted(whole)  # type: ignore[assignment] # no socket is opened
    fetcher = Fetcher(network, FetchLimits(200_000, 20.0))
    try:
        page = await read_address(fetcher.trip(), "http://h.example/a", wanted)
    except NotFetched as failed:
        foreseen(failed)
        return
    assert page.text.strip()
    page.text.encode()


async def _everywhere(host: str, port: int) -> list[str]:
    return ["93.184.215.14"]
