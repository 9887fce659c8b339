"""Only what must change changes in a YAML text."""

import pytest

from codeplan.cli.editing import yaml_text
from codeplan.cli.editing.edits import ABSENT, Edit, NotEditable, applied

WANTED = [Edit(("MODEL",), "glm"), Edit(("NEW",), True)]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", 'MODEL: "glm"\nNEW: true\n'),
        ("# mine\n", '# mine\nMODEL: "glm"\nNEW: true\n'),
        ("MODEL: a  # until now\nb: 1", 'MODEL: "glm"  # until now\nb: 1\nNEW: true\n'),
        ("MODEL : a\n", 'MODEL : "glm"\nNEW: true\n'),
        ("MODEL:\nb: 1\n", 'MODEL: "glm"\nb: 1\nNEW: true\n'),
        ("  MODEL: a\n  b: 1\n", '  MODEL: "glm"\n  b: 1\n  NEW: true\n'),
        ("MODEL: one\n  two # c\nb: 1\n", 'MODEL: "glm" # c\nb: 1\nNEW: true\n'),
        ("MODEL: |\n  one\n  two\nb: 1\n", 'MODEL: "glm"\nb: 1\nNEW: true\n'),
        ("MODEL: a\nb: |+\n  text\n\n", 'MODEL: "glm"\nNEW: true\nb: |+\n  text\n\n'),
        ("---\nMODEL: a\n...\n", '---\nMODEL: "glm"\nNEW: true\n...\n'),
        ("{MODEL: a, b: 1}\n", '{MODEL: "glm", b: 1, "NEW": true}\n'),
        ("a: &x 1\nMODEL: *x\n", 'a: &x 1\nMODEL: "glm"\nNEW: true\n'),
        ("a: &x 1\nb: *x\nMODEL: &y z\n", 'a: &x 1\nb: *x\nMODEL: "glm"\nNEW: true\n'),
        ('"MODEL": a\n', '"MODEL": "glm"\nNEW: true\n'),
    ],
)
def test_each_way_to_write_a_mapping_stays(text: str, after: str) -> None:
    changed = yaml_text.edited(text.encode(), WANTED, b"\n")
    assert changed.decode() == after
    assert yaml_text.parse(changed) == applied(yaml_text.parse(text.encode()), WANTED)


def test_what_is_nested_is_set_and_removed_there() -> None:
    text = b"a:\n  b: 1 # c\n  d: 2\ne: 3\n"
    changed = yaml_text.edited(text, [Edit(("a", "x", "y"), 1)], b"\n")
    assert changed == b'a:\n  b: 1 # c\n  d: 2\n  x:\n    "y": 1\ne: 3\n'
    assert yaml_text.edited(text, [Edit(("a", "b"), ABSENT)], b"\n") == (
        b"a:\n  # c\n  d: 2\ne: 3\n"
    )
    assert yaml_text.edited(text, [Edit(("e",), ABSENT)], b"\n") == text.replace(b"e: 3\n", b"")
    flow = b"{a: 1, b: 2}\n"
    assert yaml_text.edited(flow, [Edit(("a",), ABSENT)], b"\n") == b"{b: 2}\n"
    assert yaml_text.edited(flow, [Edit(("b",), ABSENT)], b"\n") == b"{a: 1}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"- a\n", "it is not a YAML mapping"),
        (b"a: [\n", "line 2 is not YAML"),
        (b"a: 1\na: 2\n", "line 2 is not YAML"),
        (b"a: *x\n", "line 1 is not YAML"),
        (b"a: 1\n---\nb: 1\n", "line"),
    ],
)
def test_what_is_no_mapping_is_refused_in_one_line(text: bytes, says: str) -> None:
    with pytest.raises(NotEditable, match=says) as refusal:
        yaml_text.parse(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("x:\n  y: |\n    a\n    b", 'MODEL: "glm"\nNEW: true\nx:\n  y: |\n    a\n    b'),
        ("x:\n- |\n  a", 'MODEL: "glm"\nNEW: true\nx:\n- |\n  a'),
        ("{a: 1 # c\n}\n", '{a: 1, "MODEL": "glm", "NEW": true # c\n}\n'),
        ("--- !!map\nMODEL: a\n", '--- !!map\nMODEL: "glm"\nNEW: true\n'),
        ("MODEL:\n  a: b # c\n# of b\nb: 1\n", 'MODEL:\n  "glm" # c\n# of b\nb: 1\nNEW: true\n'),
    ],
)
def test_odd_ends_of_values(text: str, after: str) -> None:
    changed = yaml_text.edited(text.encode(), WANTED, b"\n")
    assert changed.decode() == after
    assert yaml_text.parse(changed) == applied(yaml_text.parse(text.encode()), WANTED)


@pytest.mark.parametrize(
    "text",
    [
        "KEY: hunter2\nKEY: hunter3\n",
        "a: &x 1\nKEY: *hunter2\n",
        "KEY: !hunter2 x\n",
        "a: &x 1\nKEY: &x hunter2\n",
        "KEY: 'hunter2\n",
    ],
)
def test_no_value_is_quoted_in_a_complaint(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        yaml_text.parse(text.encode())
    except NotEditable as refusal:
        assert "hunter" not in str(refusal)
    assert "hunter" not in "".join(capsys.readouterr())
