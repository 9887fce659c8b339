"""Organisations: an account of its own that pays for seats, and members who draw on its plan with
keys of their own, beside whatever plan they hold themselves.

A member's key names the organisation as its payer. Each seat has its own windows, or all share
them; a member may be capped below that. Who leaves frees the seat, and his keys end.
"""

from dataclasses import replace

import msgspec
from msgspec import structs

from codeplan.accounts.addresses import accounts_at, address_of
from codeplan.accounts.keys import key_row, new_secret
from codeplan.kit import secrets
from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.store.base import AccountStore, AlreadyThere, MoneyStore
from codeplan.store.documents import Document, Mine, One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.rows import Account, ClientKey

ROLES = ("owner", "admin", "member")
_INVITED_FOR = 14 * DAY
_INVITED = Said(
    N_("Invitation to %(name)s"),
    N_(
        "You are invited to %(name)s. Join on the console's page Team with this token:\n%(token)s\n"
    ),
)


class Team(Document, frozen=True, kw_only=True):
    """Its id is the organisation's account."""

    name: str


class Member(Document, frozen=True, kw_only=True):
    """``account_id``: the organisation's. ``state``: active or left. ``prompts_a_month``: a cap of
    his own; 0 for none. ``key_id``: of his newest key."""

    person: str
    email: str
    role: str
    prompts_a_month: int = 0
    key: ClientKey | None = None


class Membership(Document, frozen=True, kw_only=True):
    """The member's own side of it, by which his organisations are found. ``account_id``: his."""

    team: str


class Invitation(Document, frozen=True, kw_only=True):
    """Its id is its token's digest. ``state``: open, accepted or withdrawn."""

    email: str
    role: str
    expires_at: int


class NotAllowed(ValueError):
    """The role does not allow it."""


class SeatsTaken(ValueError):
    """Every seat has its member, or is offered to somebody."""


class InvitationInvalid(ValueError):
    """No such invitation, or one that was accepted, withdrawn or has expired."""


def member_id(team: str, person: str) -> str:
    return f"{team}/{person}"


class Teams:
    """``actor``: the account that asks; what it may is its role's."""

    def __init__(self, store: MoneyStore, accounts: AccountStore) -> None:
        self._store, self._accounts = store, accounts

    async def found(self, owner: Account, email: str, name: str, now: int) -> Team:
        """A new organisation, whose bills go to ``email``. Raises EmailInvalid, AlreadyThere."""
        address = address_of(email)
        if await accounts_at(self._accounts, email):
            raise AlreadyThere(address)
        account = Account(new_id("acc", now), address, "subscriber", now, zone=owner.zone)
        await self._accounts.add_account(account, None)
        team = Team(id=account.id, account_id=account.id, made_at=now, state="open", name=name)
        member = _member(account.id, owner, "owner", now)

        def decide(_: Books, __: int) -> Decision:
            return Decision(documents=(team, member, _membership(member)))

        await self._store.move(Move(account.id, "found", decide))
        return team

    async def role_of(self, team: str, person: str) -> str:
        """ "" for who is no member."""
        member = await self._store.document(Member, member_id(team, person))
        return member.role if member is not None and member.state == "active" else ""

    async def must_manage(self, team: str, person: str) -> None:
        """Raises NotAllowed."""
        if await self.role_of(team, person) not in ("owner", "admin"):
            raise NotAllowed("only an owner or admin of the organisation may do that")

    async def teams_of(self, person: str) -> list[tuple[Team, Member]]:
        found = []
        for one in await self._store.documents(Membership, person, "active"):
            team = await self._store.document(Team, one.team)
            member = await self._store.document(Member, member_id(one.team, person))
            if team is not None and member is not None:
                found.append((team, member))
        return found

    async def members(self, team: str) -> list[Member]:
        return await self._store.documents(Member, team, "active", limit=10_000)

    async def invitations(self, team: str) -> list[Invitation]:
        return await self._store.documents(Invitation, team, "open", limit=10_000)

    async def invite(self, team: str, actor: str, email: str, role: str, key: str) -> str:
        """An invitation's token, which is also sent by e-mail. With the same ``key`` again, "".

        Raises NotAllowed, SeatsTaken, EmailInvalid."""
        await self.must_manage(team, actor)
        _must_be_given(role)
        email = address_of(email)
        name = (await self._store.document(Team, team) or _NO_TEAM).name
        token = secrets.new_token("inv-")
        digest = secrets.digest(token).hex()

        def decide(books: Books, now: int) -> Decision:
            _must_have_seat(books, now, besides="")
            made = Invitation(
                id=digest,
                account_id=team,
                made_at=now,
                state="open",
                email=email,
                role=role,
                expires_at=now + _INVITED_FOR,
            )
            letter = _INVITED.with_values(name=name, token=token)
            told = notice(team, "invitation", letter, now, to=email)
            return Decision(msgspec.json.encode(digest), documents=(made, told))

        reads = (Mine(Member, "active"), Mine(Invitation, "open"))
        answer = await self._store.move(Move(team, f"invite/{key}", decide, reads))
        return token if msgspec.json.decode(answer) == digest else ""

    async def join(self, person: Account, token: str) -> tuple[Team, str]:
        """Take the seat that is offered; the organisation and a key for it, shown this once.

        Raises InvitationInvalid, SeatsTaken."""
        digest = secrets.digest(token).hex()
        offered = await self._store.document(Invitation, digest)
        if offered is None:
            raise InvitationInvalid("there is no such invitation")
        team = await self._store.document(Team, offered.account_id) or _NO_TEAM
        key = new_secret()

        def decide(books: Books, now: int) -> Decision:
            current = books.found.one(Invitation, digest)
            if current is None or current.state != "open" or now >= current.expires_at:
                raise InvitationInvalid("that invitation was used, withdrawn or has expired")
            _must_have_seat(books, now, besides=digest)
            row = key_row(key, person.id, now, team.id)
            member = structs.replace(_member(team.id, person, current.role, now), key=row)
            accepted = structs.replace(current, state="accepted")
            return Decision(documents=(member, _membership(member), accepted), keys=(row,))

        reads = (One(Invitation, digest), Mine(Member, "active"), Mine(Invitation, "open"))
        await self._store.move(Move(team.id, "", decide, reads))
        return team, key

    async def new_key(self, team: str, person: Account) -> str:
        """A member's new key in place of his old one, shown this once. Raises NotAllowed."""
        key = new_secret()
        name = member_id(team, person.id)

        def decide(books: Books, now: int) -> Decision:
            member = _active(books, name, "you have no seat there")
            row = key_row(key, person.id, now, team)
            keys = (row,) if member.key is None else (replace(member.key, revoked_at=now), row)
            return Decision(documents=(structs.replace(member, key=row),), keys=keys)

        await self._store.move(Move(team, "", decide, (One(Member, name),)))
        return key

    async def cap(self, team: str, actor: str, person: str, prompts_a_month: int) -> None:
        """A member's own limit; 0 for none. Raises NotAllowed."""
        await self.must_manage(team, actor)
        name = member_id(team, person)

        def decide(books: Books, _: int) -> Decision:
            member = _active(books, name, "there is no such member")
            capped = structs.replace(member, prompts_a_month=prompts_a_month)
            return Decision(documents=(capped,))

        await self._store.move(Move(team, "", decide, (One(Member, name),)))

    async def change_role(self, team: str, actor: str, person: str, role: str) -> None:
        """admin or member, for anybody but the owner. Raises NotAllowed."""
        await self.must_manage(team, actor)
        _must_be_given(role)
        name = member_id(team, person)

        def decide(books: Books, _: int) -> Decision:
            member = _active(books, name, "there is no such member")
            if member.role == "owner":
                raise NotAllowed("the owner's role does not change")
            return Decision(documents=(structs.replace(member, role=role),))

        await self._store.move(Move(team, "", decide, (One(Member, name),)))

    async def withdraw(self, team: str, actor: str, invitation: str) -> None:
        """The offered seat is free again, its token worth nothing. Raises NotAllowed,
        InvitationInvalid."""
        await self.must_manage(team, actor)

        def decide(books: Books, _: int) -> Decision:
            offered = books.found.one(Invitation, invitation)
            if offered is None or offered.account_id != team or offered.state != "open":
                raise InvitationInvalid("there is no such open invitation")
            return Decision(documents=(structs.replace(offered, state="withdrawn"),))

        await self._store.move(Move(team, "", decide, (One(Invitation, invitation),)))

    async def leave(self, team: str, actor: str, person: str) -> None:
        """The seat is free, and the member's keys end. Raises NotAllowed."""
        if actor != person:
            await self.must_manage(team, actor)
        name = member_id(team, person)

        def decide(books: Books, now: int) -> Decision:
            member = _active(books, name, "there is no such member")
            if member.role == "owner":
                raise NotAllowed("the owner cannot leave")
            keys = (replace(member.key, revoked_at=now),) if member.key else ()
            return Decision(documents=left_by(member), keys=keys)

        await self._store.move(Move(team, "", decide, (One(Member, name),)))


_NO_TEAM = Team(id="", account_id="", made_at=0, name="")


def left_by(member: Member) -> tuple[Document, ...]:
    """The seat is free: both sides of it."""
    left = structs.replace(member, state="left", key=None)
    return left, _membership(left)


def _must_be_given(role: str) -> None:
    """Raises NotAllowed for a role that nobody can be given."""
    if role not in ROLES[1:]:
        raise NotAllowed(f"role: expected one of {', '.join(ROLES[1:])}")


def _active(books: Books, name: str, otherwise: str) -> Member:
    """Raises NotAllowed."""
    member = books.found.one(Member, name)
    if member is None or member.state != "active":
        raise NotAllowed(otherwise)
    return member


def _must_have_seat(books: Books, now: int, besides: str) -> None:
    """Raises SeatsTaken. ``besides``: an invitation that is about to be accepted."""
    seats = books.subscription.seats if books.subscription else 0
    taken = len(books.found.mine(Member))
    offered = [
        one
        for one in books.found.mine(Invitation)
        if one.state == "open" and one.expires_at > now and one.id != besides
    ]
    if taken + len(offered) >= seats:
        raise SeatsTaken(f"all {seats} seats are taken or offered")


def _member(team: str, person: Account, role: str, now: int) -> Member:
    return Member(
        id=member_id(team, person.id),
        account_id=team,
        made_at=now,
        state="active",
        person=person.id,
        email=person.email,
        role=role,
    )


def _membership(member: Member) -> Membership:
    return Membership(
        id=f"{member.person}/{member.account_id}",
        account_id=member.person,
        made_at=member.made_at,
        state=member.state,
        team=member.account_id,
    )
