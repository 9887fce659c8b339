"""Ten years of daily life on both stores, with the same result to the cent. A few accounts of the
thousand that ``python -m years.life`` runs."""

from pathlib import Path

from years.life import both

ACCOUNTS, DAYS = 20, 3653


async def test_ten_years_on_both_stores_end_the_same_to_the_cent(tmp_path: Path) -> None:
    found = await both(ACCOUNTS, DAYS, 1, tmp_path)
    sqlite, postgres = found["came"]["sqlite"], found["came"]["postgres"]
    assert sqlite["did"] == postgres["did"]
    assert sqlite["did"]["buys"] >= ACCOUNTS
    assert sqlite["did"]["orders_by_card"] >= ACCOUNTS
    assert sqlite["accounts"] == postgres["accounts"]
    assert sqlite["house"] == postgres["house"]
