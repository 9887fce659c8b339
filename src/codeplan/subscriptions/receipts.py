"""A prompt's receipt: the prompt, its calls, and the plan under which each was charged."""

from dataclasses import dataclass

from codeplan.billing.purse import CallHold
from codeplan.plan.catalogue import Plan
from codeplan.plan.recompute import Check, recompute
from codeplan.plan.turns import Prompt
from codeplan.store.base import Store
from codeplan.store.operations import CallRow
from codeplan.subscriptions.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Receipt:
    """``prompt``: None for a call that was paid by the token, or was free; ``paid``: what such a
    call cost. ``plan``: as it was bought; None where that is not known any more. ``version``: the
    catalogue's."""

    prompt: Prompt | None
    calls: list[CallRow]
    plan: Plan | None = None
    version: str = ""
    paid: CallHold | None = None

    def checks(self) -> list[Check]:
        """Every charge once more, from what is stored."""
        if self.prompt is None or self.plan is None:
            return []
        return list(recompute(self.plan, self.prompt, self.calls))


class Receipts:
    def __init__(self, store: Store, subscriptions: Subscriptions) -> None:
        self._store, self._subscriptions = store, subscriptions

    async def find(self, account_id: str, named: str) -> Receipt | None:
        """By a prompt's id, or by that of one of its calls; also a call that was paid by the
        token."""
        if named.startswith("req_"):
            row = await self._store.call(account_id, named)
            if row is not None and row.prompt_id is None:
                paid = await self._store.document(CallHold, row.id)
                return Receipt(None, [row], paid=paid)
            named = row.prompt_id or "" if row else ""
        found = await self._store.prompt(account_id, named)
        return await self.of(found) if found is not None else None

    async def of(self, prompt: Prompt) -> Receipt:
        calls = await self._store.calls(prompt)
        version = next((one.catalogue_version for one in calls), "")
        plan = await self._subscriptions.plan_of(prompt.subscription_id, version, prompt.opened_at)
        return Receipt(prompt, calls, plan, version)
