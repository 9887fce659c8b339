"""No key and no token is shown, whoever's it is and however it is written."""

from pathlib import Path

import pytest

from codeplan.cli.editing.change import Change
from codeplan.cli.editing.edits import ABSENT, Edit
from codeplan.cli.editing.showing import shown, without_secrets


def change_of(before: bytes, *edits: Edit) -> Change:
    return Change(
        path=Path("/f"), format="json", before=before, after=b"", base=None, edits=(), shown=edits,
        replaces_base=True, is_ours=False, key_at=(), mode_before=None, mode=0o600,
    )  # fmt: skip


def test_each_setting_is_a_line_with_what_stands_there() -> None:
    before = b"""{"model": "gpt-5.2", "env": {"API_KEY": "sk-ant-REALSECRET0", "X_TOKEN": "short"},
        "a": {"hidden": 1}, "b": ["hidden"], "url": "https://me:hidden@example.com/v1?key=hidden",
        "on": true, "pin": "a\\nhidden", "pass": 1234}"""
    text = shown(
        change_of(
            before,
            Edit(("model",), "glm-4.6"),
            Edit(("env", "API_KEY"), ABSENT, "removed"),
            Edit(("env", "X_TOKEN"), "cp-0123456789abcdefgh"),
            Edit(("a",), ABSENT, "removed"),
            Edit(("b",), ["x"]),
            Edit(("url",), "http://127.0.0.1:8787/api"),
            Edit(("on",), False),
            Edit(("pass",), 1),
            Edit(("enabled",), ["a", "codeplan"], "included", "codeplan"),
            Edit(("disabled",), [], "excluded", "codeplan"),
            Edit(("new",), 5),
        )
    )
    assert text.splitlines() == [
        "/f:",
        "  model: gpt-5.2 -> glm-4.6",
        "  env.API_KEY: sk-…RET0 -> (taken out)",
        "  env.X_TOKEN: … -> cp-…efgh",
        "  a: {…} -> (taken out)",
        "  b: […] -> […]",
        "  url: https://…@example.com/v1?… -> http://127.0.0.1:8787/api",
        "  on: true -> false",
        "  pass: … -> …",
        "  enabled: with codeplan",
        "  disabled: without codeplan",
        "  new: 5",
    ]
    assert "hidden" not in text


@pytest.mark.parametrize(
    "text",
    [
        "Not logged in with sk-ant-hunter2hunter2",
        "Authorization: Bearer hunter2secret",
        "--header=Authorization: Bearer hunter2 was refused",
        "authorization: Basic hunter2",
        "api_key=hunter2",
        'the "token": "hunter2" is wrong',
        "password: hunter2",
        "https://me:hunter2@example.com/x",
        "https://hunter2tokenhere@example.com",
        "https://example.com/?code=hunter2",
        "the key A1hunter2C3d4E5f6G7h8I9j0 is wrong",
        "A1hunter2C3d4E5f6G7h8I9j0",
        "ghp_hunter2hunter2",
    ],
)
def test_what_a_tool_says_is_shortened(text: str) -> None:
    assert "hunter2" not in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "API Error: 400 There is no model 'claude-sonnet-4-5-20250929'",
        "stream error: unexpected status 402 Payment Required: Usage limit reached for 5 hour",
        "could not connect to http://127.0.0.1:8787/api/coding/paas/v4",
    ],
)
def test_what_is_no_key_is_shown(text: str) -> None:
    assert without_secrets(text) == text


def test_a_long_word_is_read_in_one_pass() -> None:
    """Each of these once took minutes."""
    for text in ("a" * 200_000, "key" * 60_000, "://" + "a" * 200_000, "?" * 100_000):
        assert without_secrets(text)
