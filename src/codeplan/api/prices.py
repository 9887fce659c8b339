"""What plans cost, as every address shows it: amounts in the currency's minor unit, and as text."""

from collections.abc import Sequence
from typing import Any, get_args

from codeplan.kit.money import written
from codeplan.plan.catalogue import Catalogue
from codeplan.plan.promotions import Asked, PurchaseKind
from codeplan.plan.quote import Line, Quote, quote


def price_table(catalogue: Catalogue, at: int) -> list[dict[str, Any]]:
    """Every plan, period, currency and kind of purchase at that instant."""
    return [
        show_quote(
            quote(
                plan, price.currency, Asked(plan.id, price.period, kind, at), catalogue.promotions
            )
        )
        for plan in catalogue.plans.values()
        for price in plan.prices
        for kind in get_args(PurchaseKind)
    ]


def show_lines(lines: Sequence[Line], currency: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": line.kind,
            "name": line.name,
            "amount_minor": line.amount_minor,
            "amount": written(line.amount_minor, currency),
        }
        for line in lines
    ]


def show_quote(made: Quote) -> dict[str, Any]:
    """Line by line; ``due`` is their sum, ``renews_at`` what each renewal costs, ``carried`` what
    of the running period's credit goes onto the balance."""
    return {
        "plan": made.plan_id,
        "period": made.period,
        "currency": made.currency,
        "kind": made.kind,
        "seats": made.seats,
        "lines": show_lines(made.lines, made.currency),
        "due_minor": made.due_minor,
        "due": written(made.due_minor, made.currency),
        "carried_minor": made.carried_minor,
        "renews_minor": made.renews_minor,
        "renews_at": written(made.renews_minor, made.currency),
        "promotions": list(made.promotions),
    }
