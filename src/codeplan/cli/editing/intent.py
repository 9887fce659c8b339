"""What a set-up wants of a file's settings, as edits. Reads no file."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from codeplan.cli.editing.edits import ABSENT, Edit, at, leaves, same
from codeplan.clients.set_up import Path, SetUp


def wanted(set_up: SetUp, settings: Mapping[str, Any]) -> list[Edit]:
    """The edits by which these settings use the plan; none where they do."""
    return [*_cleared(set_up, settings), *_listed(set_up, settings), *_values(set_up, settings)]


def in_the_way(set_up: SetUp, settings: Mapping[str, Any]) -> Iterator[Path]:
    """What settings that win over the set-up's own file say otherwise."""
    for edit in wanted(set_up, settings):
        if at(settings, edit.path) is not ABSENT:
            yield edit.path


def _cleared(set_up: SetUp, settings: Mapping[str, Any]) -> Iterator[Edit]:
    for pattern in set_up.removes:
        for path in _paths(settings, pattern):
            yield Edit(path, ABSENT, "removed")
    for pattern, allowed in set_up.unless:
        for path in _paths(settings, pattern):
            value = at(settings, path)
            if not any(fnmatchcase(str(value), one) for one in allowed):
                yield Edit(path, ABSENT, "removed")


def _listed(set_up: SetUp, settings: Mapping[str, Any]) -> Iterator[Edit]:
    for path, item in set_up.includes:
        items = at(settings, path)
        if isinstance(items, list) and item not in items:
            yield Edit(path, [*items, item], "included", item)
    for path, item in set_up.excludes:
        items = at(settings, path)
        if isinstance(items, list) and item in items:
            yield Edit(path, [one for one in items if one != item], "excluded", item)


def _values(set_up: SetUp, settings: Mapping[str, Any]) -> Iterator[Edit]:
    for place, table in set_up.values:
        for path, leaf in leaves(place, table):
            value = at(settings, path)
            if path in set_up.stamps:
                if value is ABSENT:
                    yield Edit(path, leaf, "stamp")
            elif not same(value, leaf):
                yield Edit(path, leaf)
    for place, table in set_up.defaults:
        if at(settings, place) is ABSENT:
            yield Edit(place, table)


def _paths(settings: Mapping[str, Any], pattern: Path) -> Iterator[Path]:
    """The paths that are there; a step "*" stands for every name."""
    paths: list[Path] = [()]
    for step in pattern:
        tables = ((path, at(settings, path)) for path in paths)
        paths = [
            (*path, key)
            for path, table in tables
            if isinstance(table, Mapping)
            for key in table
            if step in ("*", key)
        ]
    yield from paths
