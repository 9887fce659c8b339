"""Cells that spreadsheets leave alone, and numbers that they sum."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.billing.bills import _number
from codeplan.billing.csv_text import Cell, csv_of


def read(*rows: tuple[Cell, ...]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(["a", "b"], rows), newline="")))[1:]


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1",
        "＝1+1", "＋1", "－1", "＠x", "\u200b=1", "\u3000=1", "\ufeff=1", "﹣1", "=", "-",
    ],
)  # fmt: skip
def test_no_text_is_a_formula(text: str) -> None:
    ((cell, _),) = read((text, "x"))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["", "plain", "a=b", "T-1", "2026-11-28", "x+y", "'=1", "乘法"])
def test_other_texts_stay(text: str) -> None:
    assert read((text, "x")) == [[text, "x"]]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_a_text_comes_back_whole(text: str) -> None:
    ((cell, _),) = read((text, "x"))
    assert cell in (text, f"'{text}")


def test_numbers_are_numbers() -> None:
    assert read((Decimal("-5.00"), 3), (Decimal("1E+2"), -7)) == [["-5.00", "3"], ["100", "-7"]]


@pytest.mark.parametrize(
    ("millionths", "currency", "written"),
    [
        (5_000_000_000, "USD", "50.00"),
        (-5_000_000_000, "USD", "-50.00"),
        (667_000_000, "JPY", "667"),
        (3_333_000_000, "KWD", "3.333"),
        (1, "USD", "0.00000001"),
        (1_999_871_000, "CNY", "19.99871"),
        (0, "CNY", "0.00"),
        (500_000, "JPY", "0.5"),
    ],
)
def test_amounts_are_whole_units(millionths: int, currency: str, written: str) -> None:
    assert read((_number(millionths, currency), "x")) == [[written, "x"]]
