"""Hostile fetches: none reaches a canary inside, none holds much, none takes long."""

import asyncio
import itertools
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest

from codeplan.fetching.fetcher import Fetcher, FetchLimits, NotFetched
from codeplan.fetching.guarded import GuardedNetwork
from codeplan.fetching.reading import Wanted, read_page

SECONDS = 3.0
MEGABYTE = 1024 * 1024
PAGE = b"<html><title>T</title><body><article><p>Words of a page.</p></article></body></html>"


def bomb() -> bytes:
    """256 MB of nothing, packed piece by piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    pieces = [packer.compress(b"\0" * MEGABYTE) for _ in range(256)]
    return b"".join([*pieces, packer.flush()])


BOMB = bomb()


@dataclass
class Site:
    """A server that answers as it is told, by the path; it counts who came."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            self.asked.append(path)
            await self.answer(path, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        what, _, rest = path.strip("/").partition("/")
        match what:
            case "to":  # wherever the rest says
                writer.write(f"HTTP/1.1 302 F\r\nLocation: {rest}\r\n\r\n".encode())
            case "loop":
                writer.write(b"HTTP/1.1 302 F\r\nLocation: /loop/x\r\n\r\n")
            case "bomb":
                head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\n"
                writer.write(f"{head}content-length: {len(BOMB)}\r\n\r\n".encode() + BOMB)
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
                for _ in range(400):
                    writer.write(b"<p>x</p>" * 8192)
                    await writer.drain()
            case "slow":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
                for _ in range(200):
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.2)
            case "head":
                for _ in range(200):
                    writer.write(b"HTTP/1.1 200 OK\r\n"[:1])
                    await writer.drain()
                    await asyncio.sleep(0.2)
            case "nodes":
                body = b"<html><body>" + b"<b>" * 400_000
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n" + body)
            case "damaged":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\n\x1b\x10\x00")
            case "binary":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n\x89PNG")
            case _:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n" + PAGE)


@pytest.fixture
async def canary() -> AsyncIterator[Site]:
    """What stands inside: nobody may come."""
    async with Served(Site()) as site:
        yield site


@pytest.fixture
async def outside() -> AsyncIterator[Site]:
    """What stands for the open Internet: the only address that is let in beside it."""
    async with Served(Site()) as site:
        yield site


class Served:
    def __init__(self, site: Site) -> None:
        self.site = site

    async def __aenter__(self) -> Site:
        self.server = await asyncio.start_server(self.site.serve, "127.0.0.1", 0)
        self.site.port = self.server.sockets[0].getsockname()[1]
        return self.site

    async def __aexit__(self, *_: object) -> None:
        self.server.close()


class Names:
    """A resolver: names by hand, and one that changes its answer each time it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._turn = itertools.count()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host == "outside.example":
            return ["127.0.0.1"]
        if host == "rebinding.example":
            return ["8.8.8.8"] if next(self._turn) % 2 else ["127.0.0.1"]
        if host == "both.example":
            return ["8.8.8.8", "127.0.0.1"]
        if host == "inside.example":
            return ["10.0.0.7"]
        # Whatever else is an address, in any writing that a resolver takes for one.
        loop = asyncio.get_running_loop()
        return [str(one[4][0]) for one in await loop.getaddrinfo(host, port)]


def fetcher(outside: Site) -> Fetcher:
    network = GuardedNetwork(Names(), [f"127.0.0.1:{outside.port}"])
    return Fetcher(network, FetchLimits(2 * MEGABYTE, SECONDS))


HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
    "017700000001",
    "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "inside.example", "rebinding.example", "both.example", "10.0.0.1", "192.168.0.1", "172.16.0.1",
    "169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "[fe80::1]", "224.0.0.1",
    "255.255.255.255",
)  # fmt: skip


def hostile(outside: Site, canary: Site) -> list[str]:
    """Two hundred addresses, and redirects to them."""
    direct = [f"http://{host}:{canary.port}/secret" for host in HOSTS]
    direct += [f"http://{host}:{canary.port}" for host in HOSTS]
    direct += [f"https://{host}:{canary.port}/" for host in HOSTS[:12]]
    base = f"http://outside.example:{outside.port}"
    redirected = [f"{base}/to/http://{host}:{canary.port}/secret" for host in HOSTS]
    twice = [f"{base}/to/{base}/to/http://{host}:{canary.port}/secret" for host in HOSTS]
    kinds = [
        "file:///etc/passwd", "data:text/html,x", f"ftp://127.0.0.1:{canary.port}/",
        f"gopher://127.0.0.1:{canary.port}/", "javascript:alert(1)", "about:blank",
        f"http://outside.example@127.0.0.1:{canary.port}/",
        f"http://127.0.0.1:{canary.port}#@outside.example/",
        f"http://user:pw@127.0.0.1:{canary.port}/", f"//127.0.0.1:{canary.port}/",
        f"http:127.0.0.1:{canary.port}", f"http://127.0.0.1:{canary.port}\\@outside.example/",
    ]  # fmt: skip
    through = [f"{base}/to/{kind}" for kind in kinds]
    broken = [f"{base}/{what}/x" for what in ("loop", "bomb", "endless", "damaged")]
    found = direct + redirected + twice + kinds + through + broken
    return found + [f"{base}/bomb/{n}" for n in range(max(0, 200 - len(found)))]


async def test_two_hundred_hostile_fetches_reach_nothing_inside(
    outside: Site, canary: Site
) -> None:
    reader = fetcher(outside)
    addresses = hostile(outside, canary)
    assert len(addresses) >= 200
    for url in addresses:
        begun = time.monotonic()
        with pytest.raises(NotFetched):
            await reader.fetch(url)
        assert time.monotonic() - begun < SECONDS + 2, url
    assert canary.asked == []
    assert len(outside.asked) > 40


@pytest.mark.parametrize("what", ["bomb", "endless"])
async def test_nothing_that_grows_is_held(outside: Site, what: str) -> None:
    reader = fetcher(outside)
    tracemalloc.start()
    with pytest.raises(NotFetched, match="larger than"):
        await reader.fetch(f"http://outside.example:{outside.port}/{what}/x")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 * MEGABYTE


@pytest.mark.parametrize("what", ["slow", "head"])
async def test_nothing_that_is_slow_is_waited_for(outside: Site, what: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NotFetched, match="longer than"):
        await fetcher(outside).fetch(f"http://outside.example:{outside.port}/{what}/x")
    assert time.monotonic() - begun < SECONDS + 1


async def test_a_page_of_too_many_elements_is_refused_before_it_is_taken_apart(
    outside: Site,
) -> None:
    found = await fetcher(outside).fetch(f"http://outside.example:{outside.port}/nodes/x")
    begun = time.monotonic()
    with pytest.raises(NotFetched, match="elements"):
        await read_page(found, Wanted())
    assert time.monotonic() - begun < 1


async def test_a_page_is_read_and_a_picture_is_not(outside: Site) -> None:
    reader, base = fetcher(outside), f"http://outside.example:{outside.port}"
    page = await read_page(await reader.fetch(f"{base}/to/{base}/page"), Wanted())
    assert (page.title, page.url) == ("T", f"{base}/page")
    assert "Words of a page." in page.text
    with pytest.raises(NotFetched, match="image/png"):
        await read_page(await reader.fetch(f"{base}/binary/x"), Wanted())


async def test_a_name_is_resolved_once_for_each_connection(outside: Site) -> None:
    names = Names()
    network = GuardedNetwork(names, [f"127.0.0.1:{outside.port}"])
    await Fetcher(network).fetch(f"http://outside.example:{outside.port}/page")
    assert names.asked == ["outside.example"]
