"""Benefits: what a person's plans bring beside models, claiming it, and an operator's codes of
partners."""

from typing import Any

import msgspec

from codeplan.api.endpoints import Call, Endpoint, Invalid
from codeplan.api.shown import Services, show_window
from codeplan.dictation.desk import DictationDesk
from codeplan.kit.instants import iso_utc
from codeplan.subscriptions.benefits import Benefits, BenefitUnknown, Standing

_MOST_CODES = 10_000


class NewCodes(msgspec.Struct, forbid_unknown_fields=True):
    """A partner's codes, as they are given away, one a person."""

    codes: list[str]


class BenefitEndpoints:
    def __init__(self, services: Services, benefits: Benefits, desk: DictationDesk) -> None:
        self._services, self._benefits, self._desk = services, benefits, desk

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account/benefits"
        return [
            Endpoint("GET", base, self.listed),
            Endpoint("POST", f"{base}/{{id}}/claim", self.claim),
            Endpoint(
                "POST", "/api/admin/benefits/{id}/codes", self.add_codes, who="operator",
                body=NewCodes, status=201, hidden=True,
            ),
        ]  # fmt: skip

    async def listed(self, call: Call) -> Any:
        """Every benefit, as it stands for this person. ``state``: open (to be claimed), runs, over,
        or elsewhere: in other plans. ``speech_model``: what hears; null where none is set up."""
        now = self._services.clock.now()
        shown = [_shown(one, now) for one in await self._benefits.of(call.account)]
        return {"benefits": shown, "speech_model": self._desk.hears_by or None}

    async def claim(self, call: Call) -> Any:
        """Claim a benefit; claimed again it is the same."""
        name = call.part("id")
        grant = await self._benefits.claim(call.account, name)
        return {
            "benefit": name,
            "claimed_at": iso_utc(grant.made_at),
            "ends_at": iso_utc(grant.ends_at),
            "code": grant.code or None,
        }

    async def add_codes(self, call: Call) -> Any:
        """Put in a partner's codes; one that is there already stays as it is."""
        name, wanted = call.part("id"), call.read(NewCodes).codes
        kinds = {benefit.id: benefit.kind for benefit in self._benefits.offered}
        if kinds.get(name) != "codes":
            raise BenefitUnknown(f"there is no benefit {name!r} that gives codes")
        if len(wanted) > _MOST_CODES or any(len(code) > 500 for code in wanted):
            raise Invalid(f"codes: expected at most {_MOST_CODES}, of at most 500 letters")
        added = await self._benefits.codes.add(name, wanted)
        return {"added": added, "left": await self._benefits.codes.left(name)}


def _shown(standing: Standing, now: int) -> dict[str, Any]:
    benefit, grant = standing.benefit, standing.grant
    return {
        "id": benefit.id,
        "name": benefit.name,
        "kind": benefit.kind,
        "about": benefit.about,
        "url": benefit.url or None,
        "state": standing.state,
        "claimed_at": iso_utc(grant.made_at) if grant else None,
        "ends_at": iso_utc(standing.ends_at),
        "code": (grant.code if grant else "") or None,
        "windows": [show_window(view, now) for view in standing.windows],
    }
