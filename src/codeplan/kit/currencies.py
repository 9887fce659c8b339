"""Which currencies there are, and how many digits each one's minor unit has, by ISO 4217. Never how
a payment provider counts them: payments/amounts.py has that.

ISO 4217, list one, by its maintenance agency: https://www.six-group.com/en/products-services/
financial-information/market-reference-data/data-standards.html. Babel's digits are CLDR's, which
are how people write prices: they leave out minor units that nobody uses (none for RSD, MGA, IQD).
Books and banks go by ISO.
"""

from collections.abc import Mapping


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TWO = _codes(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD"
    " CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL"
    " GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR"
    " LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD"
    " PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC"
    " SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR"
    " ZMW ZWG"
    # Withdrawn in the last years: books may still be in them.
    " ANG CUC HRK SLL ZWL"
)
_OTHERS: Mapping[int, frozenset[str]] = {
    0: _codes("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    3: _codes("BHD IQD JOD KWD LYD OMR TND"),
    4: _codes("CLF UYW"),
}
_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(_TWO, 2),
    **{code: digits for digits, codes in _OTHERS.items() for code in codes},
}
CURRENCIES = frozenset(_DIGITS)


class CurrencyUnknown(ValueError):
    """No currency of ISO 4217."""


def digits_of(currency: str) -> int:
    """Behind the point. Raises CurrencyUnknown."""
    digits = _DIGITS.get(currency)
    if digits is None:
        raise CurrencyUnknown(f"expected a currency of ISO 4217 such as CNY (not {currency!r})")
    return digits
