"""What is a person's own beside plan and money: devices, console sessions, cases, preferences,
use in any form, data to take along."""

from typing import Any

import msgspec

from codeplan.accounts.devices import Devices
from codeplan.accounts.preferences import Preferences, prefer, preferences_of
from codeplan.accounts.sessions import Sessions
from codeplan.api.endpoints import Call, Endpoint, Invalid, instant_in
from codeplan.api.shown import Services
from codeplan.kit.instants import DAY, HOUR, iso_utc
from codeplan.subscriptions.cases import Cases
from codeplan.subscriptions.personal_data import PersonalData

_LONGEST = 366 * DAY


class DeviceChange(msgspec.Struct, forbid_unknown_fields=True):
    """Each that is given is changed."""

    name: str | None = None
    revoked: bool | None = None


class Appeal(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class NewPreferences(msgspec.Struct, forbid_unknown_fields=True):
    """``language``: "en", "zh", or "" for the browser's. ``muted``: topics of letters."""

    language: str = ""
    theme: str = "auto"
    muted: list[str] = []


class OwnEndpoints:
    def __init__(
        self,
        services: Services,
        devices: Devices,
        sessions: Sessions,
        cases: Cases,
        personal_data: PersonalData,
    ) -> None:
        self._services, self._devices, self._sessions = services, devices, sessions
        self._cases, self._personal_data = cases, personal_data

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account"
        use = {
            "since": "a time with its zone, such as 2026-11-01T00:00+08:00",
            "until": "the same",
            "step": "hour or day",
        }
        return [
            Endpoint("GET", "/api/usage/use", self.use, query=use),
            Endpoint("GET", f"{base}/devices", self.devices),
            Endpoint("PUT", f"{base}/devices/{{id}}", self.change_device, body=DeviceChange),
            Endpoint("GET", f"{base}/sessions", self.sessions),
            Endpoint("DELETE", f"{base}/sessions/{{id}}", self.end_session),
            Endpoint("GET", f"{base}/cases", self.cases),
            Endpoint("POST", f"{base}/cases/{{id}}/answer", self.appeal, body=Appeal),
            Endpoint("GET", f"{base}/preferences", self.preferences),
            Endpoint("PUT", f"{base}/preferences", self.prefer, body=NewPreferences),
            Endpoint("GET", f"{base}/data", self.data),
        ]

    async def use(self, call: Call) -> Any:
        """Prompts, calls and tokens by class, by step, model and tool."""
        now = self._services.clock.now()
        since = instant_in("since", call.text("since")) if call.text("since") else now - DAY
        until = instant_in("until", call.text("until")) if call.text("until") else now
        step = {"hour": HOUR, "day": DAY}.get(call.text("step", "hour"))
        if step is None:
            raise Invalid("step: expected hour or day")
        if not 0 < until - since <= _LONGEST:
            raise Invalid("until: expected a time behind since, by a year at most")
        found = await self._services.store.use(call.account.id, since - since % HOUR, until, step)
        return [
            {
                "from": iso_utc(use.starts_at),
                "model": use.model,
                "client": use.client,
                "prompts": use.prompts,
                "calls": use.calls,
                "tokens": {
                    "input": use.input,
                    "cached": use.cached,
                    "cache_write": use.cache_write,
                    "output": use.output,
                    "reasoning": use.reasoning,
                },
            }
            for use in found
        ]

    async def devices(self, call: Call) -> Any:
        """What uses the account, the newest seen first."""
        return [
            {
                "id": one.id,
                "name": one.name,
                "client": one.client,
                "network": one.network,
                "state": one.state,
                "first_seen_at": iso_utc(one.made_at),
                "last_seen_at": iso_utc(one.seen_at),
            }
            for one in await self._devices.list_all(call.account.id)
        ]

    async def change_device(self, call: Call) -> Any:
        """Name a device, revoke it, or let it in again."""
        wanted, name = call.read(DeviceChange), call.part("id")
        if not await self._devices.change(call.account.id, name, wanted.name, wanted.revoked):
            raise Invalid(f"there is no device {name}")
        return {"id": name}

    async def sessions(self, call: Call) -> Any:
        """The account's console sessions."""
        return [
            {
                "id": one.id,
                "program": one.program,
                "how": one.how,
                "signed_in_at": iso_utc(one.made_at),
                "last_seen_at": iso_utc(one.seen_at),
            }
            for one in await self._sessions.list_open(call.account.id)
        ]

    async def end_session(self, call: Call) -> Any:
        """Sign a console session out."""
        if not await self._sessions.end_one(call.account.id, call.part("id")):
            raise Invalid("there is no such session")
        return {"ended": call.part("id")}

    async def cases(self, call: Call) -> Any:
        """Cases in which the account looks shared."""
        return [
            {
                "id": one.id,
                "at": iso_utc(one.made_at),
                "state": one.state,
                "suspicions": msgspec.to_builtins(one.suspicions),
                "decision": one.decision or None,
            }
            for one in await self._cases.list_all(call.account.id)
        ]

    async def appeal(self, call: Call) -> Any:
        """Answer a case."""
        await self._cases.appeal(call.account.id, call.part("id"), call.read(Appeal).text)
        return {"id": call.part("id"), "state": "appealed"}

    async def preferences(self, call: Call) -> Any:
        """Language, colours, and letters that are not wanted."""
        return _show(await preferences_of(self._services.books, call.account.id))

    async def prefer(self, call: Call) -> Any:
        """Set them."""
        asked, name = call.read(NewPreferences), call.account.id
        wanted = Preferences(
            id=name,
            account_id=name,
            made_at=self._services.clock.now(),
            language=asked.language,
            theme=asked.theme,
            muted=tuple(asked.muted),
        )
        try:
            await prefer(self._services.books, wanted)
        except ValueError as problem:
            raise Invalid(str(problem)) from None
        return _show(wanted)

    async def data(self, call: Call) -> Any:
        """Everything that is known of the person."""
        return await self._personal_data.export(call.account)


def _show(likes: Preferences) -> dict[str, Any]:
    return {"language": likes.language, "theme": likes.theme, "muted": list(likes.muted)}
