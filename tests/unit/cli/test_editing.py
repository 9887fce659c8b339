"""Only what must change changes in another program's file."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.cli.editing import json_text, toml_text, yaml_text
from codeplan.cli.editing.change import Backups, Change, Changed, planned
from codeplan.clients.set_up import Plan
from codeplan.config.build_clients import built_in_clients

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


def plain(text: bytes) -> Any:
    return json.loads(re.sub(rb"//[^\n]*|/\*.*?\*/", b"", text))


def test_a_value_is_added_behind_its_neighbours_and_nothing_else_changes() -> None:
    changed = json_text.set_value(RICH, ("env", "BAR"), "2")
    assert changed == RICH.replace(
        b'        "FOO": "1"\n', b'        "FOO": "1",\n        "BAR": "2"\n'
    )
    changed = json_text.set_value(RICH, ("new", "deep"), {"a": 1})
    assert changed == RICH.replace(
        b"             3] // keep\n",
        b"             3], // keep\n"
        b'    "new": {\n      "deep": {\n        "a": 1\n      }\n    }\n',
    )


def test_a_value_is_replaced_where_it_stands() -> None:
    changed = json_text.set_value(RICH, ("theme",), "light")
    assert changed == RICH.replace(b'"dark"', b'"light"')


def test_a_value_is_removed() -> None:
    assert plain(json_text.remove(RICH, ("env", "FOO")))["env"] == {}
    assert plain(json_text.remove(RICH, ("list",))) == {"theme": "dark", "env": {"FOO": "1"}}
    assert json_text.remove(RICH, ("no", "such")) == RICH


@pytest.mark.parametrize("text", [b"", b"  \n", b"{}", b"{ }\n", b'{"a": 1}', b'{\n  "a": 1,\n}\n'])
def test_small_files(text: bytes) -> None:
    changed = json_text.set_value(text, ("b", "c"), True)
    value = json.loads(re.sub(rb",(\s*})", rb"\1", changed))
    assert value["b"] == {"c": True}
    assert ("a" in value) == (b"a" in text)


@pytest.mark.parametrize("text", [b"[]", b"nonsense", b"// only a comment\n"])
def test_what_is_no_object_is_left_alone(text: bytes) -> None:
    with pytest.raises(json_text.NotEditable):
        json_text.set_value(text, ("a",), 1)


KEYS = st.sampled_from(["a", "b", 'c"', "d e", "ü"])
VALUES = st.recursive(
    st.integers() | st.text(max_size=4) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.lists(KEYS, min_size=1, max_size=3),
    VALUES,
    st.sampled_from([None, 2, 4, "\t"]),
)
def test_setting_and_removing_mean_what_they_say(
    before: dict[str, Any], path: list[str], value: Any, indent: Any
) -> None:
    text = json.dumps(before, indent=indent, ensure_ascii=False).encode()
    expected: dict[str, Any] = json.loads(json.dumps(before))
    place = expected
    for key in path[:-1]:
        if not isinstance(place.get(key), dict):
            place[key] = {}
        place = place[key]
    place[path[-1]] = value
    changed = json_text.set_value(text, tuple(path), value)
    assert json.loads(changed) == expected
    del place[path[-1]]
    assert json.loads(json_text.remove(changed, tuple(path))) == expected


TOML = b"""# mine
model = "gpt-5" # the old one
approval = "never"

[profiles.fast] # for small things
model = "mini"

[mcp_servers.files]
command = "files"
"""


def test_toml() -> None:
    changed = toml_text.set_value(TOML, ("model",), "glm-4.6")
    changed = toml_text.set_value(changed, ("model_provider",), "codeplan")
    changed = toml_text.set_value(changed, ("model_providers", "codeplan", "name"), "codeplan")
    value = tomllib.loads(changed.decode())
    assert value["model"] == "glm-4.6"
    assert value["model_provider"] == "codeplan"
    assert value["model_providers"]["codeplan"] == {"name": "codeplan"}
    assert value["profiles"]["fast"] == {"model": "mini"}
    for kept in (b"# mine", b"# the old one", b"# for small things", b'approval = "never"'):
        assert kept in changed
    with pytest.raises(json_text.NotEditable):
        toml_text.set_value(b"a = ", ("b",), 1)


# A plan that fills in every place of a set-up.
NOWHERE = Plan("http://127.0.0.1:8787", "cp-secret0123456789", "glm-4.6", "glm-4.5-air")


@pytest.mark.parametrize(
    "client",
    [one for one in built_in_clients().known if one.set_up(NOWHERE)],
    ids=lambda one: one.id,
)
@pytest.mark.parametrize("existing", ["none", "rich"])
def test_a_change_is_taken_back_byte_for_byte(
    client: Any, existing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    plan = Plan("http://127.0.0.1:8787", "cp-secret0123456789", "glm-4.6", "glm-4.5-air")
    set_ups = client.set_up(plan)
    paths = [tmp_path / set_up.files[0] for set_up in set_ups]
    rich = [{"json": RICH, "toml": TOML, "yaml": YAML}[set_up.format] for set_up in set_ups]
    if existing == "rich":
        for path, content in zip(paths, rich, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    backups = Backups(tmp_path)
    for _ in range(2):  # a second time changes nothing, and keeps the first backup
        changes = [planned(set_up, tmp_path) for set_up in set_ups]
        assert all(plan.key not in change.diff(plan.key) for change in changes)
        backups.do(client.id, changes)
    assert any(plan.key.encode() in path.read_bytes() for path in paths)
    for path in paths:
        assert path.stat().st_mode & 0o077 == 0 or existing == "rich"
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and file not in paths]
    assert not any(plan.key.encode() in file.read_bytes() for file in kept)
    written = paths[-1].read_bytes()
    paths[-1].write_bytes(written + b"\n")
    with pytest.raises(Changed):
        backups.undo(client.id, force=False)
    paths[-1].write_bytes(written)
    assert backups.undo(client.id, force=False) == paths
    assert not backups.has(client.id)
    for path, content in zip(paths, rich, strict=True):
        assert (path.read_bytes() if path.exists() else None) == (
            content if existing == "rich" else None
        )


YAML = b"""# mine
GOOSE_PROVIDER: anthropic  # until now
extensions:
  developer:
    enabled: true
"""


def test_yaml() -> None:
    changed = yaml_text.set_value(YAML, ("GOOSE_PROVIDER",), "openai")
    changed = yaml_text.set_value(changed, ("GOOSE_DISABLE_KEYRING",), True)
    new = b"GOOSE_DISABLE_KEYRING: true\n"
    assert changed == YAML.replace(b"anthropic", b'"openai"') + new
    with pytest.raises(json_text.NotEditable):
        yaml_text.set_value(YAML, ("extensions",), 1)
    assert yaml_text.remove(b"a: 1\nb: 2\n", ("a",)) == b"b: 2\n"


def test_a_file_of_another_name_that_is_there_is_used(tmp_path: Path) -> None:
    (client,) = (client for client in built_in_clients().known if client.id == "opencode")
    (set_up,) = client.set_up(Plan("http://127.0.0.1:1", "cp-x", "a", "b"))
    other = tmp_path / set_up.files[1]
    other.parent.mkdir(parents=True)
    other.write_bytes(RICH)
    assert planned(set_up, tmp_path).path == other
    assert isinstance(planned(set_up, tmp_path), Change)
