"""Organisations: founding one, its members and their seats. Money's addresses act for one with
``?team=``."""

from typing import Any

import msgspec

from codeplan.api.endpoints import Call, Endpoint
from codeplan.api.showing import show_invitation, show_member, show_seats_ahead, show_team
from codeplan.api.shown import Services
from codeplan.subscriptions.teams import Teams


class NewTeam(msgspec.Struct, forbid_unknown_fields=True):
    """``email``: where its bills go; no other account may have it."""

    name: str
    email: str


class Invite(msgspec.Struct, forbid_unknown_fields=True):
    """``role``: admin or member."""

    email: str
    role: str = "member"


class Join(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class Cap(msgspec.Struct, forbid_unknown_fields=True):
    """0 for none."""

    prompts_a_month: int


class Role(msgspec.Struct, forbid_unknown_fields=True):
    """admin or member."""

    role: str


class TeamEndpoints:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._teams: Teams = services.teams

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account/teams"
        one = f"{base}/{{team_id}}"
        return [
            Endpoint("POST", base, self.found, body=NewTeam, status=201),
            Endpoint("GET", base, self.mine),
            Endpoint("POST", f"{base}/join", self.join, body=Join, status=201),
            Endpoint("GET", one, self.one),
            Endpoint("POST", f"{one}/invitations", self.invite, body=Invite, once=True, status=201),
            Endpoint("POST", f"{one}/keys", self.new_key, status=201),
            Endpoint("PUT", f"{one}/members/{{member_id}}", self.cap, body=Cap),
            Endpoint("PUT", f"{one}/members/{{member_id}}/role", self.change_role, body=Role),
            Endpoint("DELETE", f"{one}/members/{{member_id}}", self.remove),
            Endpoint("DELETE", f"{one}/invitations/{{invitation_id}}", self.withdraw),
        ]

    async def found(self, call: Call) -> Any:
        """Found an organisation. Seats are bought with ``/api/account/purchase?team=``."""
        wanted = call.read(NewTeam)
        now = self._services.clock.now()
        team = await self._teams.found(call.account, wanted.email, wanted.name, now)
        return show_team(team, "owner")

    async def mine(self, call: Call) -> Any:
        """The organisations in which the account has a seat, or whose owner it is."""
        found = await self._teams.teams_of(call.account.id)
        return [show_team(team, member.role) for team, member in found]

    async def one(self, call: Call) -> Any:
        """An organisation's members and open invitations; for its members."""
        team = call.part("team_id")
        role = await self._teams.role_of(team, call.account.id)
        if not role:
            await self._teams.must_manage(team, call.account.id)
        held = await self._services.store.current_subscription(team)
        members = await self._teams.members(team)
        return {
            "seats": held.seats if held else 0,
            **(await show_seats_ahead(self._services.books, held) if held else {}),
            "members": [show_member(member) for member in members],
            "invitations": [show_invitation(one) for one in await self._teams.invitations(team)],
        }

    async def invite(self, call: Call) -> Any:
        """Offer a free seat; the token goes out by e-mail and is shown this once."""
        wanted = call.read(Invite)
        team = call.part("team_id")
        token = await self._teams.invite(
            team, call.account.id, wanted.email, wanted.role, call.once
        )
        return {"email": wanted.email, "token": token or None}

    async def join(self, call: Call) -> Any:
        """Take the seat that is offered. The key for it is shown this once."""
        team, key = await self._teams.join(call.account, call.read(Join).token)
        return {"team": team.id, "name": team.name, "key": key}

    async def new_key(self, call: Call) -> Any:
        """A new key for one's seat, in place of the old one; shown this once."""
        key = await self._teams.new_key(call.part("team_id"), call.account)
        return {"key": key}

    async def cap(self, call: Call) -> Any:
        """A member's own limit of prompts a month."""
        wanted = max(0, call.read(Cap).prompts_a_month)
        team, member = call.part("team_id"), call.part("member_id")
        await self._teams.cap(team, call.account.id, member, wanted)
        return {"prompts_a_month": wanted}

    async def change_role(self, call: Call) -> Any:
        """A member becomes an admin, or an admin a member; the owner stays what he is."""
        role = call.read(Role).role
        team, member = call.part("team_id"), call.part("member_id")
        await self._teams.change_role(team, call.account.id, member, role)
        return {"role": role}

    async def withdraw(self, call: Call) -> Any:
        """An offered seat is free again; its token is worth nothing."""
        offered = call.part("invitation_id")
        await self._teams.withdraw(call.part("team_id"), call.account.id, offered)
        return {"withdrawn": offered}

    async def remove(self, call: Call) -> Any:
        """A member leaves, or is removed: the seat is free, his keys end."""
        team, member = call.part("team_id"), call.part("member_id")
        await self._teams.leave(team, call.account.id, member)
        return {"left": member}
