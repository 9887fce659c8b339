"""Which addresses are of the open Internet, however they are written."""

import pytest

from codeplan.fetching.addresses import may_connect
from codeplan.fetching.fetcher import NotFetched, checked

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
        "javascript:1",
        "http://", "http:///x", "//example.org", "example.org", "http://user:pass@example.org/",
        "http://exa mple.org/", "http://example.org/\r\nHost: inside", "http://[::1", "http://x:99999/",
        "http://x:0x50/", "blob:http://x/", "http://example.org/" + "a" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_page_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(NotFetched):
        checked(url)
