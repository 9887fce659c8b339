"""One value changes, every other byte stays."""

import json

import pytest

from codeplan.protocol.splice import replace_model, replace_value

CASES = [
    (b'{"model":"a","x":1}', b'{"model":"N","x":1}'),
    (b' {\n "model" : "a" , "x":1}', b' {\n "model" : "N" , "x":1}'),
    (b'{"x":{"model":"b"},"model":"a"}', b'{"x":{"model":"b"},"model":"N"}'),
    (b'{"x":"\\"model\\":\\"b\\"","model":"a"}', b'{"x":"\\"model\\":\\"b\\"","model":"N"}'),
    (b'{"model":"a","y":[{"model":"b"}],"model":"c"}',
     b'{"model":"N","y":[{"model":"b"}],"model":"N"}'),
    (b'{"mod\\u0065l":"a"}', b'{"mod\\u0065l":"N"}'),
    (b'{"model":"a","mod\\u0065l":"b"}', b'{"model":"N","mod\\u0065l":"N"}'),
    (b'{"a":"model","model":"x{"}', b'{"a":"model","model":"N"}'),
    (b'{"x":1}', b'{"model":"N","x":1}'),
    (b'{}', b'{"model":"N"}'),
    (b'{"a":[1,[2,{"b":"]}"}]],"model":null}', b'{"a":[1,[2,{"b":"]}"}]],"model":"N"}'),
]  # fmt: skip


@pytest.mark.parametrize(("body", "changed"), CASES)
def test_model(body: bytes, changed: bytes) -> None:
    assert replace_model(body, b'"N"') == changed
    assert json.loads(changed)["model"] == "N"


def test_a_value_of_any_kind() -> None:
    body = b'{"stream_options": {"include_usage": false, "x": [1]} , "model": "m"}'
    assert replace_value(body, "stream_options", b"{}") == b'{"stream_options": {} , "model": "m"}'
