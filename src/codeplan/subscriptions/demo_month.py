"""A made-up month of one person's prompts, charged by the same rules as real ones, so that receipts
and windows agree. The same seed makes the same month."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY, HOUR, MINUTE, SECOND
from codeplan.plan.admit import AllowanceExhausted, Hold, Want
from codeplan.plan.catalogue import Plan
from codeplan.plan.past import take
from codeplan.plan.rules import WindowRule
from codeplan.plan.turns import Prompt
from codeplan.plan.weigh import call_cost, prompt_cost
from codeplan.plan.windows import Open, Payer, Window
from codeplan.protocol.usage import Usage
from codeplan.store.loaded import Rows
from codeplan.store.operations import CallRow
from codeplan.store.rows import Subscription

_CLIENTS = ("claude-code", "claude-code", "opencode", "codex", "cline", "kilo-code")


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody works: prompts on a working day, from which hour (UTC), on weekends too."""

    prompts_a_day: int
    begins_hour: int
    weekends: bool = False
    client: str = "claude-code"


def habits_of(random: Random) -> Habits:
    return Habits(
        prompts_a_day=random.choice((8, 14, 20, 30, 45)),
        begins_hour=random.choice((0, 1, 2, 7, 8, 14)),
        weekends=random.random() < 0.3,
        client=random.choice(_CLIENTS),
    )


def month_of(
    held: Subscription, plan: Plan, key_id: str, habits: Habits, since: int, until: int, seed: int
) -> Iterator[Rows]:
    """What was used, day by day; each day is one commit."""
    random, open_now = Random(seed), dict[tuple[str, str], list[Window]]()
    payer = Payer(held.id, held.account_id, key_id, held.started_at)
    for day in range(since - since % DAY, until, DAY):
        rows = Rows()
        weekend = (day // DAY + 3) % 7 >= 5
        number = 0 if weekend and not habits.weekends else habits.prompts_a_day
        number = max(0, round(random.gauss(number, number / 4)))
        at = day + habits.begins_hour * HOUR
        for place in range(number):
            at += round(random.expovariate(1 / (9 * HOUR / max(1, number))))
            if since <= at < until - 5 * MINUTE:
                _prompt(rows, held, plan, payer, habits, open_now, random, at, place)
        yield rows


def _prompt(
    rows: Rows,
    held: Subscription,
    plan: Plan,
    payer: Payer,
    habits: Habits,
    open_now: Open,
    random: Random,
    at: int,
    place: int,
) -> None:
    model = plan.models[0] if random.random() < 0.85 else plan.models[-1]
    cost = prompt_cost(plan, model, at)
    wants = [Want(rule, cost) for rule in plan.windows if not rule.counts_calls]
    holds = _taken(rows, wants, payer, open_now, at)
    if holds is None:
        return
    session = new_id("demo", at - place)
    prompt = Prompt(
        id=new_id("prompt", at),
        account_id=held.account_id,
        subscription_id=held.id,
        session=session,
        conversation=session,
        ordinal=1,
        text_hash=session[-24:],
        client=habits.client,
        opened_at=at,
        last_call_at=at,
        state="settled",
        holds=holds,
    )
    for number in range(random.choice((1, 2, 3, 3, 4, 6, 9))):
        call = _call(held, plan, payer, prompt, random, model, number)
        if call.state == "settled":
            _use(rows, open_now, plan, payer, call)
            prompt.delivered += 1
        prompt.calls += 1
        prompt.last_call_at = call.started_at
        rows.changed_calls[call.id] = call
    rows.changed_prompts[prompt.id] = prompt
    hour = rows.hour((held.account_id, at - at % HOUR, model, habits.client))
    hour.prompts += 1


def _call(
    held: Subscription,
    plan: Plan,
    payer: Payer,
    prompt: Prompt,
    random: Random,
    model: str,
    number: int,
) -> CallRow:
    at = prompt.last_call_at + (0 if number == 0 else random.randrange(4, 60) * SECOND)
    read = 12_000 + number * random.randrange(800, 5_000)
    cached = 0 if number == 0 else round(read * random.uniform(0.6, 0.95))
    output = random.randrange(60, 1_800)
    first = at + random.randrange(350, 2_400)
    broke = number > 0 and random.random() < 0.02
    return CallRow(
        id=new_id("req", at),
        prompt_id=prompt.id,
        account_id=held.account_id,
        subscription_id=held.id,
        key_id=payer.key_id,
        client=prompt.client,
        protocol="anthropic" if prompt.client == "claude-code" else "openai_chat",
        model_asked=model,
        model=model,
        streamed=True,
        why="a new prompt" if number == 0 else "a further call of this turn",
        started_at=at,
        state="released" if broke else "settled",
        outcome="cut by upstream" if broke else "whole",
        upstream="demo",
        upstream_model=model,
        first_content_at=first,
        ended_at=first + round(output / random.uniform(45, 95) * 1000),
        usage=Usage() if broke else Usage(read - cached, cached, 0, output, output // 5),
        detail="the upstream broke off" if broke else "",
        catalogue_version=held.catalogue_version,
    )


def _use(rows: Rows, open_now: Open, plan: Plan, payer: Payer, call: CallRow) -> None:
    """What the call takes of windows that count calls, and its hour."""
    usage = call.usage
    wants = [
        Want(rule, call_cost(plan, rule.unit, call.model, call.started_at, usage), or_less=True)
        for rule in plan.windows
        if rule.counts_calls
    ]
    holds = _taken(rows, wants, payer, open_now, call.started_at)
    if holds is not None:
        call.holds = holds
    hour = rows.hour(
        (call.account_id, call.started_at - call.started_at % HOUR, call.model, call.client)
    )
    hour.calls += 1
    hour.input += usage.input
    hour.cached += usage.cached
    hour.output += usage.output
    hour.reasoning += usage.reasoning


def _taken(
    rows: Rows, wants: list[Want], payer: Payer, open_now: Open, at: int
) -> tuple[Hold, ...] | None:
    """What was charged; None where a window had no room."""

    def open_window(rule: WindowRule, opened_at: int, closes_at: int) -> Window:
        return payer.window(new_id("win", opened_at), rule, opened_at, closes_at)

    taken = take(wants, payer, open_now, at, open_window)
    if isinstance(taken, AllowanceExhausted):
        return None
    rows.changed_windows.update({window.id: window for _, window in taken})
    return tuple(hold for hold, _ in taken)
