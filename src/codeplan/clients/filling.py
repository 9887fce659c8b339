"""The set-up of a client that is data: its places filled in from a plan. Pure.

A text may hold ``{url}``, ``{key}``, ``{large}`` and ``{small}``. A text that is nothing but
``{context}``, ``{output}``, ``{small_context}`` or ``{small_output}`` becomes that limit of the
large or small model, a number; what the catalogue does not say leaves its setting out. In a text
that is pasted, a limit may stand anywhere, and a line whose limit nobody knows is left out.
"""

from typing import Any

from codeplan.clients.set_up import Plan

PLACES = ("url", "key", "large", "small")
LIMITS = ("context", "output", "small_context", "small_output")
_LEFT_OUT = object()


def fill(template: Any, plan: Plan) -> Any:
    """Put a plan's values into a template of texts, lists and tables; None where nothing is left
    of it. What a list then says twice (the large and the small model are one), it says once."""
    filled = _fill(template, plan)
    return None if filled is _LEFT_OUT else filled


def fill_lines(text: str, plan: Plan) -> str:
    """Put a plan's values into a text that a person pastes."""
    lines = []
    for line in text.splitlines(keepends=True):
        for name in LIMITS:
            if f"{{{name}}}" in line:
                limit = _limit(name, plan)
                line = "" if limit is None else line.replace(f"{{{name}}}", str(limit))
        lines.append(_places(line, plan))
    return "".join(lines)


def _fill(template: Any, plan: Plan) -> Any:
    if isinstance(template, str):
        return _text(template, plan)
    if isinstance(template, list | tuple):
        values: list[Any] = []
        for item in template:
            value = _fill(item, plan)
            if value is not _LEFT_OUT and value not in values:
                values.append(value)
        return values
    if isinstance(template, dict):
        table = {_text(name, plan): _fill(value, plan) for name, value in template.items()}
        kept = {name: value for name, value in table.items() if value is not _LEFT_OUT}
        # A table of nothing but unknown limits is no setting.
        return kept if kept or not template else _LEFT_OUT
    return template


def _text(text: str, plan: Plan) -> Any:
    name = text[1:-1] if text.startswith("{") and text.endswith("}") else ""
    if name in LIMITS:
        limit = _limit(name, plan)
        return _LEFT_OUT if limit is None else limit
    return _places(text, plan)


def _limit(name: str, plan: Plan) -> int | None:
    limits = plan.limits_of(plan.small if name.startswith("small_") else plan.large)
    return limits.output if name.endswith("output") else limits.context


def _places(text: str, plan: Plan) -> str:
    for place in PLACES:
        text = text.replace(f"{{{place}}}", getattr(plan, place))
    return text
