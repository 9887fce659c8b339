"""The console as a program sees it: pages by HTTP, with the token of their forms."""

import re
from typing import Any

import httpx

from support.service import Service

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Pages:
    """One browser's pages, without a browser."""

    def __init__(self, service: Service) -> None:
        self.http = service.client(follow_redirects=True)
        self.last = self.get("/console/sign-in")

    def get(self, path: str) -> httpx.Response:
        self.last = self.http.get(path)
        return self.last

    @property
    def token(self) -> str:
        found = _CSRF.search(self.last.text)
        return found[1] if found else ""

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """As the form of the page that was read last would be sent."""
        self.last = self.http.post(path, data={"csrf": self.token, **fields})
        return self.last

    def sign_in(self, email: str, password: str) -> httpx.Response:
        self.get("/console/sign-in")
        return self.post("/console/sign-in", email=email, password=password)

    def with_key(self, key: str) -> httpx.Response:
        self.get("/console/sign-in")
        return self.post("/console/sign-in/key", key=key)

    def close(self) -> None:
        self.http.close()
