"""Resource packs: tokens of given models, bought ahead, spent before the balance."""

import msgspec

from codeplan.billing.orders import PackItem
from codeplan.billing.settings import MoneySettings
from codeplan.billing.taking import take
from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance
from codeplan.plan.catalogue import Catalogue, PackOffer
from codeplan.plan.quote import Line, NotForSale
from codeplan.plan.tokens import PackLeft
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision


class Pack(Document, frozen=True, kw_only=True):
    """``left`` of ``tokens``; running calls have taken theirs already. ``state``: open, spent,
    expired, disputed while its payment is, or taken back with it."""

    offer_id: str
    name: str
    models: tuple[str, ...]
    tokens: int
    left: int
    expires_at: int

    def view(self) -> PackLeft:
        return PackLeft(self.id, self.left, self.expires_at, self.models)

    def minus(self, tokens: int) -> "Pack":
        """With so many tokens less; negative gives back."""
        left = self.left - tokens
        state = self.state
        if state in ("open", "spent"):
            state = "open" if left > 0 else "spent"
        return msgspec.structs.replace(self, left=left, state=state)

    def disputed(self, running: bool) -> "Pack":
        """It serves no call while the payment is in dispute, and goes on behind a won one."""
        if running:
            return msgspec.structs.replace(self, state="disputed") if self.state == "open" else self
        state = "open" if self.left > 0 else "spent"
        return msgspec.structs.replace(self, state=state) if self.state == "disputed" else self

    def without(self, part: int, whole: int) -> "Pack":
        """So much of its price of ``whole`` was taken back: of its tokens as well; nothing is left
        of what is not paid any more."""
        left = max(0, self.left) * (whole - part) // whole if whole else 0
        if part < whole:
            return msgspec.structs.replace(self, left=left)
        return msgspec.structs.replace(self, left=0, state="taken back", due_at=None)


def pack_of(account_id: str, offer: PackOffer, now: int) -> Pack:
    expires_at = now + offer.days * DAY
    return Pack(
        id=new_id("pack", now),
        account_id=account_id,
        made_at=now,
        state="open",
        due_at=expires_at,
        offer_id=offer.id,
        name=offer.name,
        models=offer.models,
        tokens=offer.tokens,
        left=offer.tokens,
        expires_at=expires_at,
    )


def lines_of(catalogue: Catalogue, pack_id: str, currency: str) -> tuple[Line, ...]:
    """What a pack costs. Raises NotForSale."""
    offer = catalogue.pack(pack_id)
    price = offer.prices.get(currency) if offer else None
    if offer is None or price is None:
        raise NotForSale(f"there is no pack {pack_id!r} for {currency}")
    return (Line("list", offer.name, price),)


def sell_pack(
    account_id: str,
    item: PackItem,
    currency: str,
    lines: tuple[Line, ...],
    catalogue: Catalogue,
    settings: MoneySettings,
    books: Books,
    have: Balance,
    now: int,
) -> Decision:
    """Sell it at that price. The move must take the invoices' counter.

    Raises BalanceTooSmall, NotForSale.
    """
    offer = catalogue.pack(item.pack_id)
    if offer is None:
        raise NotForSale(f"the pack {item.pack_id} is not sold any more")
    pack = pack_of(account_id, offer, now)
    taken = take(
        account_id, currency, lines, pack.id, movements.PACKS, settings.seller, books, have, now
    )
    return Decision(
        answer=msgspec.json.encode(pack),
        entries=taken.entries,
        documents=(pack, *taken.documents),
        counters=taken.counters,
    )
