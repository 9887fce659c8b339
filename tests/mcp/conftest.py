"""A folder that the embedded engine finds, and a site of it that the reader reads."""

import json
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

ADD = "# Adding\n\nThe function add takes two numbers and gives back their sum.\n"
SUB = "# Taking away\n\nThe function sub takes the second number from the first.\n"
CHINESE = "# 乘法\n\n函数 multiply 返回两个数的乘积。\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the embedded engine finds, and the reader reads."""
    made = tmp_path_factory.mktemp("documents")
    for name, text in (("add.md", ADD), ("sub.md", SUB), ("multiply.md", CHINESE)):
        (made / name).write_text(text)
    (made / "page.html").write_text(
        "<html><head><title>On adding</title></head><body><nav>Menu</nav><article>"
        "<h1>On adding</h1>"
        "<p>Two and two make four, which is a sum that everybody knows by heart since school.</p>"
        "<p>See <a href='/more'>more of it</a>.</p></article></body></html>"
    )
    (made / "robots.txt").write_text("User-agent: *\nDisallow: /kept-out\n")
    (made / "kept-out.html").write_text("<html><body><p>Nothing for robots.</p></body></html>")
    (made / "rich.html").write_text(
        "<html><head><title>Rich</title></head><body><article><h1>Rich</h1>"
        "<p>A paragraph with <a href='/add.md'>a link</a> that goes on for a good while, so that it"
        " is taken for the main part of this page, as it is.</p>"
        "<p><img src='/shot.png' alt='a shot'><img src='data:image/png;base64,iVBORw0KGgo='></p>"
        "<table><tr><th>name</th><th>size</th></tr><tr><td>one</td><td>1</td></tr></table>"
        "</article></body></html>"
    )
    return made


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[ThreadingHTTPServer]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """It is quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def servers(folder: Path, site: ThreadingHTTPServer) -> str:
    """What the settings say of them, behind the last plan."""
    port = site.server_port
    return f"""
mcp = [{{ per = "1mo", limit = 20 }}]

[search]
engines = ["embedded"]
folders = [{{ path = {json.dumps(str(folder))}, url = "http://127.0.0.1:{port}" }}]

[reader]
allowed = ["127.0.0.1:{port}"]
"""
