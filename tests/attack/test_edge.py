"""What strangers may take of a running service: heads, addresses, bodies, time, connections; and
that whoever pays is served beside it."""

import time
from collections.abc import Iterator
from itertools import repeat

import httpx
import pytest

from attack.wire import CHAT, Wire, call, key_headers, memory
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Pause, Reply, ScriptedUpstream
from support.waiting import wait_until

MEGABYTE = 1024 * 1024
SETTINGS = f"""
[service]
head_timeout_seconds = 1.5
body_timeout_seconds = 1.5
connections_per_address = 40
body_memory_bytes = {24 * MEGABYTE}
"""
PIECE = b"x" * 65536


class House:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.paused = Pause()

    def wire(self, source: str = "127.0.0.9") -> Wire:
        return Wire(self.service, source)

    def serves(self) -> bool:
        """Whether a paying caller is served."""
        with self.service.client() as http:
            answered = http.post(CHAT, content=call(), headers=key_headers(self.service.key))
        return answered.status_code == 200

    def model(self, asked: Asked) -> Reply:
        reply = answer(asked, Said(text="Yes."))
        if b"WAIT" in asked.raw[:500]:
            reply.waits = self.paused
        return reply


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ScriptedUpstream(lambda _: Reply(status=500)) as upstream:
        config = SETTINGS + catalogue(upstream.base_url)
        with Service(tmp_path_factory.mktemp("edge"), config) as service:
            house = House(service)
            upstream.script = house.model
            yield house


@pytest.fixture(autouse=True)
def _is_well_after_it(house: House) -> Iterator[None]:
    before = memory(house.service)
    yield
    assert house.serves()
    assert memory(house.service) - before < 40 * MEGABYTE


def test_a_head_without_end(house: House) -> None:
    with house.wire() as wire:
        wire.send(b"GET / HTTP/1.1\r\nx-long: ")
        assert wire.send_all(repeat(PIECE, 1600)) < 20 * MEGABYTE
    with house.wire() as wire:
        wire.send(b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(200)))
        assert wire.status() == 431


def test_an_address_without_end(house: House) -> None:
    with house.wire() as wire:
        wire.send(b"GET /")
        assert wire.send_all(repeat(PIECE, 1600)) < 20 * MEGABYTE
    with house.wire() as wire:
        wire.send(b"GET /%b HTTP/1.1\r\nhost: x\r\n\r\n" % (b"a" * 9000))
        assert wire.status() == 414


@pytest.mark.parametrize("headers", [{}, {"authorization": "x"}, {"x-api-key": "cp-unknown"}])
@pytest.mark.parametrize("length", [31 * MEGABYTE, "chunked"])
def test_a_large_body_of_nobody(house: House, headers: dict[str, str], length: int | str) -> None:
    """It is refused before it has come."""
    with house.wire() as wire:
        wire.send(wire.head(CHAT, length, headers))
        piece = b"10000\r\n" + PIECE + b"\r\n" if length == "chunked" else PIECE
        wire.send_all(repeat(piece, 8))
        assert wire.status() == 401


@pytest.mark.parametrize(
    "path", ["/api/payments/stripe/notify", "/console/sign-in", "/api/admin/accounts", "/healthz"]
)
def test_a_large_body_for_the_application(house: House, path: str) -> None:
    with house.wire() as wire:
        wire.send(wire.head(path, 600 * MEGABYTE))
        assert wire.status() == 413
    with house.wire() as wire:
        wire.send(wire.head(path, "chunked"))
        sent = wire.send_all(repeat(b"10000\r\n" + PIECE + b"\r\n", 5000))
        assert sent < 100 * MEGABYTE


def test_a_large_body_of_somebody_known_is_served(house: House) -> None:
    with house.service.client() as http:
        headers = key_headers(house.service.key)
        answered = http.post(CHAT, content=call("x" * 5 * MEGABYTE), headers=headers)
        assert answered.status_code == 200
        over = http.post(CHAT, content=call("x" * 33 * MEGABYTE), headers=headers)
        assert over.status_code == 413


def test_bodies_together_have_a_bound(house: House) -> None:
    """The third of ten megabytes each is told to come again, while the others are served."""
    house.paused = Pause()
    content = call("WAIT" + "x" * 10 * MEGABYTE)
    headers = key_headers(house.service.key)
    with house.wire() as first, house.wire() as second, house.service.client() as http:
        for wire in (first, second):
            wire.send(wire.head(CHAT, len(content), headers) + content)
        assert house.paused.reached.wait(20)
        wait_until(lambda: http.post(CHAT, content=content, headers=headers).status_code == 503)
        refused = http.post(CHAT, content=content, headers=headers)
        assert refused.headers["retry-after"]
        house.paused.open()
        assert [first.status(), second.status()] == [200, 200]


def test_what_never_comes_whole_is_closed(house: House) -> None:
    key = key_headers(house.service.key)
    with house.wire() as silent, house.wire() as half, house.wire() as body:
        half.send(b"POST / HTTP/1.1\r\nhost: x\r\n")
        body.send(body.head(CHAT, 1000, key) + b"{")
        assert silent.status() == 0
        assert [half.status(), body.status()] == [408, 408]


def test_a_body_that_goes_on_coming_has_more_time(house: House) -> None:
    content = call("x" * 100_000)
    with house.wire() as wire:
        wire.send(wire.head(CHAT, len(content), key_headers(house.service.key)))
        begun = time.monotonic()
        for start in range(0, len(content), 20_000):
            wire.send(content[start : start + 20_000])
            with house.wire() as other:
                assert other.status() == 0  # one whole time-out of a connection that says nothing
        assert time.monotonic() - begun > 4
        assert wire.status() == 200


def test_connections_of_one_address_have_a_bound(house: House) -> None:
    crowd = [house.wire("127.0.0.7") for _ in range(45)]
    try:
        statuses = [crowd[number].status() for number in range(40, 45)]
        assert statuses == [503] * 5
        assert house.serves()
    finally:
        for wire in crowd:
            wire.socket.close()


def test_a_continue_waits_for_the_answer_before_it(house: House) -> None:
    house.paused = Pause()
    first, second = call("WAIT"), call()
    headers = key_headers(house.service.key)
    with house.wire() as wire:
        wire.send(wire.head(CHAT, len(first), headers) + first)
        assert house.paused.reached.wait(20)
        wire.send(wire.head(CHAT, len(second), {**headers, "expect": "100-continue"}))
        house.paused.open()
        told = wire.until(b"100 Continue")
        assert told.startswith(b"HTTP/1.1 200")
        assert told.index(b"Yes.") < told.index(b"100 Continue")
        wire.send(second)
        assert wire.status() == 200


def test_what_is_no_http_is_told_behind_the_answer_before_it(house: House) -> None:
    house.paused = Pause()
    first = call("WAIT")
    with house.wire() as wire:
        wire.send(wire.head(CHAT, len(first), key_headers(house.service.key)) + first)
        assert house.paused.reached.wait(20)
        wire.send(b"\x00\x01 rubbish\r\n\r\n")
        house.paused.open()
        told = wire.until(b"never")
        assert told.startswith(b"HTTP/1.1 200")
        assert told.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "more", [{"x-api-key": "cp-another"}, {"x-goog-api-key": "cp-another"}, {"?": "key=cp-another"}]
)
@pytest.mark.parametrize("path", [CHAT, "/api/account/plan"])
def test_two_keys_are_refused(house: House, path: str, more: dict[str, str]) -> None:
    if "?" in more and path != CHAT:
        return  # no address of the application takes a key in its query
    query = f"?{more['?']}" if "?" in more else ""
    headers = {**key_headers(house.service.key), **{k: v for k, v in more.items() if k != "?"}}
    with house.service.client() as http:
        answered: httpx.Response = http.post(path + query, content=call(), headers=headers)
        assert answered.status_code == 401
        assert "several" in answered.json()["error"]["message"]
    same = {**key_headers(house.service.key), "x-api-key": house.service.key}
    with house.service.client() as http:
        assert http.post(CHAT, content=call(), headers=same).status_code == 200


def test_a_key_given_twice_in_one_header(house: House) -> None:
    content = call()
    with house.wire() as wire:
        head = wire.head(CHAT, len(content), key_headers(house.service.key))
        wire.send(head[:-2] + b"authorization: Bearer cp-another\r\n\r\n" + content)
        assert wire.status() == 401
