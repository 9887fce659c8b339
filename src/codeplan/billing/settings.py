"""What an operator decides about money, as values."""

from dataclasses import dataclass, field

from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.kit.money import share
from codeplan.plan.lifecycle import Dunning


@dataclass(frozen=True, slots=True)
class Seller:
    """Who stands on invoices. ``tax_millionths``: the tax's rate; prices have it in them."""

    name: str = "codeplan"
    address: tuple[str, ...] = ()
    tax_id: str = ""
    email: str = ""
    invoice_prefix: str = "INV-"
    tax_name: str = ""
    tax_millionths: int = 0

    def tax_in(self, amount_minor: int) -> int:
        """What of an amount is tax, in minor units."""
        if not self.tax_millionths:
            return 0
        return share(amount_minor, self.tax_millionths, 1_000_000 + self.tax_millionths)


@dataclass(frozen=True, slots=True)
class Referral:
    """``credit_millionths``: of the cash that a friend's first plan brought, as the inviter's
    bonus; 0 for no referrals. ``after``: milliseconds until it is given, if there was no refund."""

    credit_millionths: int = 0
    after: int = 24 * HOUR


@dataclass(frozen=True, slots=True)
class MoneySettings:
    """``zone``: an account's where it has set none. ``order_for``: how long an order waits for its
    payment; ``transfer_for``: one that is paid by bank transfer; milliseconds. ``overage``:
    whether people may let a used-up plan go on with their balance. ``calls_at_once``: of one
    account that pays by the token."""

    zone: str = "UTC"
    seller: Seller = Seller()
    dunning: Dunning = field(default_factory=Dunning)
    referral: Referral = Referral()
    order_for: int = 30 * MINUTE
    transfer_for: int = 14 * DAY
    overage: bool = True
    calls_at_once: int = 50
    seats_at_least: int = 2
