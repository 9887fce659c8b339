"""The one writer of CSV: no cell of it is a formula, and every amount is a number, so that a
spreadsheet sums a column and runs nothing that somebody else wrote."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

Cell = str | int | Decimal
# By which spreadsheets take a cell for a formula (OWASP, "CSV injection"); the full-width forms are
# those of spreadsheets in East Asia.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A heading, and a line each. Numbers stand as they are; a currency is a column of its own."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(header)
    for row in rows:
        table.writerow([_safe(cell) for cell in row])
    return out.getvalue()


def _safe(cell: Cell) -> str:
    if not isinstance(cell, str):
        return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
    # What stands in front and cannot be seen does not help a formula.
    plain = unicodedata.normalize("NFKC", cell)
    shown = "".join(one for one in plain if unicodedata.category(one) != "Cf").lstrip(" ")
    return f"'{cell}" if shown.startswith(_STARTS) else cell
