"""Compressed bodies: what went in comes out, and never more than the limit."""

import contextlib
import gzip
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.clients.refusal import Refusal
from codeplan.gateway.encodings import decoded
from codeplan.protocol.outline import Malformed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


# By the header's word, and another way to write the same where there is one.
PACKERS: dict[str, list[Callable[[bytes], bytes]]] = {
    "gzip": [gzip.compress, lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:])],
    "deflate": [zlib.compress, raw_deflate],
    "br": [brotli.compress],
    "zstd": [zstd.compress, lambda body: zstd.compress(body[:5]) + zstd.compress(body[5:])],
    "identity": [bytes],
}
STACKS = st.lists(
    st.sampled_from([(name, packer) for name, packers in PACKERS.items() for packer in packers]),
    max_size=3,
)
LIMIT = 300_000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 100), STACKS)
async def test_what_went_in_comes_out(
    piece: bytes, times: int, stack: list[tuple[str, Callable[[bytes], bytes]]]
) -> None:
    body = packed = piece * times
    for _, packer in stack:
        packed = packer(packed)
    header = ", ".join(name for name, _ in stack).encode()
    assert await decoded(packed, header, LIMIT) == body


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]),
    st.binary(max_size=300),
    st.integers(0, 60),
)
async def test_broken_data_is_malformed(name: str, noise: bytes, cut: int) -> None:
    last = name.rpartition(", ")[2]
    whole = PACKERS[last][0](b"abc" * 20)
    for body in (noise, whole[:cut], whole[:cut] + noise):
        with contextlib.suppress(Malformed):
            assert len(await decoded(body, name.encode(), LIMIT)) <= LIMIT


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
async def test_a_bomb_stops_at_the_limit(name: str) -> None:
    bomb = PACKERS[name][0](bytes(64 * 1024 * 1024))
    assert len(bomb) < LIMIT
    with pytest.raises(Refusal) as refused:
        await decoded(bomb, name.encode(), LIMIT)
    assert refused.value.status == 413
    # And one that is packed twice.
    with pytest.raises(Refusal):
        await decoded(gzip.compress(bomb), f"{name}, gzip".encode(), LIMIT)


async def test_many_small_streams_behind_each_other_are_no_body() -> None:
    with pytest.raises(Malformed):
        await decoded(gzip.compress(b"") * 100, b"gzip", LIMIT)


async def test_a_window_larger_than_http_allows_is_refused() -> None:
    options = {int(zstd.CompressionParameter.window_log): 27}
    wide = zstd.compress(bytes(range(256)) * 40_000, options=options)
    with pytest.raises(Malformed):
        await decoded(wide, b"zstd", 20_000_000)


@pytest.mark.parametrize("header", [b"compress", b"gzip, snappy", b"gzip, gzip, gzip, gzip"])
async def test_another_coding_is_refused_with_those_that_are_known(header: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        await decoded(b"", header, LIMIT)
    assert refused.value.status == 415


@pytest.mark.parametrize("header", [b"", b"identity", b" Identity , identity"])
async def test_no_coding_changes_nothing(header: bytes) -> None:
    assert await decoded(b"abc", header, 3) == b"abc"
