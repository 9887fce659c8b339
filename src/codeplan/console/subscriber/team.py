"""Team: an organisation's seats, its members with what they use, roles, caps, invitations;
founding one, joining one."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Go, Page, Shown, post, post_once
from codeplan.console.subscriber.plans import PERIODS, period_in
from codeplan.console.subscriber.standing import PlanShown, WindowShown, running, show, window
from codeplan.console.visits import Visit
from codeplan.plan.catalogue import Plan
from codeplan.plan.lifecycle import NotPossible
from codeplan.plan.seats import capped
from codeplan.plan.windows import Payer, shelve, views
from codeplan.store.rows import Subscription
from codeplan.subscriptions.market import Wish
from codeplan.subscriptions.seats import ahead
from codeplan.subscriptions.subscriptions import Held
from codeplan.subscriptions.teams import Invitation, Member, Team

_HERE = "/console/team"


@dataclass(frozen=True, slots=True)
class MemberShown:
    """``windows``: his own; none where the seats share them."""

    member: Member
    windows: tuple[WindowShown, ...]


@dataclass(frozen=True, slots=True)
class TeamShown:
    """``manages``: whether the reader may change it. ``free``: seats that nobody has.
    ``next_seats``: from the next period on; ``losing``: who has none then."""

    team: Team
    role: str
    manages: bool
    plan: PlanShown | None
    seats: int
    free: int
    pooled: bool
    members: tuple[MemberShown, ...]
    invitations: tuple[Invitation, ...]
    next_seats: int
    losing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeamPage:
    """``secret``: a key, or an invitation's token, that was made just now; ""."""

    teams: tuple[TeamShown, ...]
    plans: tuple[Plan, ...]
    periods: tuple[str, ...]
    currencies: tuple[str, ...]
    secret: str = ""
    secret_kind: str = ""


def pages() -> list[Page]:
    one = "/team/{team}"
    return [
        Page("/team", show_teams),
        post("/team", found, _HERE),
        post("/team/join", join, _HERE),
        post_once(f"{one}/invite", invite, _HERE),
        post(f"{one}/key", new_key, _HERE),
        post(f"{one}/cap", cap, _HERE),
        post(f"{one}/role", change_role, _HERE),
        post(f"{one}/withdraw", withdraw, _HERE),
        post(f"{one}/leave", leave, _HERE),
        post_once(f"{one}/seats", more_seats, _HERE),
        post_once(f"{one}/next-seats", next_seats, _HERE),
    ]


async def show_teams(visit: Visit) -> Answer:
    return Shown("subscriber/team.html", await _page(visit))


async def found(visit: Visit) -> Answer:
    services = visit.services
    email, name = visit.text("email", 250), visit.text("name", 200)
    await services.teams.found(visit.who, email, name or email, services.clock.now())
    return Go(_HERE, "saved")


async def join(visit: Visit) -> Answer:
    _, key = await visit.services.teams.join(visit.who, visit.text("token"))
    return Shown("subscriber/team.html", await _page(visit, key, "key"))


async def invite(visit: Visit) -> Answer:
    email, role = visit.text("email", 250), visit.text("role")
    token = await visit.services.teams.invite(
        visit.part("team"), visit.who.id, email, role, visit.once
    )
    return Shown("subscriber/team.html", await _page(visit, token, "invitation"))


async def new_key(visit: Visit) -> Answer:
    key = await visit.services.teams.new_key(visit.part("team"), visit.who)
    return Shown("subscriber/team.html", await _page(visit, key, "key"))


async def cap(visit: Visit) -> Answer:
    number = visit.number("prompts_a_month", most=10_000_000)
    team, person = visit.part("team"), visit.text("member")
    await visit.services.teams.cap(team, visit.who.id, person, number)
    return Go(_HERE, "saved")


async def change_role(visit: Visit) -> Answer:
    team, person, role = visit.part("team"), visit.text("member"), visit.text("role")
    await visit.services.teams.change_role(team, visit.who.id, person, role)
    return Go(_HERE, "saved")


async def withdraw(visit: Visit) -> Answer:
    team, offered = visit.part("team"), visit.text("invitation")
    await visit.services.teams.withdraw(team, visit.who.id, offered)
    return Go(_HERE, "saved")


async def leave(visit: Visit) -> Answer:
    await visit.services.teams.leave(visit.part("team"), visit.who.id, visit.text("member"))
    return Go(_HERE, "left")


async def more_seats(visit: Visit) -> Answer:
    """Paid from the organisation's balance, at the price that was shown."""
    team, number = visit.part("team"), visit.number("number", least=1, most=10_000, default=1)
    await visit.services.teams.must_manage(team, visit.who.id)
    _, lines, _ = await visit.services.shop.seats(team, number)
    due = sum(line.amount_minor for line in lines)
    await visit.services.shop.buy_seats(team, number, visit.once, due)
    return Go(_HERE, "bought")


async def next_seats(visit: Visit) -> Answer:
    """From the running period's end on, of the plan that follows then."""
    team, number = visit.part("team"), visit.number("number", least=1, most=10_000)
    await visit.services.teams.must_manage(team, visit.who.id)
    held = await visit.services.store.current_subscription(team)
    if held is None:
        raise NotPossible("there is no plan that is to be renewed")
    plan_id = held.next_plan_id or held.plan_id
    wish = Wish(team, plan_id, period_in(held.next_period or held.period), "", seats=number)
    await visit.services.shop.change(wish, visit.once)
    return Go(_HERE, "changed")


async def _page(visit: Visit, secret: str = "", kind: str = "") -> TeamPage:
    teams = await visit.services.teams.teams_of(visit.who.id)
    catalogue = visit.services.subscriptions.catalogue
    sold = {one.currency for plan in catalogue.plans.values() for one in plan.prices}
    return TeamPage(
        tuple([await _team(visit, team, member) for team, member in teams]),
        tuple(catalogue.plans.values()),
        PERIODS,
        tuple(sorted(sold)),
        secret,
        kind,
    )


async def _team(visit: Visit, team: Team, own: Member) -> TeamShown:
    services = visit.services
    held = await running(visit, team.id)
    subscription: Subscription | None = held.subscription if held else None
    members = await services.teams.members(team.id)
    manages = own.role in ("owner", "admin")
    now = services.clock.now()
    offered = [one for one in await services.teams.invitations(team.id) if one.expires_at > now]
    seats = subscription.seats if subscription else 0
    following, losing = await ahead(services.store, subscription) if subscription else (0, [])
    return TeamShown(
        team=team,
        role=own.role,
        manages=manages,
        plan=await show(visit, held) if held else None,
        seats=seats,
        free=max(0, seats - len(members) - len(offered)),
        pooled=subscription.pooled if subscription else False,
        members=await _members(visit, held, members if manages else [own]),
        invitations=tuple(offered) if manages else (),
        next_seats=following,
        losing=tuple(one.email for one in losing) if manages else (),
    )


async def _members(
    visit: Visit, held: Held | None, members: list[Member]
) -> tuple[MemberShown, ...]:
    """Each with his own windows, read together."""
    if held is None:
        return tuple(MemberShown(member, ()) for member in members)
    subscription, now = held.subscription, visit.services.clock.now()
    shelf = shelve(await visit.services.store.open_windows(subscription.id))
    found = []
    for member in members:
        rules = capped(held.plan, member.prompts_a_month).windows
        mine = [rule for rule in rules if rule.scope == "member"]
        payer = Payer(subscription.id, member.person, "", subscription.started_at)
        shown = tuple(window(visit, view) for view in views(mine, payer, shelf, now))
        found.append(MemberShown(member, shown))
    return tuple(found)
