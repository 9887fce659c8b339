"""Packed bodies as sites send them: right, announced and not sent, cut, and far too large."""

import gzip
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.fetching.packing import unpack_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = b"<html><body><p>A page that is packed by somebody.</p></body></html>" * 20
LIMIT = 1_000_000


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress),
    ("deflate", raw_deflate), ("br", brotli.compress), ("zstd", zstd.compress),
)  # fmt: skip


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
def test_what_was_packed_is_unpacked(coding: str, pack: Callable[[bytes], bytes]) -> None:
    assert unpack_body(pack(PAGE), coding, LIMIT) == PAGE
    assert unpack_body(pack(gzip.compress(PAGE)), f"GZIP ,{coding}", LIMIT) == PAGE
    assert unpack_body(pack(b""), coding, LIMIT) == b""


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br", "utf-8", "aws-x"])
@pytest.mark.parametrize("body", [PAGE, "Müller, 文".encode(), b"%PDF-1.7\n\x00\x01", b""])
def test_what_was_announced_and_not_sent_is_as_it_came(coding: str, body: bytes) -> None:
    assert unpack_body(body, coding, LIMIT) == body


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
def test_what_is_cut_is_said(coding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(bytes(range(256)) * 40)
    with pytest.raises(NotFetched, match=coding) as failed:
        unpack_body(packed[:-20], coding, LIMIT)
    assert failed.value.kind is Kind.DAMAGED


def test_what_stands_behind_is_left_out() -> None:
    assert unpack_body(gzip.compress(PAGE) + b"\0" * 512, "gzip", LIMIT) == PAGE
    assert (
        unpack_body(gzip.compress(PAGE) + gzip.compress(b"more"), "gzip", LIMIT) == PAGE + b"more"
    )


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
def test_a_bomb_stops_at_the_limit(coding: str, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NotFetched, match="larger than 1000000 bytes"):
        unpack_body(pack(bytes(50_000_000)), coding, LIMIT)
