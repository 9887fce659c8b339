"""What a draft of the catalogue would change."""

from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.plan.catalogue import Catalogue
from codeplan.plan.difference import Difference, difference

TEXT = builtin_text()


def of(text: str) -> Catalogue:
    return build_catalogue(parse(text, "test"))


def test_nothing_changes_where_nothing_does() -> None:
    assert difference(of(TEXT), of(TEXT)) == []


def test_figures_by_their_path() -> None:
    assert "limit = 120 }" in TEXT
    changed = TEXT.replace("limit = 120 }", "limit = 100 }", 1)
    found = difference(of(TEXT), of(changed))
    assert found == [Difference("plan lite, windows, 5hour, limit", "120", "100")]


def test_a_plan_that_comes_and_one_that_goes() -> None:
    renamed = TEXT.replace('id = "lite"', 'id = "light"', 1)
    found = {(one.path, one.before, one.after) for one in difference(of(TEXT), of(renamed))}
    assert ("plan lite", "Lite", "") in found
    assert ("plan light", "", "Lite") in found


def test_promotions_and_order() -> None:
    promotion = """
[[promotions]]
id = "summer"
name = "Summer"
from = 2026-06-01
to = 2026-06-30
zone = "UTC"
percent_off = 10
"""
    with_one, with_more = TEXT + promotion, TEXT + promotion.replace("= 10", "= 20")
    found = difference(of(with_one), of(with_more))
    assert found == [Difference("promotion summer, percent_off", "1000", "2000")]
    assert difference(of(TEXT), of(with_one)) == [Difference("promotion summer", "", "Summer")]
