"""docs/translation.md says what the code does."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "translation_page.py"


def test_the_page_is_what_the_code_does() -> None:
    script = runpy.run_path(str(SCRIPT))
    assert script["PAGE"].read_text() == script["page"](), "run scripts/translation_page.py"
