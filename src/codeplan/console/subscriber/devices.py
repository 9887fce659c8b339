"""Devices and sessions: what uses the account, with what looks shared; named, revoked, let in
again."""

from collections.abc import Sequence
from dataclasses import dataclass

from codeplan.accounts.devices import Device
from codeplan.accounts.sessions import Session
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.subscriptions.cases import Case

_HERE = "/console/devices"


@dataclass(frozen=True, slots=True)
class DevicesPage:
    """``this``: the id of the session that looks."""

    devices: Sequence[Device]
    sessions: Sequence[Session]
    cases: Sequence[Case]
    this: str


def pages() -> list[Page]:
    return [
        Page("/devices", show),
        post("/devices/{id}/name", name, _HERE),
        post("/devices/{id}/revoke", revoke, _HERE),
        post("/devices/{id}/admit", admit, _HERE),
        post("/sessions/{id}/end", end_session, _HERE),
        post("/sessions/end-others", end_others, _HERE),
        post("/cases/{id}/answer", appeal, _HERE),
    ]


async def show(visit: Visit) -> Answer:
    services, account = visit.services, visit.who
    page = DevicesPage(
        await services.devices.list_all(account.id),
        await services.sessions.list_open(account.id),
        await services.cases.list_all(account.id),
        visit.session.id if visit.session else "",
    )
    return Shown("subscriber/devices.html", page)


async def name(visit: Visit) -> Answer:
    text = visit.text("name", 100)
    await visit.services.devices.change(visit.who.id, visit.part("id"), name=text)
    return Go(_HERE, "saved")


async def revoke(visit: Visit) -> Answer:
    await visit.services.devices.change(visit.who.id, visit.part("id"), revoked=True)
    return Go(_HERE, "revoked")


async def admit(visit: Visit) -> Answer:
    await visit.services.devices.change(visit.who.id, visit.part("id"), revoked=False)
    return Go(_HERE, "saved")


async def end_session(visit: Visit) -> Answer:
    await visit.services.sessions.end_one(visit.who.id, visit.part("id"))
    return Go(_HERE, "signed_out")


async def end_others(visit: Visit) -> Answer:
    this = visit.session.id if visit.session else ""
    await visit.services.sessions.end_others(visit.who.id, this)
    return Go(_HERE, "signed_out")


async def appeal(visit: Visit) -> Answer:
    await visit.services.cases.appeal(visit.who.id, visit.part("id"), visit.text("text"))
    return Go(_HERE, "appealed")
