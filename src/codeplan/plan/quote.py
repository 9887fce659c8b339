"""What a purchase costs, line by line: what is previewed is what is paid."""

from collections.abc import Sequence

import msgspec

from codeplan.plan.catalogue import Plan
from codeplan.plan.periods import Period
from codeplan.plan.promotions import Asked, Promotion, PurchaseKind, best, taken_off


class NotForSale(ValueError):
    """The plan has no price for that period in that currency."""


class Line(msgspec.Struct, frozen=True):
    """``kind``: list, discount or credit; discounts and credits are negative. ``name``: the plan's,
    the promotion's, or what the credit is for."""

    kind: str
    name: str
    amount_minor: int


class Quote(msgspec.Struct, frozen=True):
    """``due_minor``: to pay now, the sum of the lines. ``renews_minor``: what each renewal costs,
    as the catalogue stands. ``carried_minor``: credit beyond the price, which goes to the account's
    balance. ``promotions``: ids. ``seats``: an organisation's; 0 for one person. ``credit_minor``:
    what the running period was worth in it."""

    plan_id: str
    period: Period
    currency: str
    kind: PurchaseKind
    lines: tuple[Line, ...]
    due_minor: int
    renews_minor: int
    carried_minor: int = 0
    promotions: tuple[str, ...] = ()
    seats: int = 0

    @property
    def credit_minor(self) -> int:
        return self.carried_minor - sum(
            line.amount_minor for line in self.lines if line.kind == "credit"
        )

    @property
    def price_minor(self) -> int:
        """What the period costs: credit of an earlier one was paid too, then."""
        return sum(line.amount_minor for line in self.lines if line.kind != "credit")


def quote(
    plan: Plan,
    currency: str,
    asked: Asked,
    promotions: Sequence[Promotion],
    credit_minor: int = 0,
    seats: int = 0,
) -> Quote:
    """The price of that plan, for one person or so many seats.

    ``credit_minor``: what the running period is still worth, for an upgrade. Raises NotForSale.
    """
    each = plan.price(currency, asked.period)
    if each is None:
        raise NotForSale(f"{plan.name} has no price for a {asked.period} in {currency}")
    listed = each * max(1, seats)
    chosen = best(listed, [promotion for promotion in promotions if promotion.applies(asked)])
    off = taken_off(listed, chosen)
    name = f"{plan.name}, {seats} seats" if seats else plan.name
    lines = [Line("list", name, listed)]
    lines += [Line("discount", p.name, -amount) for p, amount in zip(chosen, off, strict=True)]
    price = listed - sum(off)
    used_credit = min(credit_minor, price)
    if used_credit:
        lines.append(Line("credit", "unused part of the running period", -used_credit))
    return Quote(
        plan_id=plan.id,
        period=asked.period,
        currency=currency,
        kind=asked.kind,
        lines=tuple(lines),
        due_minor=price - used_credit,
        renews_minor=listed,
        carried_minor=credit_minor - used_credit,
        promotions=tuple(promotion.id for promotion in chosen),
        seats=seats,
    )
