"""Cases of suspected sharing: opened by the clock from what devices did, with their evidence; the
person is told and may answer; an operator dismisses the case, or restricts the plan. Nothing is
restricted by itself."""

from typing import Protocol

from msgspec import structs

from codeplan.accounts.devices import SLOT_MS, Device
from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.plan.sharing import Seen, SharingRules, Suspicion, suspicions
from codeplan.store.base import ClockStore, MoneyStore
from codeplan.store.changing import amend
from codeplan.store.documents import Document, Mine
from codeplan.store.money import Books, Decision, Move
from codeplan.subscriptions.shop import Shop

_AT_ONCE = 200
_MOST_DEVICES = 1000
# After a case was decided, none is opened for so long.
_QUIET_MS = 7 * DAY
_MOST_TEXT = 4000
_OPENED = Said(
    N_("Your plan is used from many places"),
    N_(
        "Your plan was used by more machines at once, or from more networks, than one person has."
        " Nothing was restricted. The console's page Devices lists them: revoke what is not"
        " yours, or tell the operator there why it is so.\n"
    ),
)
_DECIDED = Said(N_("The operator looked at your case"), N_("%(text)s\n"))


class CaseStore(MoneyStore, ClockStore, Protocol):
    """Documents, and those that are due."""


class Case(Document, frozen=True, kw_only=True):
    """``state``: open, appealed, dismissed or restricted. ``appeal``: the person's answer;
    ``decision``: the operator's."""

    suspicions: tuple[Suspicion, ...]
    devices: tuple[Seen, ...]
    appeal: str = ""
    decision: str = ""
    decided_at: int | None = None


class CaseUnknown(ValueError):
    """There is no such case, or it was decided."""


class Cases:
    def __init__(self, store: CaseStore, shop: Shop, rules: SharingRules) -> None:
        self._store, self._shop, self.rules = store, shop, rules

    async def look(self) -> int:
        """Look at the accounts whose devices called since; how many cases were opened."""
        due = await self._store.due_documents(Device, _AT_ONCE)
        opened = 0
        for account_id in dict.fromkeys(device.account_id for device in due):
            opened += await self._look_at(account_id)
        return opened

    async def _look_at(self, account_id: str) -> int:
        devices = await self._store.documents(Device, account_id, "on", limit=_MOST_DEVICES)
        now = await self._store.instant()
        seen = tuple(Seen(one.id, one.client, one.network, one.slots) for one in devices)
        found = tuple(suspicions(seen, self.rules, now // SLOT_MS))
        looked = [structs.replace(one, due_at=None) for one in devices if one.due_at is not None]
        opened = 0

        def decide(books: Books, at: int) -> Decision:
            nonlocal opened
            cases = books.found.mine(Case)
            running = any(one.state in ("open", "appealed") for one in cases)
            quiet = any((one.decided_at or 0) > at - _QUIET_MS for one in cases)
            if not found or running or quiet:
                return Decision(documents=tuple(looked))
            opened = 1
            case = Case(
                id=new_id("case", at),
                account_id=account_id,
                made_at=at,
                state="open",
                suspicions=found,
                devices=tuple(
                    one for one in seen if one.slots and one.slots[-1] * SLOT_MS > at - DAY
                ),
            )
            return Decision(documents=(*looked, case, notice(account_id, "case", _OPENED, at)))

        reads = tuple(
            Mine(Case, state) for state in ("open", "appealed", "dismissed", "restricted")
        )
        await self._store.move(Move(account_id, "", decide, reads, terms=False))
        return opened

    async def list_all(self, account_id: str = "", state: str = "") -> list[Case]:
        """The newest first; "" for all."""
        return await self._store.documents(Case, account_id, state)

    async def one(self, case_id: str) -> Case:
        """Raises CaseUnknown."""
        found = await self._store.document(Case, case_id)
        if found is None:
            raise CaseUnknown(f"there is no case {case_id}")
        return found

    async def appeal(self, account_id: str, case_id: str, text: str) -> None:
        """The person's answer. Raises CaseUnknown."""

        def answer(current: Case, _: int) -> Case:
            if current.account_id != account_id or current.state not in ("open", "appealed"):
                raise CaseUnknown("there is no such case that is open")
            return structs.replace(current, state="appealed", appeal=text.strip()[:_MOST_TEXT])

        if await amend(self._store, account_id, Case, case_id, answer) is None:
            raise CaseUnknown("there is no such case")

    async def decide(self, case_id: str, restrict: bool, text: str) -> None:
        """An operator's decision, which the person is told. Raises CaseUnknown, NotPossible."""
        case = await self.one(case_id)
        if case.state not in ("open", "appealed"):
            raise CaseUnknown("that case was decided")
        if restrict:
            await self._shop.restrict(case.account_id, text, f"case/{case_id}")

        def close(books: Books, now: int) -> Decision:
            current = books.found.one(Case, case_id)
            if current is None or current.state not in ("open", "appealed"):
                raise CaseUnknown("that case was decided")
            decided = structs.replace(
                current,
                state="restricted" if restrict else "dismissed",
                decision=text[:_MOST_TEXT],
                decided_at=now,
            )
            told = notice(case.account_id, "case", _DECIDED.with_values(text=text), now)
            return Decision(documents=(decided, told))

        reads = (Mine(Case, "open"), Mine(Case, "appealed"))
        await self._store.move(Move(case.account_id, "", close, reads, terms=False))
