"""What a prompt or a call costs in each unit, in millionths. Receipts are recomputed by the same
functions, from what is stored."""

from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE, ONE_A_CALL, Unit
from codeplan.plan.tokens import Tokens

# What a call is taken to answer, in tokens, until it has.
EXPECTED_OUTPUT = 4096


def prompt_cost(plan: Plan, model: str, at: int) -> int:
    """One prompt, opened at that instant with a call of that model."""
    return plan.rate_of(model).times_at(at)


def call_cost(plan: Plan, unit: Unit, model: str, at: int, tokens: Tokens | None) -> int:
    """One call that began at that instant. Where the upstream reported no usage, no tokens count.

    Credits are rounded down to a millionth.
    """
    if unit in ONE_A_CALL:
        return ONE
    if tokens is None:
        return 0
    classes = (tokens.input, tokens.cached, tokens.cache_write, tokens.output)
    return _weight(plan, unit, model, at, classes)


def expected_cost(plan: Plan, unit: Unit, model: str, at: int, prompt_tokens: int) -> int:
    """What is held of a call until its usage is known."""
    if unit in ONE_A_CALL:
        return ONE
    return _weight(plan, unit, model, at, (prompt_tokens, 0, 0, EXPECTED_OUTPUT))


def _weight(plan: Plan, unit: Unit, model: str, at: int, classes: tuple[int, ...]) -> int:
    if unit == "token":
        return sum(classes) * ONE
    rate = plan.rate_of(model)
    weights = (rate.input, rate.cached, rate.cache_write, rate.output)
    weighed = sum(count * weight for count, weight in zip(classes, weights, strict=True))
    return weighed * rate.times_at(at) // ONE
