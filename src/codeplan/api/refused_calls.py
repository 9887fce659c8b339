"""Refused and observed calls, and the programs that are not known, for their people and for
operators."""

from typing import Any

from codeplan.api.answers import error
from codeplan.api.endpoints import Call, Endpoint
from codeplan.api.shown import Services
from codeplan.clients.learning import entry_text
from codeplan.clients.registry import RESERVED_IDS
from codeplan.kit.instants import iso_utc
from codeplan.metering.refused_calls import RefusedCall, UnknownProgram


class RefusedCallEndpoints:
    def __init__(self, services: Services) -> None:
        self._services = services

    def endpoints(self) -> list[Endpoint]:
        base = "/api/admin/clients"
        return [
            Endpoint("GET", f"{base}/unknown", self.unknown, who="operator"),
            Endpoint("GET", f"{base}/learn/{{id}}", self.learn, who="operator"),
        ]

    async def unknown(self, _: Call) -> Any:
        """Programs of the last 14 days that are not known as coding tools, the most frequent
        first."""
        programs = await self._services.refused_calls.unknown_programs()
        return {"programs": [_program(one) for one in programs]}

    async def learn(self, call: Call) -> Any:
        """An entry for codeplan.toml by which the program of that call is known."""
        refused = await self._services.refused_calls.find(call.part("id"))
        if refused is None:
            return error(404, "not_found", f"there is no refused call {call.part('id')}")
        taken = self._services.clients.ids | RESERVED_IDS
        text = entry_text(refused.user_agent, refused.system, refused.tools, taken)
        return {"call": show_refused(refused), "entry": text}


def show_refused(call: RefusedCall) -> dict[str, Any]:
    """``state``: refused, unknown (so refused) or observed (so served)."""
    return {
        "id": call.id,
        "state": call.state,
        "at": iso_utc(call.made_at),
        "status": call.status,
        "code": call.code,
        "message": call.message,
        "path": call.path,
        "protocol": call.protocol,
        "client": call.client,
        "user_agent": call.user_agent,
        "system_begins": call.system,
        "tools": list(call.tools),
    }


def _program(program: UnknownProgram) -> dict[str, Any]:
    newest = show_refused(program.newest)
    return {"calls": program.calls, "accounts": program.accounts, "newest": newest}
