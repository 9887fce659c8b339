"""A code is the same however it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.plan.codes import plain
from codeplan.subscriptions.codes import digest_of, new_code

DASHES = "-‐‑‒–—―−﹘﹣－⸺­_"
BLANKS = " \t\n\r\u00a0\u2003\u2009\u202f\u3000\u200b\u200d\u2060\ufeff"


@pytest.mark.parametrize("between", [*DASHES, *BLANKS, " - ", ""])
def test_dashes_and_blanks_of_every_kind_are_forgiven(between: str) -> None:
    assert plain(f" save{between}15 ") == "SAVE15"


def test_full_width_letters_are_letters() -> None:
    assert plain("ｓａｖｅ－１５") == "SAVE15"
    assert plain("ＳＡＶＥ　１５") == "SAVE15"


def test_other_scripts_stay() -> None:
    assert plain("双十一-50") == "双十一50"
    assert plain("straße") == plain("STRASSE")


@given(st.text())
def test_it_is_the_same_the_second_time(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.data())
def test_a_redeem_code_is_found_however_it_was_typed(data: st.DataObject) -> None:
    code = new_code()
    typed = "".join(
        data.draw(st.sampled_from(["", "", *DASHES, *BLANKS]))
        + data.draw(st.sampled_from([one, one.lower(), chr(ord(one) + 0xFEE0)]))
        for one in code.replace("-", "")
    )
    assert digest_of(typed) == digest_of(code)
