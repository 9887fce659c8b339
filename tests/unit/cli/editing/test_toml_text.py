"""Only what must change changes in a TOML text."""

import tomllib
from typing import Any

import pytest

from codeplan.cli.editing import toml_text
from codeplan.cli.editing.edits import ABSENT, Edit, NotEditable, applied

WANTED = [
    Edit(("model",), "glm-4.6"),
    Edit(("model_providers", "codeplan", "name"), "codeplan"),
    Edit(("model_providers", "codeplan", "url"), "http://x"),
]
TABLE = b'\n[model_providers.codeplan]\nname = "codeplan"\nurl = "http://x"\n'


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (b"", b'model = "glm-4.6"\n' + TABLE),
        (b'model="a" # mine\n', b'model="glm-4.6" # mine\n' + TABLE),
        (b"# top\n\n# of t\n[t]\na = 1\n",
         b'# top\n\nmodel = "glm-4.6"\n\n# of t\n[t]\na = 1\n' + TABLE),
        (b'model_providers.x.name = "X"\n',
         b'model_providers.x.name = "X"\nmodel = "glm-4.6"\n' + TABLE),
        (b'model_providers = { x = { name = "X" } }\n',
         b'model_providers = { x = { name = "X" }, codeplan = { name = "codeplan",'
         b' url = "http://x" } }\nmodel = "glm-4.6"\n'),
        (b'model = "a"\nmodel_providers.codeplan.name = "b"\n[t]\n',
         b'model = "glm-4.6"\nmodel_providers.codeplan.name = "codeplan"\n'
         b'model_providers.codeplan.url = "http://x"\n[t]\n'),
        (b'model = "a"\n[model_providers.codeplan]\n  name = "b" # c\n[t]',
         b'model = "glm-4.6"\n[model_providers.codeplan]\n  name = "codeplan" # c\n'
         b'  url = "http://x"\n[t]'),
        (b'text = """\n[model_providers.codeplan]\nname = 1\n"""\nmodel = "a"',
         b'text = """\n[model_providers.codeplan]\nname = 1\n"""\nmodel = "glm-4.6"\n' + TABLE),
    ],
)  # fmt: skip
def test_each_way_to_write_a_table_stays(text: bytes, after: bytes) -> None:
    changed = toml_text.edited(text, WANTED, b"\n")
    assert changed == after
    assert tomllib.loads(changed.decode()) == applied(tomllib.loads(text.decode()), WANTED)


@pytest.mark.parametrize("text", [b'model_providers = "x"\n', b"[[model_providers]]\na = 1\n"])
def test_what_is_no_table_is_refused(text: bytes) -> None:
    with pytest.raises(NotEditable, match="model_providers is"):
        toml_text.edited(text, WANTED, b"\n")


@pytest.mark.parametrize("text", [b"a = \nb = 1", b"a = 1\na = 2\n", b"[a]\n[a]\n"])
def test_what_is_no_toml_is_refused_by_its_line(text: bytes) -> None:
    with pytest.raises(NotEditable, match="line"):
        toml_text.parse(text)


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        (b"a = 1 # c\nb = 2\n", ("a",), b"# c\nb = 2\n"),
        (b"a = 1\nb = 2\n", ("b",), b"a = 1\n"),
        (b"a = { b = 1, c = 2, d = 3 }\n", ("a", "c"), b"a = { b = 1, d = 3 }\n"),
        (b"a = { b = 1, c = 2 }\n", ("a", "b"), b"a = { c = 2 }\n"),
        (b"x = 1\n\n[a]\nb = 1\n\n[a.c]\nd = 1\n[e]\n", ("a",), b"x = 1\n[e]\n"),
        (b"a.b = 1\na.c = 2\n", ("a", "b"), b"a.c = 2\n"),
        (b"[a]\nb.c = 1\nd = 2\n", ("a", "b"), b"[a]\nd = 2\n"),
        (b"a = 1\n", ("b",), b"a = 1\n"),
    ],
)
def test_a_value_or_a_table_is_removed(text: bytes, path: tuple[str, ...], after: bytes) -> None:
    assert toml_text.edited(text, [Edit(path, ABSENT)], b"\n") == after


@pytest.mark.parametrize(
    "value", [True, 1, 1.5, 'a "b" \\ \n ü', [1, "a"], {"a b": {"c": [1]}}, {}]
)
def test_values_are_written_as_toml_has_them(value: Any) -> None:
    changed = toml_text.edited(b"", [Edit(("a", "b.c"), value)], b"\n")
    assert tomllib.loads(changed.decode()) == {"a": {"b.c": value}}


def test_a_file_of_20000_lines_is_read_in_one_piece() -> None:
    text = b"".join(b'[projects."/p/%d"]\ntrust_level = "trusted"\n\n' % n for n in range(6700))
    changed = toml_text.edited(text, WANTED, b"\n")
    assert changed == b'model = "glm-4.6"\n\n' + text + TABLE.removeprefix(b"\n")
    assert len(toml_text.parse(changed)["projects"]) == 6700


def test_a_removed_table_leaves_the_comment_of_the_next() -> None:
    text = b'[a.b]\nc = "x" # gone\n# about t\n[t]\nd = 1\n'
    assert toml_text.edited(text, [Edit(("a",), ABSENT)], b"\n") == b"# about t\n[t]\nd = 1\n"


def test_dotted_names_in_an_inline_table_stay() -> None:
    text = b'model_providers = { codeplan.name = "x", codeplan.env_key = "y" }\nmodel = "a"\n'
    assert toml_text.edited(text, WANTED, b"\n") == (
        b'model_providers = { codeplan.name = "codeplan", codeplan.env_key = "y",'
        b' codeplan.url = "http://x" }\nmodel = "glm-4.6"\n'
    )
