"""Amounts in every currency of ISO 4217 and at every provider: each is the size that was meant,
comes back as it went, and is refused where the provider cannot say it."""

from fractions import Fraction

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from codeplan.billing.wallet import AmountInvalid, amount_in
from codeplan.kit.currencies import CURRENCIES, digits_of
from codeplan.kit.money import MINOR, minor_units, written, written_exact
from codeplan.payments.amounts import ALIPAY, STRIPE, TRANSFER, WECHAT, Counting, NotCarried


def codes(text: str) -> set[str]:
    return set(text.split())


# What Stripe's own page lists, by itself: https://docs.stripe.com/currencies
ZERO = codes("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")
THREE = codes("BHD JOD KWD OMR TND")
# CLDR writes these without the digits that ISO gives them; every other currency agrees.
CLDR_LEAVES_OUT = codes("AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SLL SOS SYP YER")

providers = st.sampled_from([STRIPE, ALIPAY, WECHAT, TRANSFER, Counting("bank")])
currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.integers(1, 10**11)


def test_digits_are_isos() -> None:
    """Against CLDR's, which Babel carries: an independent list, with its known differences."""
    cldr = get_global("currency_fractions")
    differ = {code for code in CURRENCIES if cldr.get(code, cldr["DEFAULT"])[0] != digits_of(code)}
    assert differ == CLDR_LEAVES_OUT
    assert {code for code in CURRENCIES if digits_of(code) == 4} == {"CLF", "UYW"}
    assert digits_of("MGA") == 2
    assert digits_of("IQD") == 3


@given(providers, currencies, amounts)
def test_an_amount_goes_to_a_provider_and_comes_back(
    provider: Counting, currency: str, amount: int
) -> None:
    try:
        units = provider.of(amount, currency)
    except NotCarried as refused:
        assert currency in str(refused)
        carried = provider is STRIPE and currency in ZERO | THREE | {"MGA", "ISK", "UGX"}
        if not carried:
            missing = provider.currencies and currency not in provider.currencies
            assert missing
            return
        # There is one near by, and it is the next.
        more = provider.enough(amount, currency)
        assert amount < more <= amount + 100
        assert provider.minor(provider.of(more, currency), currency) == more
        return
    assert provider.minor(units, currency) == amount
    assert provider.enough(amount, currency) == amount
    theirs = _stripes(currency) if provider is STRIPE else digits_of(currency)
    assert Fraction(units, 10**theirs) == Fraction(amount, 10 ** digits_of(currency))
    if provider is STRIPE and currency in THREE:
        assert units % 10 == 0
    if provider is STRIPE and currency in ("ISK", "UGX"):
        assert units % 100 == 0


def _stripes(currency: str) -> int:
    return 0 if currency in ZERO else 3 if currency in THREE else 2


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("5000", code, 5000) for code in sorted(ZERO)]
    + [("5000", "UGX", 500000), ("5000", "ISK", 500000), ("4.00", "OMR", 4000),
       ("4.000", "JOD", 4000), ("3.330", "KWD", 3330), ("3.33", "KWD", 3330),
       ("40.00", "HUF", 4000), ("40.00", "TWD", 4000), ("9.99", "USD", 999),
       ("12.50", "RSD", 1250), ("7.25", "LAK", 725)],
)  # fmt: skip
def test_what_stripe_is_told(amount: str, currency: str, units: int) -> None:
    assert STRIPE.of(amount_in(amount, currency), currency) == units


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("3.333", "KWD"), ("0.001", "BHD"), ("5.50", "MGA"), ("4.000", "IQD"), ("1.0000", "CLF")],
)
def test_what_stripe_cannot_be_told(amount: str, currency: str) -> None:
    with pytest.raises(NotCarried, match=f"{currency}.*(steps of|does not take)|does not take"):
        STRIPE.of(amount_in(amount, currency), currency)


@given(currencies, st.integers(0, 10**12), st.integers(0, MINOR - 1))
def test_what_is_typed_is_what_is_shown(currency: str, amount: int, rest: int) -> None:
    shown = written(amount, currency, sign=False)
    assert minor_units(shown, currency) == amount
    assert len(shown.partition(".")[2]) == digits_of(currency)
    # Exact ones are as people write them, to the millionth of the minor unit.
    exact = written_exact(amount * MINOR + rest, currency)
    number = Fraction(exact.removeprefix(written(0, currency)[: -len(written(0, currency, False))]))
    assert number == Fraction(amount * MINOR + rest, MINOR * 10 ** digits_of(currency))


@pytest.mark.parametrize("text", ["1.5", "1.50", "0.001", "1e3", "-4", "1,000", "", "."])
def test_a_whole_currency_has_nothing_behind_its_point(text: str) -> None:
    with pytest.raises(AmountInvalid, match="expected"):
        amount_in(text, "JPY")


@pytest.mark.parametrize("currency", ["", "XXX", "usd", "ABC", "US"])
def test_no_currency(currency: str) -> None:
    with pytest.raises(AmountInvalid, match="ISO 4217"):
        amount_in("1", currency)
