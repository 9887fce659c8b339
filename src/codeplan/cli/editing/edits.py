"""Changes of settings as values: what is set or removed at which path, and what follows from it.

Knows no format and no file; never changes the settings that it is given.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from codeplan.clients.set_up import Path

# "set" and "removed" are about the value at a path, "stamp" about one that a tool writes anew by
# itself; "included" and "excluded" about one item of the list there, whose other items are the
# person's own.
Kind = Literal["set", "stamp", "removed", "included", "excluded"]


class NotEditable(ValueError):
    """A file that cannot be changed as it is wanted: one line says why, and where."""


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Edit:
    """``value``: what stands at ``path`` afterwards, or ABSENT. ``item``: what is included in or
    excluded from a list."""

    path: Path
    value: Any
    kind: Kind = "set"
    item: Any = None


def at(settings: Any, path: Path) -> Any:
    """The value at a path, or ABSENT."""
    for key in path:
        if not isinstance(settings, Mapping) or key not in settings:
            return ABSENT
        settings = settings[key]
    return settings


def leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """A table as its single values, so that what else stands in that table is left alone."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves((*path, key), inner)
    else:
        yield path, value


def applied(settings: Mapping[str, Any], edits: Iterable[Edit]) -> dict[str, Any]:
    """The settings with these edits. Raises NotEditable where a value that is no table stands on
    the way; null does not."""
    result = dict(settings)
    for edit in edits:
        table = _table_for(edit, result)
        if table is not None and edit.value is ABSENT:
            table.pop(edit.path[-1], None)
        elif table is not None:
            table[edit.path[-1]] = edit.value
    return result


def _table_for(edit: Edit, result: dict[str, Any]) -> dict[str, Any] | None:
    """The table that an edit is of, copied on the way to it; None where nothing is there to
    remove."""
    table = result
    for depth, key in enumerate(edit.path[:-1]):
        inner = table.get(key)
        if inner is None and edit.value is ABSENT:
            return None
        if not isinstance(inner, Mapping | None):
            raise NotEditable(f"{'.'.join(edit.path[: depth + 1])} is no table of settings")
        table[key] = dict(inner or {})
        table = table[key]
    return table


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same to every reader: 1, 1.0 and true are three values."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def digest(value: Any) -> str:
    """By which a value is known again without being kept: it may be a key."""
    try:
        text = json.dumps(value, sort_keys=True, default=str)
    except TypeError:
        # Names of several types, which have no order.
        text = repr(value)
    return sha256(text.encode()).hexdigest()


def reverse(edit: Edit, settings: Mapping[str, Any], base: Mapping[str, Any]) -> Edit | None:
    """What takes an edit back to what ``base`` has; None where somebody changed that place since,
    so that it is theirs. The ``value`` of an edit that is "set" is a digest here."""
    now, before = at(settings, edit.path), at(base, edit.path)
    if edit.kind == "removed":
        return Edit(edit.path, before) if now is ABSENT and _reaches(settings, edit.path) else None
    if edit.kind == "set":
        return None if now is ABSENT or digest(now) != edit.value else Edit(edit.path, before)
    if edit.kind == "stamp":
        return None if now is ABSENT else Edit(edit.path, before)
    if not isinstance(now, list):
        return None
    if edit.kind == "included":
        items = [item for item in now if item != edit.item]
        return Edit(edit.path, items) if edit.item in now else None
    return (
        None if edit.item in now else Edit(edit.path, _as_in(at(base, edit.path), now, edit.item))
    )


def _as_in(before: Any, now: list[Any], item: Any) -> list[Any]:
    """A list with the item again: where it was, if the list is otherwise the same."""
    rest = [one for one in before if one != item] if isinstance(before, list) else None
    return list(before) if same(rest, now) else [*now, item]


def emptied(
    settings: Mapping[str, Any], base: Mapping[str, Any], paths: Sequence[Path]
) -> Iterator[Edit]:
    """The tables around these paths that were made for them and have nothing in them any more."""
    around = {path[:depth] for path in paths for depth in range(1, len(path))}
    for path in sorted(around, key=len, reverse=True):
        before = at(base, path)
        if at(settings, path) in ({}, None) and not isinstance(before, Mapping):
            yield Edit(path, before)
            settings = applied(settings, [Edit(path, before)])


def _reaches(settings: Mapping[str, Any], path: Path) -> bool:
    """Whether nothing but tables, or nothing at all, stands on the way to a path."""
    return all(
        at(settings, path[:depth]) is ABSENT or isinstance(at(settings, path[:depth]), Mapping)
        for depth in range(1, len(path))
    )
