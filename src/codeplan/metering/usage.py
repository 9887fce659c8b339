"""Usage over time, for charts: calls and tokens per hour or day, and per model."""

from dataclasses import dataclass, field

from codeplan.kit.instants import DAY, HOUR
from codeplan.store.base import UsageStore

# As GLM Coding Plan's clients know it: hours for a day or a few, days beyond, a month at most.
HOURLY_UP_TO = 7 * DAY
LONGEST = 31 * DAY


# In front of an MCP server's name where models' names stand.
MCP = "mcp/"
# The same, of a benefit.
BENEFIT = "benefit/"


def is_apart(model: str) -> bool:
    """Whether a call under that name was charged apart: it is no call of a plan's models, though
    one may have been asked on the way."""
    return model.startswith((MCP, BENEFIT))


class RangeInvalid(ValueError):
    """The end is not behind the start, or the range is longer than 31 days."""


@dataclass(slots=True)
class ModelUsage:
    """One model's tokens in each step, and in all."""

    model: str
    tokens: list[int]
    total: int = 0


@dataclass(slots=True)
class UsageSeries:
    """``step``: milliseconds; ``starts``: instants at which the steps begin. ``mcp``: calls of
    each MCP server in each step, which are no calls of a model."""

    step: int
    starts: list[int]
    calls: list[int]
    tokens: list[int]
    models: dict[str, ModelUsage] = field(default_factory=dict)
    mcp: dict[str, list[int]] = field(default_factory=dict)


async def usage_series(store: UsageStore, account_id: str, since: int, until: int) -> UsageSeries:
    """The account's settled calls from ``since`` up to ``until``, by the hour in which they began:
    the hour of ``since`` counts whole. Raises RangeInvalid."""
    if until <= since or until - since > LONGEST:
        raise RangeInvalid("the range must be longer than nothing and at most 31 days")
    step = HOUR if until - since <= HOURLY_UP_TO else DAY
    starts = list(range(since, until, step))
    series = UsageSeries(step, starts, [0] * len(starts), [0] * len(starts))
    first_hour = since - since % HOUR
    for row in await store.usage(account_id, first_hour, until, step):
        place = min((row.starts_at - first_hour) // step, len(starts) - 1)
        if row.model.startswith(MCP):
            server = row.model.removeprefix(MCP)
            series.mcp.setdefault(server, [0] * len(starts))[place] += row.calls
            continue
        if row.model.startswith(BENEFIT):
            continue
        series.calls[place] += row.calls
        series.tokens[place] += row.tokens
        model = series.models.setdefault(row.model, ModelUsage(row.model, [0] * len(starts)))
        model.tokens[place] += row.tokens
        model.total += row.tokens
    return series
