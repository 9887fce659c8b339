"""What is kept of a call that was refused or observed: what its program calls itself and offers a
model, and what it was told. Never a text of the person's, nor one that may quote it."""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.refusal import Refusal
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

_UPSTREAMS_WORDS = "The upstream refused the call; what it said of it is not kept."
_SERVED = "Served, though not of a coding tool that the plan is for: each call is a prompt."


class Evidence:
    """Notes such calls for whoever asks about them."""

    def __init__(self, calls: RefusedCalls, clock: Clock) -> None:
        self._calls, self._clock = calls, clock

    def refused(
        self,
        request_id: str,
        caller: Caller,
        holder: KeyHolder,
        seen: SeenCall | None,
        client: Client,
        refusal: Refusal,
        status: int,
    ) -> None:
        """Note a refusal, as it was told. ``seen``: None where the call could not be read."""
        self._calls.note(
            self._row(
                request_id,
                caller,
                holder,
                seen,
                client,
                state=UNKNOWN if refusal.unknown_program else REFUSED,
                status=status,
                code=refusal.code,
                message=_UPSTREAMS_WORDS if refusal.upstreams_words else refusal.message,
            )
        )

    def observed(
        self, request_id: str, caller: Caller, holder: KeyHolder, seen: SeenCall, client: Client
    ) -> None:
        """Note a call that was served although the plan is not for its program."""
        row = self._row(
            request_id, caller, holder, seen, client,
            state=OBSERVED, status=200, code="", message=_SERVED,
        )  # fmt: skip
        self._calls.note(row)

    def _row(
        self,
        request_id: str,
        caller: Caller,
        holder: KeyHolder,
        seen: SeenCall | None,
        client: Client,
        *,
        state: str,
        status: int,
        code: str,
        message: str,
    ) -> RefusedCall:
        return RefusedCall(
            id=request_id,
            account_id=holder.account.id,
            made_at=self._clock.now(),
            state=state,
            key_id=holder.key.id,
            path=caller.path,
            status=status,
            code=code,
            message=message,
            client=client.id,
            protocol=seen.protocol if seen else "",
            user_agent=caller.headers.get(b"user-agent", b"").decode("latin-1"),
            system=seen.system_start if seen else "",
            tools=seen.outline.tool_names if seen else (),
        )
