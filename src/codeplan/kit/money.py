"""Amounts of money: integers in a currency's minor unit or in millionths of it, and how people
write them."""

from collections.abc import Mapping

from codeplan.kit.currencies import digits_of

# Prices of tokens, and so balances, are kept in millionths of the minor unit.
MINOR = 1_000_000
_SIGNS: Mapping[str, str] = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥"}


def minor_units(text: str, currency: str) -> int:
    """``"40.00"`` of CNY is 4000. Raises ValueError for what is no amount or no currency, or is
    finer than its minor unit."""
    amount = _shifted(text, digits_of(currency))
    if amount is None:
        raise ValueError(f"expected an amount such as {written(4000, currency, sign=False)}")
    return amount


def token_price(text: str, currency: str) -> int:
    """An amount for a million tokens, in millionths of the minor unit: ``"2.00"`` of CNY is
    200,000,000. Raises ValueError for what is no amount, or is finer than that."""
    amount = _shifted(text, digits_of(currency) + 6)
    if amount is None:
        raise ValueError(f"expected an amount such as 2.00 (not {text!r})")
    return amount


def _shifted(text: str, digits: int) -> int | None:
    """The number with its point moved to the right; None where it is none, or something is left
    behind the point. ``"5000.00"`` is 5000 at no digits."""
    whole, point, rest = text.partition(".")
    if not whole.isdecimal() or (point and not rest.isdecimal()) or rest[digits:].strip("0"):
        return None
    return int(whole + rest[:digits].ljust(digits, "0"))


def written(amount_minor: int, currency: str, sign: bool = True) -> str:
    """``¥40.00``; negative amounts with their sign in front. What was given for nothing has no
    currency."""
    digits = digits_of(currency) if currency else 2
    whole, rest = divmod(abs(amount_minor), 10**digits)
    number = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
    mark = _SIGNS.get(currency, f"{currency} ") if sign else ""
    return f"{'-' if amount_minor < 0 else ''}{mark}{number}"


def share(amount_minor: int, part: int, whole: int) -> int:
    """That part of an amount, to the nearest minor unit, halves upwards. ``amount_minor`` and
    ``part`` are not negative."""
    return (2 * amount_minor * part + whole) // (2 * whole)


def written_exact(millionths: int, currency: str) -> str:
    """Millionths of the minor unit, with as many digits as there are: ``¥19.99871``."""
    text = written(abs(millionths) // MINOR, currency)
    rest = f"{abs(millionths) % MINOR:06d}".rstrip("0")
    if rest:
        text += rest if "." in text else f".{rest}"
    return f"-{text}" if millionths < 0 else text
