"""Which addresses are of the open Internet, however they are written."""

import pytest

from codeplan.fetching.addresses import may_connect
from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.fetching.urls import web_address

INSIDE = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "198.18.0.1", "192.0.2.1",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "192.0.0.192", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:db8::1", "2001::1", "100::1", "fe80::1%eth0", "8.8.8.8%0", "2130706433", "0x7f000001",
    "0177.0.0.1", "127.1", "", "localhost", "[::1]",
)  # fmt: skip
OPEN = ("8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8")


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_refused(address: str) -> None:
    assert not may_connect(address)


@pytest.mark.parametrize("address", OPEN)
def test_what_is_open_is_let_through(address: str) -> None:
    assert may_connect(address)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "data:text/html,x", "ftp://example.org/", "gopher://x/",
        "javascript:1", "http://", "//", "", "http://user:pass@example.org/", "http://@:80/",
        "http://exa mple.org/", "http://[::1", "http://[::1%25eth0]/", "http://x:99999/",
        "http://x:0x50/", "blob:http://x/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://a^b/",
        "http://\ud800/", "http://example.org/" + "a" * 9000,
        "http://example.org/" + "文" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_page_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(NotFetched) as refused:
        web_address(url)
    assert refused.value.kind is Kind.ADDRESS


# Typed, and as it is connected to: host, port, path with query.
READ: tuple[tuple[str, str, int, str], ...] = (
    ("http:///x", "x", 80, "/"),
    ("example.org/a b?c d#e f", "example.org", 443, "/a%20b?c%20d"),
    ("example.org:8443", "example.org", 8443, "/"),
    ("localhost:3000/x", "localhost", 3000, "/x"),
    ("//example.org", "example.org", 443, "/"),
    (" HTTP://Example.ORG:80/\ta\n ", "example.org", 80, "/a"),
    ("http:\\\\example.org\\a\\b", "example.org", 80, "/a/b"),
    ("http:/example.org/a/../b/./c", "example.org", 80, "/b/c"),
    (
        "https://例え.テスト/道?名=値",
        "xn--r8jz45g.xn--zckzah",
        443,
        "/%E9%81%93?%E5%90%8D=%E5%80%A4",
    ),
    ("https://ПРИМЕР.рф/Ё", "xn--e1afmkfd.xn--p1ai", 443, "/%D0%81"),
    ("https://faß.de/%c3%9f%", "xn--fa-hia.de", 443, "/%c3%9f%"),
    ("http://exa\u00admple.org\u3002/", "example.org.", 80, "/"),
    ("http://ｅｘａｍｐｌｅ.org/", "example.org", 80, "/"),
    ("http://0x7f.1/", "127.0.0.1", 80, "/"),
    ("http://2130706433/", "127.0.0.1", 80, "/"),
    ("http://017700000001/", "127.0.0.1", 80, "/"),
    ("http://１２７.０.０.１/", "127.0.0.1", 80, "/"),
    ("http://%31%32%37.1/", "127.0.0.1", 80, "/"),
    ("http://[::FFFF:127.0.0.1]:81/", "::ffff:7f00:1", 81, "/"),
    ("http://example.org/\r\nHost: inside", "example.org", 80, "/Host:%20inside"),
    ("http://127.0.0.1\\@example.org/", "127.0.0.1", 80, "/@example.org/"),
    ("http://example.org#@127.0.0.1/", "example.org", 80, "/"),
)


@pytest.mark.parametrize(("typed", "host", "port", "target"), READ)
def test_an_address_is_read_as_browsers_read_it(
    typed: str, host: str, port: int, target: str
) -> None:
    address = web_address(typed)
    assert (address.host, address.port, address.target) == (host, port, target)
    assert address.href.isascii()
    assert web_address(address.href) == address


@pytest.mark.parametrize(
    ("location", "href"),
    [
        (
            "/页面?q=中 文#上",
            "https://h.example/%E9%A1%B5%E9%9D%A2?q=%E4%B8%AD%20%E6%96%87#%E4%B8%8A",
        ),
        ("?b c", "https://h.example/a/x?b%20c"),
        ("y z", "https://h.example/a/y%20z"),
        ("//other.example\\p", "https://other.example/p"),
        ("http://０x7f.1", "http://127.0.0.1/"),
        ("", "https://h.example/a/x"),
    ],
)
def test_a_redirect_is_read_from_where_it_stands(location: str, href: str) -> None:
    assert web_address(location, "https://h.example/a/x#old").href == href
