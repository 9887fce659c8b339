"""Programs that are not known as coding tools: what they are and how often they call; and one
refused or observed call, with an entry by which its program would be known."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from codeplan.clients.learning import entry_text
from codeplan.console.operator.people import email_of
from codeplan.console.page import Answer, Page, Shown
from codeplan.console.visits import Visit
from codeplan.metering.refused_calls import RefusedCall, UnknownProgram

_HERE = "/console/operator/programs"


@dataclass(frozen=True, slots=True)
class ProgramsPage:
    """``programs``: the most frequent first."""

    programs: tuple[UnknownProgram, ...]


@dataclass(frozen=True, slots=True)
class ProgramPage:
    """``entry``: for codeplan.toml; "" where the call is of a tool that is known."""

    call: RefusedCall
    email: str
    entry: str


def pages() -> list[Page]:
    return [
        Page("/operator/programs", show, "operator"),
        Page("/operator/programs/call", look_up, "operator"),
        Page("/operator/programs/{id}", one, "operator", back=_HERE),
    ]


async def show(visit: Visit) -> Answer:
    programs = await visit.services.refused_calls.unknown_programs()
    return Shown("operator/programs.html", ProgramsPage(tuple(programs)))


async def look_up(visit: Visit) -> Answer:
    """A call by the id that its person was told."""
    return await _shown(visit, visit.query("id").strip())


async def one(visit: Visit) -> Answer:
    return await _shown(visit, visit.part("id"))


async def _shown(visit: Visit, request_id: str) -> Answer:
    call = await visit.services.refused_calls.find(request_id)
    if call is None:
        raise HTTPException(
            404, visit._("There is no refused call of this id in the last 14 days.")
        )
    clients = visit.services.clients
    is_known = call.client in clients.ids
    entry = "" if is_known else entry_text(call.user_agent, call.system, call.tools, clients.ids)
    page = ProgramPage(call, await email_of(visit, call.account_id), entry)
    return Shown("operator/program.html", page)
