"""How each provider counts money: the one place where an amount of ours becomes a provider's, and
back. Nothing is rounded here: what a provider cannot carry is refused before an order is made.

Ours are minor units by ISO 4217 (kit/currencies.py). A provider counts in units of its own, and may
take only every tenth or hundredth of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codeplan.kit.currencies import CURRENCIES, CurrencyUnknown, digits_of
from codeplan.kit.money import written
from codeplan.payments.base import NotOffered


class NotCarried(NotOffered):
    """The provider has no way to say that amount, or we have none to say what it said."""


@dataclass(frozen=True, slots=True)
class Counting:
    """``name``: for people. ``currencies``: that it can count; none for all. ``digits``: behind the
    point, where they are not ISO's; ``steps``: of its units, where it takes not every one."""

    name: str
    currencies: frozenset[str] = frozenset()
    digits: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)

    def of(self, amount_minor: int, currency: str) -> int:
        """Our amount in the provider's units. Raises NotCarried."""
        ours, theirs = self._whole(currency)
        units, rest = divmod(amount_minor * theirs, ours)
        if rest or units % self.steps.get(currency, 1):
            step = written(self._step(currency), currency)
            raise NotCarried(
                f"{written(amount_minor, currency)} cannot be paid by {self.name}: it takes"
                f" {currency} in steps of {step}"
            )
        return units

    def minor(self, units: int, currency: str) -> int:
        """The provider's amount in our minor units. Raises NotCarried."""
        ours, theirs = self._whole(currency)
        minor, rest = divmod(units * ours, theirs)
        if rest:
            raise NotCarried(f"{self.name} says {units} {currency}, which is no whole minor unit")
        return minor

    def enough(self, amount_minor: int, currency: str) -> int:
        """The least that it can carry and that is not less. Raises NotCarried."""
        step = self._step(currency)
        return -(-amount_minor // step) * step

    def _step(self, currency: str) -> int:
        """The least that it can carry, in our minor units."""
        ours, theirs = self._whole(currency)
        return max(1, self.steps.get(currency, 1) * ours // theirs)

    def _whole(self, currency: str) -> tuple[int, int]:
        """One whole of it, in our minor units and in the provider's. Raises NotCarried."""
        if currency not in (self.currencies or CURRENCIES):
            try:
                digits_of(currency)
            except CurrencyUnknown as unknown:
                raise NotCarried(f"{self.name}: {unknown}") from None
            raise NotCarried(f"{self.name} does not take {currency}")
        digits = digits_of(currency)
        return int(10**digits), int(10 ** self.digits.get(currency, digits))


# https://docs.stripe.com/currencies#zero-decimal and below it: ISK and UGX have no decimals, and
# are said with two that are zeros; of three decimals the last is a zero. HUF and TWD are whole in
# payouts only. What ISO counts by three or four digits, and Stripe does not name, it does not have.
_STRIPE_WHOLE = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
)  # fmt: skip
_STRIPE_THREE = ("BHD", "JOD", "KWD", "OMR", "TND")
_STRIPE_HUNDREDS = ("ISK", "UGX")
STRIPE = Counting(
    "Stripe",
    currencies=CURRENCIES - {"IQD", "LYD", "CLF", "UYW", "UYI"},
    digits={**dict.fromkeys(_STRIPE_WHOLE, 0), **dict.fromkeys(_STRIPE_HUNDREDS, 2)},
    steps={**dict.fromkeys(_STRIPE_THREE, 10), **dict.fromkeys(_STRIPE_HUNDREDS, 100)},
)
# Yuan with two decimals, and fen: both take nothing else.
ALIPAY = Counting("Alipay", frozenset({"CNY"}))
WECHAT = Counting("WeChat Pay", frozenset({"CNY"}))
# A transfer carries whatever can be written.
TRANSFER = Counting("bank transfer")

_BY_PROVIDER: Mapping[str, Counting] = {
    "stripe": STRIPE, "alipay": ALIPAY, "wechat": WECHAT, "manual": TRANSFER,
}  # fmt: skip


def counting_of(provider: str) -> Counting:
    """How the provider of that name counts; by ISO where nothing else is known of it."""
    return _BY_PROVIDER.get(provider) or Counting(provider)
