"""Amounts of money: integers in a currency's minor unit, and how people write them."""

from collections.abc import Mapping

# Digits behind the point, by ISO 4217; every other currency here has two.
_DIGITS: Mapping[str, int] = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}
_SIGNS: Mapping[str, str] = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥"}


def minor_units(text: str, currency: str) -> int:
    """``"40.00"`` of CNY is 4000. Raises ValueError for what is no amount, or has more digits."""
    digits = _DIGITS.get(currency, 2)
    whole, point, rest = text.partition(".")
    if not whole.isdecimal() or (point and not rest.isdecimal()) or len(rest) > digits:
        raise ValueError(f"expected an amount such as {written(4000, currency, sign=False)}")
    return int(whole + rest.ljust(digits, "0"))


def written(amount_minor: int, currency: str, sign: bool = True) -> str:
    """``¥40.00``; negative amounts with their sign in front."""
    digits = _DIGITS.get(currency, 2)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    number = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
    mark = _SIGNS.get(currency, f"{currency} ") if sign else ""
    return f"{'-' if amount_minor < 0 else ''}{mark}{number}"


def share(amount_minor: int, part: int, whole: int) -> int:
    """That part of an amount, to the nearest minor unit, halves upwards. ``amount_minor`` and
    ``part`` are not negative."""
    return (2 * amount_minor * part + whole) // (2 * whole)
