"""The refusals a call can meet, with GLM Coding Plan's codes, so that its clients understand them.

The text keeps the form that clients parse, with the zone behind it. How each client is told is
its own file's business (clients/).
"""

import math
from collections.abc import Sequence

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.limits import limit_headers
from codeplan.clients.refusal import Refusal, Wait
from codeplan.clients.registry import AGENT, UNKNOWN
from codeplan.gateway.addresses import GENERAL_BASE
from codeplan.kit import instants
from codeplan.plan.catalogue import Plan
from codeplan.plan.reached import Reached
from codeplan.plan.windows import WindowView
from codeplan.protocol.complaints import Complaint
from codeplan.protocol.overlong import Overlong
from codeplan.routing.failures import BUSY
from codeplan.store.base import RowsHeld, StoreFailed


def no_key() -> Refusal:
    return Refusal(
        401, "1001", "No API key was sent. Send yours as 'Authorization: Bearer cp-…' or x-api-key."
    )


def unknown_key() -> Refusal:
    return Refusal(401, "1000", "This API key is not valid: it is unknown, or it was revoked.")


def several_keys() -> Refusal:
    text = (
        "The call brings several different API keys, and nobody can tell which one is meant. Send"
        " one, as 'Authorization: Bearer cp-…' or as x-api-key. Often the other one comes from an"
        " environment variable such as ANTHROPIC_API_KEY or OPENAI_API_KEY."
    )
    return Refusal(401, "1000", text)


def no_room() -> Refusal:
    text = "So many large calls come at once that there is no room for this one. Try again soon."
    return Refusal(503, "1305", text, Wait.MOMENT, retry_after_seconds=MOMENT_SECONDS)


def malformed(what: str) -> Refusal:
    return Refusal(400, "1210", f"The request is not valid: {what}")


def one_answer(asked: int) -> Refusal:
    text = (
        f"The call asks for {asked} answers at once (n or best_of). A plan gives each call one:"
        " ask again for another, or call the general address and pay by the token."
    )
    return Refusal(400, "1210", text)


def too_large(limit: int) -> Refusal:
    return Refusal(413, "1210", f"The request's body is larger than {limit} bytes.")


NO_ADDRESS = "1222"


def unknown_address(path: str, nearest: str) -> Refusal:
    text = f"There is no address {path} here. The nearest is {nearest}."
    return Refusal(404, NO_ADDRESS, text)


def wrong_method(method: str, allowed: tuple[str, ...]) -> Refusal:
    return Refusal(405, "1212", f"{method} is not possible here; use {' or '.join(allowed)}.")


def unknown_model(asked: str, plan: Plan) -> Refusal:
    has = ", ".join(plan.models)
    return Refusal(400, "1211", f"There is no model {asked!r}. Your plan {plan.name} has: {has}.")


def no_such_model(asked: str, sold: Sequence[str]) -> Refusal:
    has = ", ".join(sold) or "none"
    return Refusal(400, "1211", f"There is no model {asked!r}. Sold by the token here: {has}.")


def model_not_in_plan(model: str, plan: Plan) -> Refusal:
    has = ", ".join(plan.models)
    text = f"Your plan {plan.name} does not include {model}. It has: {has}."
    return Refusal(429, "1311", text)


def no_plan(general: str) -> Refusal:
    text = (
        "This account has no coding plan, and this address serves plans only."
        f" For pay-as-you-go use {general}."
    )
    return Refusal(429, "1113", text)


def plan_expired(plan: Plan, ended_at: int, zone: str) -> Refusal:
    when = instants.with_zone(ended_at, zone)
    return Refusal(429, "1309", f"Your plan {plan.name} ended at {when}. Renew it to go on.")


def not_admitted(
    client: Client, seen: SeenCall, plan: Plan, request_id: str, may_pay: bool
) -> Refusal:
    """The plan is not for this program: what it is called, and what its person and its operator can
    do. ``may_pay``: the plan would have it paid by the token, which the key does not allow now.
    """
    known = client not in (UNKNOWN, AGENT)
    if known:
        who = f"{client.name}, which your plan {plan.name} does not admit"
        admitting = f"Your operator can put {client.id} into the plan's admit."
        why = ""
    else:
        who = f"a program that is not known as one (it calls itself {_agent(seen)})"
        admitting = (
            f"If it is one, your operator can admit it (codeplan admin clients learn {request_id})."
        )
        why = (
            f" Your plan {plan.name} admits no agents but those that it knows."
            if client is AGENT
            else " It was not taken for an agent by what it offers the model."
        )
    pay = (
        " With your key's switch for going on with the balance, within its limit a day and while"
        " there is balance, it is paid by the token here."
        if may_pay
        else ""
    )
    # What to do comes first: some tools cut what they show.
    text = (
        f"This address is for coding tools, and this call is of {who}. {admitting}"
        f" Your own programs use the general address {GENERAL_BASE} (pay-as-you-go).{pay}{why}"
    )
    return Refusal(403, "1220", text, unknown_program=not known)


def _agent(seen: SeenCall) -> str:
    """What a program calls itself, in printable characters."""
    name = "".join(one for one in seen.user_agent[:80] if one.isprintable()).strip()
    return f"{name!r}" if name else "nothing"


def no_balance(coding: str, needed: str = "", have: str = "") -> Refusal:
    """``needed``, ``have``: amounts as people read them."""
    short = f" The call may cost {needed} and you have {have}." if needed else ""
    text = (
        f"Insufficient balance or no resource package. Please recharge.{short}"
        f" A coding plan's quota is not used at this address; coding tools use {coding}."
    )
    return Refusal(429, "1113", text)


def restricted(why: str) -> Refusal:
    text = (
        f"Your plan has been restricted by the operator: {why}."
        " Your balance and your data are untouched; please write to the operator."
    )
    return Refusal(429, "1313", text)


def device_revoked(name: str) -> Refusal:
    text = (
        f"This device ({name}) was revoked by the account's owner."
        " The console's page Devices lets it in again."
    )
    return Refusal(403, "1220", text)


def key_only_for(lane: str) -> Refusal:
    """``lane``: plan or paid, as the key's owner set it."""
    what = "the coding plan" if lane == "plan" else "pay-as-you-go"
    return Refusal(403, "1220", f"This key's owner lets it be used for {what} only.")


def model_not_for_key(model: str, models: Sequence[str]) -> Refusal:
    text = f"This key's owner does not let it use {model}. It may use: {', '.join(models)}."
    return Refusal(403, "1220", text)


def too_many_at_once(limit: int) -> Refusal:
    text = f"Rate limit reached for requests: your plan runs {limit} calls at once."
    return Refusal(429, "1302", text, Wait.MOMENT, retry_after_seconds=2)


def counts_too_often(seconds: int) -> Refusal:
    text = "Tokens are counted too often for this account: calls that only count have a bound."
    return Refusal(429, "1302", text, Wait.MOMENT, retry_after_seconds=seconds)


def limit_reached(reached: Reached, windows: Sequence[WindowView], text: str) -> Refusal:
    """A limit has no room for the call. ``windows``: all that the call concerns. ``text``: the
    limit's own (`Reached.text`)."""
    return Refusal(
        429,
        reached.code,
        text,
        Wait.WINDOW,
        reached.seconds,
        resets_at=reached.resets_at_second,
        limits=limit_headers(windows, reached.now, reached),
    )


def turn_ran_away(calls: int, plan: Plan) -> Refusal:
    text = (
        f"This turn has made {calls} model calls, the most that your plan {plan.name} lets one turn"
        " make, so it was stopped. Nothing more was charged. Type a new prompt to go on."
    )
    return Refusal(429, "1303", text)


BUSY_CODE, FAILED_CODE = "1305", "1234"
OF_UPSTREAMS = (BUSY_CODE, FAILED_CODE)
MOMENT_SECONDS = 5
# Who is told to come again in a moment waits for it; nobody waits longer than so.
LONGEST_MOMENT = 600


def upstream_busy(seconds: int = MOMENT_SECONDS) -> Refusal:
    """``seconds``: when to come again."""
    text = "The model is busy just now. Nothing was charged; please try again in a moment."
    return Refusal(429, BUSY_CODE, text, Wait.MOMENT, retry_after_seconds=max(1, seconds))


def upstream_failed(seconds: int = MOMENT_SECONDS) -> Refusal:
    text = "The model could not be reached. Nothing was charged; please try again in a moment."
    return Refusal(503, FAILED_CODE, text, Wait.MOMENT, retry_after_seconds=max(1, seconds))


def gave_up(code: str) -> Refusal:
    """After signs of life no upstream answered: in the stream, or to whoever asks once more. In
    words that no tool takes for a reason to ask again by itself: OpenCode takes "try again in" so,
    and figures of 5xx."""
    text = "No model answered after a long wait. Nothing was charged. Please send your prompt anew."
    return Refusal(429, code, text)


def of_upstream(status: int, own_seconds: float | None, now: int) -> Refusal:
    """What an upstream's error becomes. ``own_seconds``: when to come again, as it says itself;
    ``now``: epoch milliseconds."""
    seconds = MOMENT_SECONDS if own_seconds is None else math.ceil(own_seconds)
    if status not in BUSY:
        return upstream_failed(seconds)
    return upstream_busy(seconds) if seconds <= LONGEST_MOMENT else _upstream_used_up(seconds, now)


def _upstream_used_up(seconds: int, now: int) -> Refusal:
    """Its own limit is reached: a wait that no tool should keep in silence."""
    back_at = now + seconds * instants.SECOND
    text = (
        f"The model's server has reached its limit and will be back at"
        f" {instants.with_zone(back_at, 'UTC')}. Nothing was charged."
    )
    resets_at = back_at // instants.SECOND
    return Refusal(429, BUSY_CODE, text, Wait.WINDOW, seconds, resets_at=resets_at)


def upstream_refused(said: Complaint, sent: Overlong | None) -> Refusal:
    """The call itself is at fault, as its upstream says. ``sent``: it is too long."""
    names = {"type": said.kind, "code": said.code, "param": said.param}
    theirs = {name: text for name, text in names.items() if text}
    status = 400 if sent is not None else said.status
    return Refusal(status, "", said.message, upstreams_words=True, theirs=theirs, overlong=sent)


def store_failed(failed: StoreFailed) -> Refusal:
    if isinstance(failed, RowsHeld):
        text = "This account's books are held by something else just now. Nothing was charged."
        return Refusal(503, "1200", text, Wait.MOMENT, retry_after_seconds=2)
    text = "The service cannot keep its books just now, so nothing is served. Nothing was charged."
    return Refusal(503, "1200", text, Wait.MOMENT, retry_after_seconds=10)


def broken() -> Refusal:
    return Refusal(500, "1200", "Something broke on our side. Nothing was charged.", Wait.MOMENT)
