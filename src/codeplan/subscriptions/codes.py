"""Redeem codes: made in batches, each for a plan, a pack or money, each redeemed once.

Only a code's digest is kept, so whoever reads the store can redeem none.
"""

from dataclasses import replace

import msgspec

from codeplan.billing.packs import pack_of
from codeplan.billing.taking import moment_of
from codeplan.billing.wallet import look_again_now
from codeplan.kit import secrets
from codeplan.ledger import movements
from codeplan.plan.catalogue import Catalogue, Plan
from codeplan.plan.codes import plain
from codeplan.plan.periods import Period
from codeplan.store.base import MoneyStore
from codeplan.store.documents import Document, One
from codeplan.store.money import Books, Decision, Move
from codeplan.subscriptions.code_problems import (
    CodeInvalid,
    CodeOver,
    CodeUnknown,
    CodeUsedByYou,
    CodeUsedUp,
)
from codeplan.subscriptions.giving import given_plan
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import PlanUnknown

_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_GROUPS, _GROUP = 5, 5


class PlanGift(msgspec.Struct, frozen=True, tag="plan"):
    """A plan for a period."""

    plan_id: str
    period: Period


class PackGift(msgspec.Struct, frozen=True, tag="pack"):
    """A resource pack."""

    pack_id: str


class MoneyGift(msgspec.Struct, frozen=True, tag="balance"):
    """A bonus."""

    amount_minor: int
    currency: str


Gift = PlanGift | PackGift | MoneyGift
_gift = msgspec.json.Decoder(PlanGift | PackGift | MoneyGift).decode


class Code(Document, frozen=True, kw_only=True):
    """Its id is its digest. ``state``: open or used; ``account_id``: who redeemed it.
    ``expires_at``: until when; None for any time."""

    batch: str
    gift: Gift
    expires_at: int | None = None


def new_code() -> str:
    """``XXXXX-XXXXX-XXXXX-XXXXX-XXXXX``: 108 random bits, in letters that nobody mistakes."""
    text = secrets.pick(_ALPHABET, _GROUPS * _GROUP)
    return "-".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def digest_of(code: str) -> str:
    """Of the code as it was given out, however it was typed."""
    text = plain(code)
    groups = (text[place : place + _GROUP] for place in range(0, len(text), _GROUP))
    return secrets.digest("-".join(groups)).hex()


class Codes:
    """``make`` for operators, ``redeem`` for people."""

    def __init__(self, store: MoneyStore, shop: Shop, catalogue: Catalogue) -> None:
        self._store, self._shop = store, shop
        self._catalogue = catalogue

    async def make(
        self, gift: Gift, number: int, batch: str, expires_at: int | None, key: str
    ) -> list[str]:
        """A batch of new codes, shown now and never again; with the same ``key`` again, none.

        Raises PlanUnknown, CodeInvalid."""
        self._check(gift)
        codes = [new_code() for _ in range(number)]

        def decide(_: Books, now: int) -> Decision:
            made = tuple(
                Code(
                    id=digest_of(code),
                    account_id="",
                    made_at=now,
                    state="open",
                    batch=batch,
                    gift=gift,
                    expires_at=expires_at,
                )
                for code in codes
            )
            return Decision(answer=msgspec.json.encode(digest_of(codes[0])), documents=made)

        first = msgspec.json.decode(await self._store.move(Move("", f"codes/{key}", decide)))
        return codes if first == digest_of(codes[0]) else []

    async def redeem(self, account_id: str, text: str, key: str) -> Gift:
        """Raises OnlyAtPeriodsEnd, and as CodeInvalid why the code is not taken."""
        name = digest_of(text)
        found = await self._store.document(Code, name)
        if found is None:
            raise CodeUnknown("there is no such code")
        books = await self._store.books(account_id)
        held = await self._shop.held_plan(books)

        def decide(books: Books, now: int) -> Decision:
            code = books.found.one(Code, name)
            if code is None:
                raise CodeUnknown("there is no such code")
            if code.state != "open" and code.account_id == account_id:
                raise CodeUsedByYou("you have redeemed that code already")
            if code.state != "open":
                raise CodeUsedUp("that code has been redeemed by somebody else")
            if code.expires_at is not None and now >= code.expires_at:
                raise CodeOver("that code has expired")
            given = self._given(account_id, code, held, books, now)
            used = msgspec.structs.replace(code, state="used", account_id=account_id)
            answer = msgspec.json.encode(code.gift)
            return replace(given, answer=answer, documents=(*given.documents, used))

        wanted = Move(account_id, f"redeem/{key}", decide, (One(Code, name),), self._shop.counters)
        gift: Gift = _gift(await self._store.move(wanted))
        return gift

    def _check(self, gift: Gift) -> None:
        if isinstance(gift, PlanGift) and gift.plan_id not in self._catalogue.plans:
            raise PlanUnknown(f"there is no plan {gift.plan_id!r}")
        if isinstance(gift, PackGift) and self._catalogue.pack(gift.pack_id) is None:
            raise CodeInvalid(f"there is no pack {gift.pack_id!r}")

    def _given(
        self, account_id: str, code: Code, held: Plan | None, books: Books, now: int
    ) -> Decision:
        match code.gift:
            case MoneyGift(amount_minor=amount, currency=currency):
                moment = moment_of(account_id, currency, "bonus", f"code/{code.batch}", now)
                entry = movements.bonus(moment, amount)
                return Decision(entries=(entry,), subscription=look_again_now(books, now))
            case PackGift(pack_id=pack_id):
                offer = self._catalogue.pack(pack_id)
                if offer is None:
                    raise CodeOver("that pack is not given any more")
                return Decision(documents=(pack_of(account_id, offer, now),))
            case PlanGift(plan_id=plan_id, period=period):
                if plan_id not in self._catalogue.plans:
                    raise CodeOver("that plan is not given any more")
                return given_plan(account_id, plan_id, period, held, self._shop.market, books, now)
