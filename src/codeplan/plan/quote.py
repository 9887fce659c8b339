"""What a purchase costs, line by line: what is previewed is what is paid."""

from collections.abc import Collection, Sequence

import msgspec

from codeplan.plan.catalogue import Plan
from codeplan.plan.periods import Period
from codeplan.plan.promotions import Promotion, PurchaseKind, best, taken_off


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
    balance. ``promotions``: ids."""

    plan_id: str
    period: Period
    currency: str
    kind: PurchaseKind
    lines: tuple[Line, ...]
    due_minor: int
    renews_minor: int
    carried_minor: int = 0
    promotions: tuple[str, ...] = ()


def quote(
    plan: Plan,
    period: Period,
    currency: str,
    kind: PurchaseKind,
    at: int,
    promotions: Sequence[Promotion],
    codes: Collection[str] = (),
    credit_minor: int = 0,
) -> Quote:
    """The price of that plan for that period, bought at that instant.

    ``credit_minor``: what the running period is still worth, for an upgrade. Raises NotForSale.
    """
    listed = plan.price(currency, period)
    if listed is None:
        raise NotForSale(f"{plan.name} has no price for a {period} in {currency}")
    having = [p for p in promotions if p.applies(plan.id, period, kind, at, codes)]
    chosen = best(listed, having)
    off = taken_off(listed, chosen)
    lines = [Line("list", plan.name, listed)]
    lines += [Line("discount", p.name, -amount) for p, amount in zip(chosen, off, strict=True)]
    price = listed - sum(off)
    used_credit = min(credit_minor, price)
    if used_credit:
        lines.append(Line("credit", "unused part of the running period", -used_credit))
    return Quote(
        plan_id=plan.id,
        period=period,
        currency=currency,
        kind=kind,
        lines=tuple(lines),
        due_minor=price - used_credit,
        renews_minor=listed,
        carried_minor=credit_minor - used_credit,
        promotions=tuple(promotion.id for promotion in chosen),
    )
