"""What clients send by mistake and mean otherwise: nulls, and halves of emojis."""

from typing import Any

import msgspec
import pytest

from codeplan.protocol.fields import read_as, whole_body, without_halves
from codeplan.protocol.outline import Malformed
from codeplan.protocol.splice import rename_model


class _Call(msgspec.Struct):
    model: str
    name: str = "none"
    more: list["_Call"] = []


READER = msgspec.json.Decoder(_Call)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"A\ud83dB"', "A\ufffdB"),
        (rb'"A\ude00"', "A\ufffd"),
        (rb'"\uD83D\uDE00"', "\U0001f600"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\ud83d\ude00\ude00"', "\U0001f600\ufffd"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\ud7ff\ue000"', "\ud7ff\ue000"),
    ],
)
def test_half_an_emoji(written: bytes, read: str) -> None:
    assert msgspec.json.decode(without_halves(written)) == read


def test_half_an_emoji_does_not_go_on_where_bytes_pass() -> None:
    assert rename_model(rb'{"model":"m","x":"\ud83d"}', "n") == b'{"model":"n","x":"\\ufffd"}'


def test_a_null_is_read_as_an_absent_field() -> None:
    body = b'{"model": "m", "name": null, "more": [{"model": "n", "name": null, "more": null}]}'
    assert read_as(READER, body) == _Call("m", more=[_Call("n")])


@pytest.mark.parametrize(
    "body", [b'{"model": null}', b'{"model": 5, "name": null}', b"null", b'""null']
)
def test_what_must_be_there_may_be_no_null(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_as(READER, body)


def test_the_callers_own_json_keeps_its_nulls() -> None:
    free: dict[str, Any] = {"default": None, "enum": ["a", None]}
    body = msgspec.json.encode({"a": None, "b": [{"c": None}], "schema": free})
    assert whole_body(body, frozenset({"schema"})) == {"b": [{}], "schema": free}
