"""When an upstream says to come again, in all the ways in which servers say it."""

import pytest

from codeplan.routing.failures import broke, inside, of_status, own_seconds
from codeplan.upstream.base import UpstreamFailed

NOW = 1_764_338_400_000  # 2025-11-28T14:00:00Z


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "37"}, 37),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Fri, 28 Nov 2025 14:01:00 GMT"}, 60),
        ({"retry-after": "Fri, 28 Nov 2025 13:00:00 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-tokens": "1h2m3s"}, 3723),
        ({"anthropic-ratelimit-tokens-reset": "2025-11-28T14:00:30Z"}, 30),
        ({"anthropic-ratelimit-unified-reset": "1764338500"}, 100),
        ({"x-ratelimit-reset": "1764338410000"}, 10),
        ({"ratelimit-reset": "12"}, 12),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"x-request-id": "12"}, None),
        ({}, None),
    ],
)
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    told = own_seconds(429, raw, "slow down", NOW)
    assert told == (None if seconds is None else pytest.approx(seconds))


def test_of_several_limits_the_one_that_is_used_up_counts() -> None:
    headers = {
        b"x-ratelimit-remaining-requests": b"0",
        b"x-ratelimit-reset-requests": b"1m0s",
        b"x-ratelimit-remaining-tokens": b"9000",
        b"x-ratelimit-reset-tokens": b"2s",
    }
    assert own_seconds(429, headers, "", NOW) == 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Rate limit reached. Please try again in 7.66s. Visit", 7.66),
        ("Please try again in 6m0s.", 360),
        ("Please retry after 250ms", 0.25),
        ("Please try again in a moment", None),
    ],
)
def test_texts_of_limits(text: str, seconds: float | None) -> None:
    assert own_seconds(429, {}, text, NOW) == seconds


def test_resets_are_read_of_limits_alone() -> None:
    headers = {b"x-ratelimit-reset-requests": b"60"}
    assert own_seconds(503, headers, "", NOW) is None
    assert own_seconds(503, {b"retry-after": b"9"}, "", NOW) == 9


def test_what_makes_a_route_rest_at_once() -> None:
    assert broke(UpstreamFailed("nobody there")).away
    assert broke(UpstreamFailed("silent", began=True, silent=True)).away
    assert not broke(UpstreamFailed("cut", began=True)).away
    assert of_status(429, "", NOW).away
    assert of_status(503, "", NOW, {b"retry-after": b"9"}).away
    assert not of_status(500, "", NOW, {b"retry-after": b"9"}).away
    assert not of_status(401, "", NOW).away
    assert inside(429, "limit", NOW).away
    assert not inside(503, "no capacity", NOW).away
