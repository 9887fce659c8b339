"""What a tool's page says of it: what its person sees when quota is used up, and how its prompts
are counted. The facts are the clients' own (clients/), the sentences are here."""

from codeplan.clients.base import Client
from codeplan.console.visits import Visit
from codeplan.console.words import N_, unit_name
from codeplan.plan.catalogue import Plan

_AT_LIMIT = {
    "shows": N_("It stops at once and shows when quota comes back."),
    "own_words": N_("It stops at once and says in its own words when to try again."),
    "hides": N_(
        "It stops at once, but shows no reason. Look at the overview here: it says when quota"
        " comes back."
    ),
    "retries": N_(
        "It goes on trying whatever it is told, which costs nothing. Stop it, and look at the"
        " overview here: it says when quota comes back."
    ),
    "unmeasured": N_(
        "It is told to stop, and when quota comes back. Whether it shows that was not measured."
    ),
}
_LOOKED_AT = N_(
    "Each picture or video that was looked at is one MCP call; prompts are not touched."
)
_COUNTED_BY = {
    "session": N_(
        "It tells its session, so its titles, summaries and sub-agents belong to the prompt that"
        " they are made for."
    ),
    "turn": N_("It names its turns itself: all calls of one, its sub-agents' too, are one prompt."),
    "text": N_(
        "It tells no session. A conversation is known by your key and its first text, so the same"
        " first text again within 15 minutes is the same prompt."
    ),
    "unmeasured": N_(
        "Where it tells no session, a conversation is known by your key and its first text."
    ),
}


def at_limit(visit: Visit, client: Client) -> str:
    """What its person sees when a window is used up."""
    if client.sees:
        return visit._("Your coding tool shows when calls come back.")
    return visit._(_AT_LIMIT[client.at_limit])


def counted(visit: Visit, client: Client, plan: Plan | None) -> tuple[str, ...]:
    """How what it asks is counted. ``plan``: None where it is not known yet."""
    if client.sees:
        return (visit._(_LOOKED_AT),)
    units = {rule.unit for rule in plan.windows} if plan else {"prompt"}
    if "prompt" not in units:
        names = ", ".join(unit_name(unit, visit._) for unit in sorted(units))
        return (visit._("Your plan counts %(units)s, and no prompts.") % {"units": names},)
    prompt = N_("One prompt is one thing that you ask, with all its tool calls.")
    whole = [visit._(prompt)]
    if plan:
        more = N_("It pays for %(calls)s model calls; a longer turn draws the next prompt.")
        whole.append(visit._(more) % {"calls": plan.calls_per_prompt})
    return (*whole, visit._(_COUNTED_BY[client.counted_by]))
