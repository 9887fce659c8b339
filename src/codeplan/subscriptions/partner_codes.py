"""A partner's codes, which an operator has put in and people claim, each once. They are kept as
they are: whoever claims one must get to read it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from codeplan.kit import secrets
from codeplan.store.base import Store
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision, Move

T = TypeVar("T")
_TRIES = 20


class PartnerCode(Document, frozen=True, kw_only=True):
    """Its id is the benefit's and the code's digest. ``state``: "open/" with the benefit's id, or
    "given"; ``account_id``: to whom."""

    code: str


class NoCodeLeft(ValueError):
    """All are given away."""


class CodeGone(Exception):
    """Somebody else got it."""


class PartnerCodes:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, benefit_id: str, codes: list[str]) -> int:
        """How many are new; one that was put in before stays as it is."""
        new = []
        for code in dict.fromkeys(code.strip() for code in codes):
            name = f"{benefit_id}/{secrets.digest(code).hex()}"
            if code and await self._store.document(PartnerCode, name) is None:
                new.append((name, code))

        def decide(_: Books, now: int) -> Decision:
            return Decision(
                documents=tuple(
                    PartnerCode(
                        id=name, account_id="", made_at=now, state=_open(benefit_id), code=code
                    )
                    for name, code in new
                )
            )

        if new:
            await self._store.move(Move("", "", decide, terms=False))
        return len(new)

    async def left(self, benefit_id: str) -> int:
        """How many nobody has; at most a thousand are counted."""
        return len(await self._store.documents(PartnerCode, "", _open(benefit_id), limit=1000))

    async def give(self, benefit_id: str, grant: Callable[[PartnerCode], Awaitable[T]]) -> T:
        """``grant`` is tried with codes that nobody has. Raises NoCodeLeft."""
        for _ in range(_TRIES):
            open_now = await self._store.documents(PartnerCode, "", _open(benefit_id), limit=50)
            for code in open_now:
                try:
                    return await grant(code)
                except CodeGone:
                    continue
            if not open_now:
                break
        raise NoCodeLeft("all codes of this benefit are given away at present")

    def given(self, code: PartnerCode, books: Books, account_id: str) -> tuple[PartnerCode, ...]:
        """The code as it is when it is given. Raises CodeGone."""
        current = books.found.one(PartnerCode, code.id)
        if current is None or current.state == "given":
            raise CodeGone
        return (
            PartnerCode(
                id=code.id,
                account_id=account_id,
                made_at=code.made_at,
                state="given",
                code=code.code,
            ),
        )


def _open(benefit_id: str) -> str:
    return f"open/{benefit_id}"
