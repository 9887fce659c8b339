"""What is kept of a call that was refused or observed: what its program calls itself and offers a
model, and what it was told. Never a text of the person's."""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.refusal import Refusal
from codeplan.clients.registry import AGENT
from codeplan.gateway.caller import Caller
from codeplan.kit.clock import Clock
from codeplan.metering.refused_calls import (
    OBSERVED,
    REFUSED,
    UNKNOWN,
    RefusedCall,
    RefusedCalls,
)
from codeplan.store.rows import KeyHolder

_NOT_ADMITTED = "1220"


class Evidence:
    """Notes such calls for whoever asks about them."""

    def __init__(self, calls: RefusedCalls, clock: Clock) -> None:
        self._calls, self._clock = calls, clock

    def refused(
        self,
        request_id: str,
        caller: Caller,
        holder: KeyHolder,
        seen: SeenCall,
        client: Client,
        refusal: Refusal,
        status: int,
    ) -> None:
        """A refusal, as it was told."""
        unknown = refusal.code == _NOT_ADMITTED and client.id in ("", AGENT.id)
        state, text = UNKNOWN if unknown else REFUSED, refusal.message
        self._note(request_id, caller, holder, seen, client, state, status, refusal.code, text)

    def observed(
        self, request_id: str, caller: Caller, holder: KeyHolder, seen: SeenCall, client: Client
    ) -> None:
        """A call that was served although the plan is not for its program."""
        text = "Served, though not of a coding tool that the plan is for: each call is a prompt."
        self._note(request_id, caller, holder, seen, client, OBSERVED, 200, "", text)

    def _note(
        self,
        request_id: str,
        caller: Caller,
        holder: KeyHolder,
        seen: SeenCall,
        client: Client,
        state: str,
        status: int,
        code: str,
        message: str,
    ) -> None:
        now = self._clock.now()
        self._calls.note(
            RefusedCall(
                id=request_id,
                account_id=holder.account.id,
                made_at=now,
                state=state,
                key_id=holder.key.id,
                path=caller.path,
                status=status,
                code=code,
                message=message,
                client=client.id,
                protocol=seen.protocol,
                user_agent=seen.user_agent,
                system=seen.system_start,
                tools=seen.outline.tool_names,
            )
        )
