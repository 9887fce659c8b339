"""What a draft of the catalogue would change: each figure that is another one, by its path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from codeplan.plan.catalogue import Catalogue


class Difference(msgspec.Struct, frozen=True):
    """``path``: such as ``plan lite, windows, 5hour, limit``. ``before``, ``after``: as people read
    them; "" where there is none."""

    path: str
    before: str
    after: str


def difference(now: Catalogue, draft: Catalogue) -> list[Difference]:
    """In the catalogue's order: plans, models, promotions, packs."""
    groups = (
        ("plan", now.plans, draft.plans),
        ("model", _named(now.models), _named(draft.models)),
        ("promotion", _named(now.promotions), _named(draft.promotions)),
        ("pack", _named(now.packs), _named(draft.packs)),
    )
    return [
        one
        for what, before, after in groups
        for name in dict.fromkeys([*before, *after])
        for one in _between((f"{what} {name}",), before.get(name), after.get(name))
    ]


def _named(items: Sequence[Any]) -> Mapping[str, Any]:
    return {item.id: item for item in items}


def _between(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    old, new = _parts(before), _parts(after)
    if old is None or new is None:
        yield Difference(", ".join(path), _written(before), _written(after))
        return
    for name in dict.fromkeys([*old, *new]):
        yield from _between((*path, name), old.get(name), new.get(name))


def _parts(value: Any) -> Mapping[str, Any] | None:
    """A value's named parts; None for one that has none."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        return {str(name): one for name, one in value.items()}
    if isinstance(value, tuple) and value and not isinstance(value[0], str):
        return {_name_in(one, place): one for place, one in enumerate(value)}
    return None


def _name_in(value: Any, place: int) -> str:
    """What a member of a list is called, so that an order that changed is no difference."""
    if hasattr(value, "currency") and hasattr(value, "period"):
        return f"{value.currency} {value.period}"
    return str(getattr(value, "name", "") or getattr(value, "id", "") or place + 1)


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    name = getattr(value, "name", "") or getattr(value, "id", "")
    return str(name) if is_dataclass(value) and name else str(value)
