"""Cookies as long as one trip lasts: a site that sets one and sends back to itself gets it back.
Which host gets which is the standard library's rule. Keeps nothing beyond its trip."""

from collections.abc import Iterable
from email.message import Message
from http.cookiejar import CookieJar
from urllib.request import Request

_MOST_COOKIES = 50
_MOST_LETTERS = 8192


class _Answer:
    """What the jar asks of an answer."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers


class Cookies:
    def __init__(self) -> None:
        self._jar = CookieJar()

    def take(self, href: str, values: Iterable[str]) -> None:
        """``values``: of each Set-Cookie header of the answer at ``href``."""
        headers = Message()
        for value in list(values)[:_MOST_COOKIES]:
            if len(value) <= _MOST_LETTERS:
                headers["Set-Cookie"] = value
        if headers:
            # The jar wants urllib's own answer, and asks it for its headers alone.
            self._jar.extract_cookies(_Answer(headers), Request(href))  # type: ignore[arg-type]

    def header(self, href: str) -> str:
        """What the Cookie header to ``href`` says; "" for none."""
        request = Request(href)
        self._jar.add_cookie_header(request)
        return str(request.get_header("Cookie", ""))[:_MOST_LETTERS]
