"""How orders, invoices, packs and the like are shown: amounts also as text, instants as ISO in
UTC."""

from typing import Any

import msgspec

from codeplan.api.prices import show_lines
from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Order
from codeplan.billing.packs import Pack
from codeplan.kit.instants import iso_utc
from codeplan.kit.money import MINOR, written, written_exact
from codeplan.ledger.postings import Balance, Entry
from codeplan.store.base import MoneyStore
from codeplan.store.rows import Subscription
from codeplan.subscriptions.seats import ahead
from codeplan.subscriptions.teams import Invitation, Member, Team


def show_balance(have: Balance, currency: str) -> dict[str, Any]:
    """Whole minor units, and the exact sum in millionths of one; ``held`` for calls that run."""
    return {
        "bonus_minor": have.bonus // MINOR,
        "cash_minor": have.cash // MINOR,
        "total_millionths": have.total,
        "held_millionths": have.held,
        "total": written_exact(have.total, currency),
    }


def show_entry(entry: Entry) -> dict[str, Any]:
    """Amounts in millionths of the minor unit; ``change``: of the person's own balance."""
    own = sum(
        posting.millionths
        for posting in entry.postings
        if posting.account.startswith(("cash/", "bonus/"))
    )
    return {
        **msgspec.to_builtins(entry),
        "at": iso_utc(entry.at),
        "change": written_exact(own, entry.currency),
    }


def show_order(order: Order) -> dict[str, Any]:
    """``checkout``: how it is to be paid; null once it is over, and until the provider has said."""
    item = msgspec.to_builtins(order.item)
    item.pop("quote", None)
    waiting = order.state == "pending"
    return {
        "id": order.id,
        "state": order.state,
        "why": order.why,
        "item": item,
        "lines": show_lines(order.lines, order.currency),
        "currency": order.currency,
        "amount_minor": order.amount_minor,
        "amount": written(order.amount_minor, order.currency),
        "provider": order.provider,
        "checkout": msgspec.to_builtins(order.checkout) if waiting else None,
        "made_at": iso_utc(order.made_at),
        "expires_at": iso_utc(order.expires_at),
        "paid_at": iso_utc(order.paid_at),
        "invoice_id": order.invoice_id or None,
        "refunded_minor": order.refunded_minor,
    }


def show_invoice(invoice: Invoice) -> dict[str, Any]:
    currency = invoice.currency
    return {
        "id": invoice.id,
        "number": invoice.number,
        "issued_at": iso_utc(invoice.made_at),
        "currency": currency,
        "lines": show_lines(invoice.lines, currency),
        "total_minor": invoice.total_minor,
        "total": written(invoice.total_minor, currency),
        "tax_name": invoice.tax_name,
        "tax_minor": invoice.tax_minor,
        "tax": written(invoice.tax_minor, currency),
        "from_bonus_minor": invoice.from_bonus_minor,
        "about": invoice.about,
        "credits": invoice.credits or None,
        "seller": invoice.seller_name,
    }


def show_pack(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "name": pack.name,
        "state": pack.state,
        "models": list(pack.models),
        "tokens": pack.tokens,
        "left": pack.left,
        "expires_at": iso_utc(pack.expires_at),
    }


def show_subscription(held: Subscription, serves_until: int) -> dict[str, Any]:
    """``state``: restricted where an operator stopped it; else as plan/lifecycle.py has it."""
    return {
        "state": "restricted" if held.restricted else held.state,
        "restricted_because": held.restricted or None,
        "period": held.period,
        "currency": held.currency or None,
        "started_at": iso_utc(held.started_at),
        "ends_at": iso_utc(held.ends_at),
        "serves_until": iso_utc(serves_until),
        "renews": held.state in ("active", "past_due") and held.currency != "",
        "next_plan": held.next_plan_id or None,
        "next_period": held.next_period or None,
        "seats": held.seats,
        "pooled": held.pooled,
        "zone": held.zone,
    }


def show_team(team: Team, role: str) -> dict[str, Any]:
    return {"id": team.id, "name": team.name, "role": role, "since": iso_utc(team.made_at)}


async def show_seats_ahead(store: MoneyStore, held: Subscription) -> dict[str, Any]:
    """With how many seats an organisation renews, and who has none then; nothing of one person's
    plan."""
    if not held.seats:
        return {}
    seats, losing = await ahead(store, held)
    return {"next_seats": seats, "without_seat": [one.email for one in losing]}


def show_member(member: Member) -> dict[str, Any]:
    return {
        "account_id": member.person,
        "email": member.email,
        "role": member.role,
        "prompts_a_month": member.prompts_a_month,
        "key_hint": member.key.hint if member.key else None,
        "since": iso_utc(member.made_at),
    }


def show_invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "expires_at": iso_utc(invitation.expires_at),
    }
