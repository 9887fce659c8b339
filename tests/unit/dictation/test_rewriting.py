"""When a tiny model's text is taken for a person's own."""

import pytest

from codeplan.dictation.rewriting import is_faithful


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ("um add a uh test for the empty basket", "Add a test for the empty basket.", True),
        ("add a test for the empty mask kit", "Add a test for the empty basket.", True),
        ("嗯请帮我修复这个失败的测试", "请帮我修复这个失败的测试。", True),
        ("run all the tests again and tell me which of them fail", "Run all the tests.", False),
        ("add a test", "Sure! Here is the polished text that you asked me for: Add a test", False),
        ("add a test", "Certainly.", False),
        ("add a test", "...", False),
        ("um", "I am sorry.", False),
        ("请帮我修复这个失败的测试", "Please fix this failing test.", False),
    ],
)
def test_a_text_that_has_lost_what_was_said_is_told(text: str, new: str, expected: bool) -> None:
    assert is_faithful(text, new) == expected
