"""Trips: cookies kept as long as one lasts, refreshes and frames followed, each step looked at and
counted as the first was."""

from collections.abc import Mapping

import pytest

from codeplan.fetching.fetcher import Fetcher, FetchLimits
from codeplan.fetching.guarded import GuardedNetwork
from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.fetching.pages import ReadPage, Wanted
from codeplan.fetching.reader import read_address
from support.answers import Answer, AnsweringSite, cookie_wall, whole

INSIDE = "http://127.0.0.1:9"


def moved(to: str, more: str = "", status: int = 302) -> bytes:
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\n{more}Content-Length: 0\r\n\r\n"
    return head.encode()


def refresh(to: str) -> bytes:
    return whole(f'<meta http-equiv="refresh" content="0; url={to}">'.encode())


def refresh_header(to: str) -> bytes:
    return whole(b"<p>You are sent on.</p>", more=f"Refresh: 1; url={to}\r\n")


def page(text: str) -> bytes:
    return whole(f"<html><body><article><p>{text}</p></article></body></html>".encode())


def told_cookie(headers: Mapping[str, str]) -> bytes:
    cookies = headers.get("cookie", "none").encode("latin-1").decode()
    return page(f"Cookies: {cookies}")


async def read(answers: Mapping[str, bytes | Answer], path: str = "start") -> ReadPage:
    with AnsweringSite(answers) as site:
        network = GuardedNetwork(allowed=[f"127.0.0.1:{site.port}"])
        trip = Fetcher(network, FetchLimits(100_000, 20.0)).trip()
        return await read_address(trip, f"{site.url}/{path}", Wanted())


async def why_not(answers: Mapping[str, bytes | Answer], path: str = "start") -> NotFetched:
    with pytest.raises(NotFetched) as failed:
        await read(answers, path)
    return failed.value


async def test_a_cookie_lasts_as_long_as_its_trip() -> None:
    assert "behind the cookie" in (await read({"cookie-wall": cookie_wall}, "cookie-wall")).text
    assert "Cookies: none" in (await read({"start": told_cookie})).text
    cookies = (
        "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Max-Age=60\r\nSet-Cookie: c=3; Path=/x\r\n"
    )
    answers = {"start": moved("/then", cookies), "then": told_cookie}
    assert (await read(answers)).text == "Cookies: a=1; b=2"
    gone = {"start": moved("/mid", cookies), "mid": moved("/then", "Set-Cookie: a=; Max-Age=0\r\n")}
    assert (await read({**gone, "then": told_cookie})).text == "Cookies: b=2"
    elsewhere = {"start": moved("/then", "Set-Cookie: a=1; Domain=other.example\r\n")}
    script = {"start": moved("/then", "Set-Cookie: a=文; Path=/\r\n"), "then": told_cookie}
    assert (await read(script)).text == "Cookies: a=文"
    assert (await read({**elsewhere, "then": told_cookie})).text == "Cookies: none"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_in_any_script(status: int) -> None:
    answers = {"start": moved("/страница?q=a b#раздел", status=status), "страница": page("Here.")}
    shown = await read(answers)
    assert shown.text == "Here."
    assert shown.url.endswith("/%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0?q=a%20b"
                              "#%D1%80%D0%B0%D0%B7%D0%B4%D0%B5%D0%BB")  # fmt: skip


@pytest.mark.parametrize("onward", [moved, refresh, refresh_header])
async def test_each_step_is_looked_at(onward: object) -> None:
    assert callable(onward)
    for inside in (f"{INSIDE}/secret", "http://0x7f.1:9/", "http://2130706433:9/", "//[::1]:9/"):
        assert (await why_not({"start": onward(inside)})).kind is Kind.FORBIDDEN
    assert (await why_not({"start": onward("file:///etc/passwd")})).kind is Kind.UNREACHABLE
    frames = whole(f"<frameset><frame src='{INSIDE}/'></frameset>".encode())
    assert (await why_not({"start": frames})).kind is Kind.FORBIDDEN
    based = whole(f"<base href='{INSIDE}/'><iframe src=x></iframe>".encode())
    assert (await why_not({"start": based})).kind is Kind.FORBIDDEN


async def test_the_steps_of_a_trip_are_counted_together() -> None:
    ten: dict[str, bytes | Answer] = {
        str(n): (moved if n % 2 else refresh)(f"/{n + 1}") for n in range(4)
    }
    assert (await read({**ten, "4": page("The end.")}, "0")).text == "The end."
    assert (await read({"start": refresh_header("x"), "x": page("The end.")})).text == "The end."
    assert (await why_not({"start": moved("/start")})).kind is Kind.UNREACHABLE
    circle = {"start": refresh("/other"), "other": refresh("/start")}
    assert (await why_not(circle)).kind is Kind.UNREACHABLE
    many = whole(b"<frameset>" + b"<frame src=/start?1><frame src=/start?2>" * 9 + b"</frameset>")
    assert (await why_not({"start": many})).kind is Kind.UNREACHABLE


async def test_frames_are_read_in_their_order_as_far_as_they_can_be() -> None:
    frames = whole(
        b"<html><head><title>Docs</title></head><frameset><frame src=nav><frame src=gone>"
        b"<frame src=main></frameset></html>"
    )
    shown = await read({"start": frames, "nav": page("Contents."), "main": page("The text.")})
    assert (shown.title, shown.text) == ("Docs", "Contents.\n\nThe text.")
    assert (await why_not({"start": frames})).status == 404


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", Kind.UNREACHABLE),
        (b"nonsense\r\n\r\n", Kind.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", Kind.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nshort", Kind.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Kind.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", Kind.EMPTY),
        (b"HTTP/1.1 204 No\r\n\r\n", Kind.EMPTY),
        (b"HTTP/1.1 304 No\r\n\r\n", Kind.ANSWERED),
        (b"HTTP/1.1 302 No\r\nContent-Length: 0\r\n\r\n", Kind.ANSWERED),
        (b"HTTP/1.1 302 No\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", Kind.UNREACHABLE),
        (b"HTTP/1.1 302 No\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n", Kind.ANSWERED),
        (b"HTTP/1.1 451 No\r\nContent-Length: 0\r\n\r\n", Kind.ANSWERED),
        (whole(b"x" * 100_001, "text/plain"), Kind.LARGE),
        (whole(b"\x1f\x8b\x08\x00", more="Content-Encoding: gzip\r\n"), Kind.DAMAGED),
    ],
)
async def test_what_a_site_does_wrong_has_its_kind(answer: bytes, kind: Kind) -> None:
    assert (await why_not({"start": answer})).kind is kind
