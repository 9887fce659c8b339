"""No key and no token is shown, whoever's it is and however it is written."""

import pytest

from codeplan.cli.editing.showing import without_secrets


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('"ANTHROPIC_API_KEY": "sk-ant-REALSECRET",', '"ANTHROPIC_API_KEY": "sk-…CRET",'),
        ('"GITHUB_TOKEN": "ghp_REALSECRET"', '"GITHUB_TOKEN": "…"'),
        ("OPENAI_API_KEY: hunter2 # mine", "OPENAI_API_KEY: … # mine"),
        ('experimental_bearer_token = "cp-0123456789abcdefgh"',
         'experimental_bearer_token = "cp-…efgh"'),
        ('"Authorization": "Bearer abcdefghijklmnop1234"', '"Authorization": "Bearer abc…1234"'),
        ('"DB_PASSWORD": "p"', '"DB_PASSWORD": "…"'),
        ('"args": ["--api-key", "hunter2"]', '"args": ["--api-key", "…"]'),
        ('url = "https://me:pw@example.com/?token=abc&a=1"',
         'url = "https://me:…@example.com/?token=…&a=1"'),
        ("# the old one: sk-proj-abcdefgh12345678", "# the old one: sk-…5678"),
        ('"id": "0123456789abcdef0123456789abcdef"', '"id": "012…cdef"'),
        ("  MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ7",
         "  MII…BAQ7"),
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_shortened(line: str, shown: str) -> None:
    assert without_secrets(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        '"max_tokens": 32000',
        '"model": "claude-sonnet-4-5-20250929"',
        '"$schema": "https://json.schemastore.org/claude-code-settings.json"',
        '"allow": ["Bash(npm run test:*)", "Read(~/.zshrc)"]',
        'base_url = "http://127.0.0.1:8787/api/coding/paas/v4"',
        '"tokenSource": "manual"',
        '"keybindings": "vim"',
        '"apiKey": null',
    ],
)
def test_what_is_no_key_is_shown(line: str) -> None:
    assert without_secrets(line) == line
