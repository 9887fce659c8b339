"""The operator's addresses for the whole service: today and past days, accounts that are looked
for, invitations, a draft of the catalogue and its simulation, upstreams, cases, jobs, demo data."""

from typing import Any

import msgspec

from codeplan.accounts.sign_up import SignUps
from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.api.shown import Services
from codeplan.kit.instants import iso_utc
from codeplan.routing.drains import Drains
from codeplan.routing.routes import Router
from codeplan.subscriptions.cases import Case, Cases
from codeplan.subscriptions.demo import MOST_PEOPLE, Demo
from codeplan.subscriptions.reports import Reports
from codeplan.subscriptions.simulator import Simulation, Simulator
from codeplan.telemetry import Runs


class NewDraft(msgspec.Struct, forbid_unknown_fields=True):
    """``toml``: the text of a codeplan.toml. ``days``: to replay."""

    toml: str
    days: int = 30


class NewInvitation(msgspec.Struct, forbid_unknown_fields=True):
    """``email``: for whom; "" for anybody."""

    email: str = ""


class Decide(msgspec.Struct, forbid_unknown_fields=True):
    """``text``: what the person is told."""

    restrict: bool
    text: str


class Drained(msgspec.Struct, forbid_unknown_fields=True):
    drained: bool


class People(msgspec.Struct, forbid_unknown_fields=True):
    people: int = 8


class ServiceEndpoints:
    def __init__(
        self,
        services: Services,
        reports: Reports,
        simulator: Simulator,
        cases: Cases,
        drains: Drains,
        router: Router,
        sign_ups: SignUps,
        demo: Demo,
        runs: Runs,
    ) -> None:
        self._services, self._reports, self._simulator = services, reports, simulator
        self._cases, self._drains, self._router = cases, drains, router
        self._sign_ups, self._demo, self._runs = sign_ups, demo, runs

    def endpoints(self) -> list[Endpoint]:
        base = "/api/admin"
        return [
            _get(f"{base}/today", self.today, {}),
            _get(f"{base}/days", self.days, {"limit": "how many, at most 200"}),
            _get(
                f"{base}/accounts",
                self.accounts,
                {
                    "text": "that the address has in it",
                    "limit": "how many, at most 200",
                    "before": "the last id of the page before",
                },
            ),
            _do(f"{base}/invitations", self.invite, NewInvitation, 201),
            _do(f"{base}/plans/changes", self.changes, NewDraft),
            _do(f"{base}/plans/simulations", self.simulate, NewDraft, 202),
            _get(f"{base}/plans/simulations/{{id}}", self.simulation, {}),
            _get(f"{base}/upstreams", self.upstreams, {}),
            Endpoint("PUT", f"{base}/upstreams/{{name}}", self.drain, who="operator", body=Drained),
            _get(f"{base}/cases", self.cases, {"state": "open, appealed, dismissed, restricted"}),
            _get(f"{base}/cases/{{id}}", self.case, {}),
            _do(f"{base}/cases/{{id}}", self.decide, Decide),
            _get(f"{base}/jobs", self.jobs, {}),
            _do(f"{base}/demo", self.seed, People, 201),
            Endpoint("DELETE", f"{base}/demo", self.unseed, who="operator"),
        ]

    async def today(self, _: Call) -> Any:
        """Since midnight of the service's zone: revenue, cost, prompts, plans that run, refusals
        by code, upstreams. Amounts in minor units."""
        return msgspec.to_builtins(await self._reports.today())

    async def days(self, call: Call) -> Any:
        """Days that are over, the oldest first."""
        found = await self._reports.days(call.number("limit", 30))
        return [{"day": day.id, **msgspec.to_builtins(day.figures)} for day in found]

    async def accounts(self, call: Call) -> Any:
        """Accounts, the newest first."""
        store, limit = self._services.store, call.number("limit", 50)
        found = await store.find_accounts(
            call.text("text"), limit=limit, before=call.text("before")
        )
        shown = []
        for one in found:
            held = await store.current_subscription(one.id)
            shown.append(
                {
                    "id": one.id,
                    "email": one.email,
                    "since": iso_utc(one.created_at),
                    "plan": held.plan_id if held else None,
                    "state": held.state if held else None,
                    "ends_at": iso_utc(held.ends_at) if held else None,
                }
            )
        return {"accounts": shown, "next": found[-1].id if len(found) == limit else None}

    async def invite(self, call: Call) -> Any:
        """An invitation to sign up, shown this once; sent where there is an address."""
        token = await self._sign_ups.invite(call.read(NewInvitation).email)
        path = f"/console/sign-up?invitation={token}"
        return {"token": token, "address": f"{self._sign_ups.settings.public_url}{path}"}

    async def changes(self, call: Call) -> Any:
        """What a draft of the catalogue would change."""
        return msgspec.to_builtins(self._simulator.changes(call.read(NewDraft).toml))

    async def simulate(self, call: Call) -> Any:
        """Begin to replay the last days' real use under a draft."""
        wanted = call.read(NewDraft)
        return {"id": await self._simulator.begin(wanted.toml, wanted.days)}

    async def simulation(self, call: Call) -> Any:
        """What came of it: figures under the catalogue in force, and under the draft."""
        found = await self._simulator.found(call.part("id"))
        if found is None:
            raise Invalid("there is no such simulation")
        return _simulation(found)

    async def upstreams(self, _: Call) -> Any:
        """Each upstream: whether it is out of service, and what it did since midnight."""
        did = (await self._reports.today()).upstreams
        return [
            {
                "name": name,
                "drained": name in self._drains.names,
                **(msgspec.to_builtins(did[name]) if name in did else {"calls": 0}),
            }
            for name in self._router.upstreams
        ]

    async def drain(self, call: Call) -> Any:
        """Take an upstream out of service, or put it back."""
        name, wanted = call.part("name"), call.read(Drained)
        if name not in self._router.upstreams:
            raise Invalid(f"there is no upstream {name}")
        await self._drains.set(name, wanted.drained, self._services.clock.now())
        return {"name": name, "drained": wanted.drained}

    async def cases(self, call: Call) -> Any:
        """Cases of suspected sharing, the newest first."""
        return [_case(case) for case in await self._cases.list_all(state=call.text("state"))]

    async def case(self, call: Call) -> Any:
        """One case with its evidence."""
        case = await self._cases.one(call.part("id"))
        return {**_case(case), "devices": msgspec.to_builtins(case.devices)}

    async def decide(self, call: Call) -> Any:
        """Dismiss a case, or restrict its account's plan; the person is told."""
        wanted = call.read(Decide)
        if not wanted.text:
            raise Invalid("text: expected what the person is told")
        await self._cases.decide(call.part("id"), wanted.restrict, wanted.text)
        return _case(await self._cases.one(call.part("id")))

    async def jobs(self, _: Call) -> Any:
        """What ran by the clock in this process."""
        return [
            {
                "name": run.name,
                "every_seconds": run.every_seconds,
                "at": iso_utc(run.at),
                "problem": run.problem or None,
            }
            for run in self._runs.newest()
        ]

    async def seed(self, call: Call) -> Any:
        """A made-up month of so many people."""
        people = call.read(People).people
        if not 1 <= people <= MOST_PEOPLE:
            raise Invalid(f"people: expected 1 to {MOST_PEOPLE}")
        made, key = await self._demo.seed(people)
        return {"made": made, "key": key or None}

    async def unseed(self, _: Call) -> Any:
        """Remove everybody that was made up, with all that is theirs."""
        removed = await self._demo.remove()
        return {"removed": removed}


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "account_id": case.account_id,
        "at": iso_utc(case.made_at),
        "state": case.state,
        "suspicions": msgspec.to_builtins(case.suspicions),
        "answer": case.appeal or None,
        "decision": case.decision or None,
    }


def _simulation(found: Simulation) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(found)
    wanted = ("id", "state", "days", "done", "changes", "now", "then")
    return {name: built[name] for name in wanted}


def _get(path: str, serve: Any, query: dict[str, str]) -> Endpoint:
    return Endpoint("GET", path, serve, who="operator", query=query)


def _do(path: str, serve: Any, body: type, status: int = 200) -> Endpoint:
    return Endpoint("POST", path, serve, who="operator", body=body, once=True, status=status)
