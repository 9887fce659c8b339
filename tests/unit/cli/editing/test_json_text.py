"""Only what must change changes in a JSON text."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.cli.editing import json_text
from codeplan.cli.editing.edits import ABSENT, Edit, NotEditable, applied

RICH = b"""// my settings
{
    "theme": "dark",   // easier on the eyes
    /* models */
    "env": {
        "FOO": "1"
    },
    "list": [1, 2,
             3] // keep
}
"""


def set_value(text: bytes, path: tuple[str, ...], value: Any, newline: bytes = b"\n") -> bytes:
    return json_text.edited(text, [Edit(path, value)], newline)


def remove(text: bytes, path: tuple[str, ...]) -> bytes:
    return json_text.edited(text, [Edit(path, ABSENT)], b"\n")


def test_a_value_is_added_behind_its_neighbours_and_nothing_else_changes() -> None:
    changed = set_value(RICH, ("env", "BAR"), "2")
    assert changed == RICH.replace(
        b'        "FOO": "1"\n', b'        "FOO": "1",\n        "BAR": "2"\n'
    )
    changed = set_value(RICH, ("new", "deep"), {"a": 1})
    assert changed == RICH.replace(
        b"             3] // keep\n",
        b"             3], // keep\n"
        b'    "new": {\n        "deep": {\n            "a": 1\n        }\n    }\n',
    )


def test_a_value_is_replaced_where_it_stands() -> None:
    assert set_value(RICH, ("theme",), "light") == RICH.replace(b'"dark"', b'"light"')


def test_a_removed_value_leaves_the_comments_around_it() -> None:
    text = b'{\n  "a": 1, // of a\n  // of b\n  "b": 2, // too\n  "c": 3\n}\n'
    assert remove(text, ("a",)) == text.replace(b'"a": 1, // of a', b"// of a")
    assert remove(text, ("b",)) == text.replace(b'"b": 2, // too', b"// too")
    assert remove(text, ("c",)) == text.replace(b'2, // too\n  "c": 3\n', b"2 // too\n")
    assert remove(RICH, ("no", "such")) == RICH


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (b"", b'{\n  "b": {\n    "c": true\n  }\n}\n'),
        (b"// only this", b'// only this\n{\n  "b": {\n    "c": true\n  }\n}\n'),
        (b"{}", b'{\n  "b": {\n    "c": true\n  }\n}'),
        (b'{"a":1}', b'{"a":1,"b":{"c":true}}'),
        (b'{"a": 1}\n', b'{"a": 1, "b": {"c": true}}\n'),
        (b'{\n\t"a": 1,\n}\n', b'{\n\t"a": 1,\n\t"b": {\n\t\t"c": true\n\t},\n}\n'),
        (b'{"b":{},"b":{"d":1}}', b'{"b":{},"b":{"d":1,"c":true}}'),
    ],
)
def test_small_files_keep_their_manner(text: bytes, after: bytes) -> None:
    assert set_value(text, ("b", "c"), True) == after


def test_new_lines_end_as_they_are_told_to() -> None:
    text = b'{\r\n  "a": 1\r\n}\r\n'
    changed = set_value(text, ("b", "c"), True, b"\r\n")
    assert changed.count(b"\n") == changed.count(b"\r\n") == 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[]", "it is not a JSON object"),
        (b"nonsense", "line 1 is not JSON"),
        (b'{\n  "a": 1\n  "b": 2\n}', "line 3 is not JSON"),
        (b'{"a": nope, "b": 1}', "line 1 is not JSON"),
        (b'{"a":1}\n trailing', "line 2 is not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_refused_in_one_line(text: bytes, says: str) -> None:
    with pytest.raises(NotEditable, match=says) as refusal:
        json_text.parse(text)
    assert "\n" not in str(refusal.value)


KEYS = st.sampled_from(["a", "b", 'c"', "d e", "ü"])
VALUES = st.recursive(
    st.integers() | st.text(max_size=4) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.lists(KEYS, min_size=1, max_size=3),
    VALUES,
    st.sampled_from([None, 2, 4, "\t"]),
    st.booleans(),
)
def test_setting_and_removing_mean_what_they_say(
    before: dict[str, Any], path: list[str], value: Any, indent: Any, comments: bool
) -> None:
    text = json.dumps(before, indent=indent, ensure_ascii=False).encode()
    step = indent if isinstance(indent, str) else " " * (indent or 0)
    if comments:
        next_pair = b",\n" + step.encode() + b'"'
        text = text.replace(next_pair, b', // one, {two} "three"' + next_pair[1:])
    edit = Edit(tuple(path), value)
    try:
        expected = applied(before, [edit])
    except NotEditable:
        return
    changed = json_text.edited(text, [edit], b"\n")
    assert json_text.parse(changed) == expected
    assert changed.count(b"// one") == text.count(b"// one")
    without = json_text.edited(changed, [Edit(tuple(path), ABSENT)], b"\n")
    assert json_text.parse(without) == applied(expected, [Edit(tuple(path), ABSENT)])
    assert without.count(b"// one") == text.count(b"// one")


@pytest.mark.parametrize(
    ("text", "items", "after"),
    [
        (b'{"a": ["x", // one\n "y" /* two */]}', ["x", "y", "z"],
         b'{"a": ["x", // one\n "y",\n "z" /* two */]}'),
        (b'{"a": ["x", // one\n "y" /* two */]}', ["y"], b'{"a": [// one\n "y" /* two */]}'),
        (b'{"a": ["x","y"]}', ["x"], b'{"a": ["x"]}'),
        (b'{"a": []}', ["x"], b'{"a": ["x"]}'),
        (b'{"a": ["x"]}', [], b'{"a": []}'),
        (b'{"a": ["x", "y"]}', ["y", "x"], b'{"a": ["y", "x"]}'),
        (b'{"a": [1, 2]}', [3], b'{"a": [3]}'),
    ],
)  # fmt: skip
def test_a_lists_items_stay_where_they_stand(text: bytes, items: list[Any], after: bytes) -> None:
    changed = set_value(text, ("a",), items)
    assert json_text.parse(changed) == {"a": items}
    assert changed == after
