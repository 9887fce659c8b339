"""Counting tokens costs nothing, and is bounded for each account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.gateway.counting import estimate
from codeplan.protocol import inner
from support.service import Service, catalogue
from support.upstream import Asked, Pause, Reply, ScriptedUpstream
from support.waiting import wait_until

COUNT = "/api/anthropic/v1/messages/count_tokens"
A_MINUTE = 6
SETTINGS = f"[service]\ncounts_a_minute = {A_MINUTE}\nqueue_seconds = 0.2\n"


class House:
    def __init__(self, service: Service, upstream: ScriptedUpstream) -> None:
        self.service, self.upstream = service, upstream

    def count(self, key: str, text: str = "Hello") -> httpx.Response:
        body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
        with self.service.client() as http:
            return http.post(COUNT, headers={"x-api-key": key}, json=body)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ScriptedUpstream(_counts) as upstream:
        config = SETTINGS + catalogue(upstream.base_url, "anthropic")
        with Service(tmp_path_factory.mktemp("counting"), config) as service:
            yield House(service, upstream)


def _counts(_: Asked) -> Reply:
    return Reply(body=b'{"input_tokens": 3}')


def test_an_account_may_count_so_often_in_a_minute(house: House) -> None:
    house.upstream.script = _counts
    often, other = (
        house.service.new_key("often@example.org"),
        house.service.new_key("o@example.org"),
    )
    answered = [house.count(often) for _ in range(A_MINUTE + 1)]
    assert [one.status_code for one in answered] == [200] * A_MINUTE + [429]
    assert 1 <= int(answered[-1].headers["retry-after"]) <= 60 // A_MINUTE
    assert answered[-1].json()["error"]["type"] == "rate_limit_error"
    assert house.count(other).status_code == 200
    assert house.service.window(often)["used"] == 0


def test_an_account_has_two_counts_at_once(house: House) -> None:
    slow = Pause()
    house.upstream.script = lambda asked: Reply(
        body=b'{"input_tokens": 3}', waits=slow if b"slow" in asked.raw else None
    )
    key, other = house.service.new_key("two@example.org"), house.service.new_key("t@example.org")
    before = len(house.upstream.calls)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(house.count, key, "slow") for _ in range(2)]
        wait_until(lambda: len(house.upstream.calls) == before + 2)
        assert house.count(key).status_code == 429
        assert house.count(other).status_code == 200
        slow.open()
        assert [one.result().status_code for one in running] == [200, 200]
    assert house.count(key).status_code == 200


@given(st.lists(st.text(), max_size=5))
def test_the_estimate_is_by_the_letters_that_are_written(texts: list[str]) -> None:
    messages = tuple(inner.Message("user", (inner.Text(text),)) for text in texts)
    request = inner.Request(model="m", messages=messages)
    parts = [part for message in messages for part in message.parts]
    written = msgspec.json.encode([parts, ()]).decode()
    plain = sum(letter < "\x80" for letter in written)
    others = (len(written) - plain) * 3 // 2
    assert estimate(request) == plain // 4 + others + 4 * len(texts)
