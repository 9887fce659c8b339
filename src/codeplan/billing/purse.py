"""Paying by the token: a call's possible cost is set aside before it runs, and its true cost taken
when it has. Resource packs are spent first, soonest expiry first; then bonus, then cash. No balance
goes below zero: what a call cost beyond what there was is the service's loss.

Plan quota is never touched here, and nothing here is touched by a plan.
"""

from dataclasses import replace
from typing import Protocol

import msgspec
from msgspec import structs

from codeplan.billing.overages import CapReached, Overage, Spent, count_in, spent_id
from codeplan.billing.packs import Pack
from codeplan.billing.settings import MoneySettings
from codeplan.billing.taking import moment_of
from codeplan.billing.token_bills import TokenMonth, month_of
from codeplan.kit.instants import HOUR, MINUTE
from codeplan.kit.money import MINOR
from codeplan.ledger import movements
from codeplan.ledger.postings import Entry
from codeplan.plan.catalogue import Model
from codeplan.plan.tokens import (
    Portion,
    TokenPrice,
    beyond_packs,
    from_packs,
    most_cost,
    price_for,
    total,
)
from codeplan.protocol.usage import Usage
from codeplan.store.base import ClockStore, MoneyStore
from codeplan.store.documents import Document, Mine, One
from codeplan.store.loaded import Rows
from codeplan.store.money import Books, Decision, Move
from codeplan.store.operations import CallRow

# What a process that died had set aside comes back so long after it was last heard of.
LEASE_MS = 5 * MINUTE


class NoFunds(ValueError):
    """Neither a pack nor a balance covers the call. ``needed_minor``: what it may cost, in
    ``currency``; 0 where nobody can pay for that model by the token."""

    def __init__(self, currency: str, needed_minor: int, have_minor: int) -> None:
        super().__init__(f"the call may cost {needed_minor} {currency}; there are {have_minor}")
        self.currency, self.needed_minor, self.have_minor = currency, needed_minor, have_minor


class CallHold(Document, frozen=True, kw_only=True):
    """A call that is paid by the token. Its id is the call's. ``state``: held, settled or released.
    ``portions``: tokens that packs gave; ``of_bonus``, ``of_cash``: what was set aside of the
    balance, and ``cost`` what it cost in the end, in millionths of the minor unit. ``spent_id``:
    the day's `Spent` that it counts in; "" for none."""

    key_id: str
    model: str
    currency: str
    prices: tuple[TokenPrice, ...] = ()
    portions: tuple[Portion, ...] = ()
    of_bonus: int = 0
    of_cash: int = 0
    cost: int = 0
    packed: int = 0
    tokens: int = 0
    spent_id: str = ""
    why: str = ""


class Asked(msgspec.Struct, frozen=True):
    """A call to be paid for. ``tokens_in``, ``tokens_out``: how many it may read and write at most.
    ``overage``: it goes on where a plan is used up, by its key's switch."""

    call_id: str
    account_id: str
    key_id: str
    model: Model
    tokens_in: int
    tokens_out: int
    overage: bool = False


class PurseStore(MoneyStore, ClockStore, Protocol):
    """Moves, and what is due."""


class Purse:
    """Sets aside, settles and gives back; each is durable when it returns."""

    def __init__(self, store: PurseStore, settings: MoneySettings) -> None:
        self._store, self._settings = store, settings
        self._live: dict[str, CallHold] = {}
        self._kept_at = 0
        self._spares_until = 0

    async def hold(self, asked: Asked) -> CallHold:
        """Raises NoFunds, CapReached, StoreFailed."""
        reads: tuple[Mine | One, ...] = (Mine(Pack, "open"), Mine(TokenMonth, "open"))
        day = zone = ""
        if asked.overage:
            switch = await self._store.document(Overage, asked.key_id)
            if switch is None or switch.state != "on":
                raise CapReached("the key does not go on with the balance")
            books = await self._store.books(asked.account_id)
            zone = books.zone or self._settings.zone
            day = spent_id(asked.key_id, zone, books.now)
            reads = (*reads, One(Overage, asked.key_id), One(Spent, day))

        def decide(books: Books, now: int) -> Decision:
            held, decision = _set_aside(asked, day, zone, books, now)
            documents = (held, *decision.documents, *self._month(held, books, now))
            return replace(decision, answer=msgspec.json.encode(held), documents=documents)

        answer = await self._store.move(Move(asked.account_id, "", decide, reads, terms=False))
        held = msgspec.json.decode(answer, type=CallHold)
        self._live[held.id] = held
        return held

    def _month(self, held: CallHold, books: Books, now: int) -> tuple[TokenMonth, ...]:
        """The month is to be billed, where this is its first call."""
        currency = held.currency or (held.prices[0].currency if held.prices else "")
        if not currency:
            return ()
        month = month_of(held.account_id, currency, books, self._settings.zone, now)
        return () if books.found.one(TokenMonth, month.id) else (month,)

    async def settle(self, held: CallHold, usage: Usage, call: CallRow) -> None:
        """The call delivered: take its true cost. Once; a hold that was given up meanwhile stays
        free. Raises StoreFailed."""
        await self._end(held, usage, call, "")

    async def release(self, held: CallHold, why: str, call: CallRow | None) -> None:
        """Nothing that counts was delivered: give everything back. Raises StoreFailed."""
        await self._end(held, None, call, why)

    async def _end(
        self, held: CallHold, usage: Usage | None, call: CallRow | None, why: str
    ) -> None:
        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(CallHold, held.id)
            if current is None or current.state != "held":
                return Decision()
            made = _ended(current, usage, call, why, books, now)
            months = self._month(current, books, now) if usage else ()
            return replace(made, documents=(*made.documents, *months))

        reads: list[One | Mine] = [One(CallHold, held.id), Mine(TokenMonth, "open")]
        reads += [One(Pack, part.pack_id) for part in held.portions]
        if held.spent_id:
            reads.append(One(Spent, held.spent_id))
        try:
            await self._store.move(Move(held.account_id, "", decide, tuple(reads), terms=False))
        finally:
            self._live.pop(held.id, None)

    async def keep(self) -> None:
        """Say that this process still serves what it set aside for, and give back what nobody does
        any more. At least every `LEASE_MS`."""
        for held in list(self._live.values()):

            def decide(books: Books, now: int, held: CallHold = held) -> Decision:
                current = books.found.one(CallHold, held.id)
                if current is None or current.state != "held":
                    return Decision()
                return Decision(documents=(structs.replace(current, due_at=now + 2 * LEASE_MS),))

            await self._store.move(
                Move(held.account_id, "", decide, (One(CallHold, held.id),), terms=False)
            )
        if not await self._may_release():
            return
        for held in await self._store.due_documents(CallHold):
            if held.id not in self._live:
                await self.release(held, "the service stopped while the call ran", None)

    async def _may_release(self) -> bool:
        """Whether what others let pass is nobody's: not within a lease after this process could not
        say itself that it lives, since then the others could not either."""
        now = await self._store.instant()
        if self._kept_at and now - self._kept_at > LEASE_MS:
            self._spares_until = now + LEASE_MS
        self._kept_at = now
        return now >= self._spares_until

    async def release_all(self) -> int:
        """Where one process has the store, at its start: whatever is set aside is for nobody."""
        lost = await self._store.documents(CallHold, state="held", limit=100_000)
        for held in lost:
            await self.release(held, "the service stopped while the call ran", None)
        return len(lost)


def _set_aside(
    asked: Asked, day: str, zone: str, books: Books, now: int
) -> tuple[CallHold, Decision]:
    wanted = asked.tokens_in + asked.tokens_out
    packs = {pack.id: pack for pack in books.found.mine(Pack)}
    portions = from_packs([p.view() for p in packs.values()], asked.model.id, wanted, now)
    packed = sum(part.tokens for part in portions)
    taken = [packs[part.pack_id].minus(part.tokens) for part in portions]
    price, amount = None, 0
    if packed < wanted or not portions:
        price, amount = _price(asked, wanted - packed, wanted, books)
    held = CallHold(
        id=asked.call_id,
        account_id=asked.account_id,
        made_at=now,
        state="held",
        due_at=now + 2 * LEASE_MS,
        key_id=asked.key_id,
        model=asked.model.id,
        currency=price.currency if price else "",
        prices=_prices(asked.model, price.currency if price else _richest(asked.model, books)),
        portions=portions,
        packed=packed,
    )
    documents: list[Document] = [*taken]
    if asked.overage:
        switch, before = books.found.one(Overage, asked.key_id), books.found.one(Spent, day)
        sum_now = count_in(switch, before, amount, held.currency, zone, now)
        spent = Spent(id=day, account_id=asked.account_id, made_at=now, millionths=sum_now)
        documents.append(spent)
        held = structs.replace(held, spent_id=spent.id)
    if not amount:
        return held, Decision(documents=tuple(documents))
    assert price is not None
    moment = moment_of(asked.account_id, price.currency, "hold", asked.call_id, now)
    entry = movements.hold(moment, amount, books.balance(price.currency))
    of_bonus, of_cash = movements.held_from(entry)
    held = structs.replace(held, of_bonus=of_bonus, of_cash=of_cash)
    return held, Decision(entries=(entry,), documents=tuple(documents))


def _price(asked: Asked, rest: int, wanted: int, books: Books) -> tuple[TokenPrice, int]:
    """In the first currency in which the balance covers it: the price, and what to set aside for so
    many of the wanted tokens. Raises NoFunds."""
    short: NoFunds | None = None
    for currency in dict.fromkeys(price.currency for price in asked.model.prices):
        price = price_for(asked.model.prices, currency, asked.tokens_in)
        assert price is not None  # it has one in that currency
        whole = most_cost(price, asked.tokens_in, asked.tokens_out)
        amount = -(-whole * rest // wanted) if wanted else 0
        have = books.balance(currency)
        if amount <= have.total and have.total > 0:
            return price, amount
        if short is None or have.total > 0:
            short = NoFunds(currency, -(-amount // MINOR), have.total_minor)
    raise short or NoFunds("", 0, 0)


def _prices(model: Model, currency: str) -> tuple[TokenPrice, ...]:
    """For every length of context: which one it was is known when the call has ended."""
    return tuple(price for price in model.prices if price.currency == currency)


def _richest(model: Model, books: Books) -> str:
    """The currency in which tokens beyond the packs are paid, should there be any; "" for none."""
    currencies = dict.fromkeys(price.currency for price in model.prices)
    return next((name for name in currencies if books.balance(name).total > 0), "")


def _ended(
    held: CallHold,
    usage: Usage | None,
    call: CallRow | None,
    why: str,
    books: Books,
    now: int,
) -> Decision:
    tokens = total(usage) if usage else 0
    documents: list[Document] = []
    packed, left = 0, tokens
    for part in held.portions:
        used = min(part.tokens, left)
        packed, left = packed + used, left - used
        pack = books.found.one(Pack, part.pack_id)
        if pack is not None and used < part.tokens:
            documents.append(pack.minus(used - part.tokens))
    currency = held.currency or (held.prices[0].currency if held.prices else "")
    cost = _cost(held.prices, usage, packed) if usage else 0
    entries: tuple[Entry, ...] = ()
    charged = 0
    if currency:
        kind = "tokens" if usage else "release"
        moment = moment_of(held.account_id, currency, kind, held.id, now)
        have = books.balance(currency)
        entry = movements.settle(moment, held.of_bonus, held.of_cash, cost, have)
        if entry is not None:
            entries = (entry,)
            charged = sum(p.millionths for p in entry.postings if p.account == movements.TOKENS)
    if held.spent_id:
        documents += _counted(held, charged, books)
    state = "settled" if usage is not None else "released"
    done = structs.replace(
        held, state=state, due_at=None, cost=charged, packed=packed, tokens=tokens, why=why,
        currency=currency if charged else held.currency,
    )  # fmt: skip
    usage_rows = _rows(call, usage) if call is not None else None
    return Decision(entries=entries, documents=(done, *documents), usage=usage_rows)


def _cost(prices: tuple[TokenPrice, ...], usage: Usage, packed: int) -> int:
    """At the price for the context that the upstream reported."""
    context = usage.input + usage.cached + usage.cache_write
    price = price_for(prices, prices[0].currency, context) if prices else None
    return beyond_packs(price, usage, packed) if price else 0


def _rows(call: CallRow, usage: Usage | None) -> Rows:
    rows = Rows()
    rows.changed_calls[call.id] = call
    if usage is not None:
        hour = call.started_at - call.started_at % HOUR
        use = rows.hour((call.account_id, hour, call.model, call.client))
        use.calls = 1
        use.input, use.cached, use.cache_write = usage.input, usage.cached, usage.cache_write
        use.output, use.reasoning = usage.output, usage.reasoning
    return rows


def _counted(held: CallHold, charged: int, books: Books) -> list[Document]:
    spent = books.found.one(Spent, held.spent_id)
    if spent is None:
        return []
    true = spent.millionths - held.of_bonus - held.of_cash + charged
    return [structs.replace(spent, millionths=true)]
