"""The vendors' own types, as their SDKs publish them, read strictly: what a value says that its
type does not, and values of a type at random.

A TypedDict is closed here unless its SDK says otherwise, and an iterable is a list.
"""

import collections.abc
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions
from hypothesis import strategies as st

_LISTS = ("Iterable", "Sequence", "SequenceNotStr", "list")
_DICTS = (dict, collections.abc.Mapping)
_PLAIN = {str: str, bool: bool, int: int, float: (int, float), type(None): type(None)}


def complaints(value: Any, hint: Any, place: str = "") -> list[str]:
    """What is wrong with the value for its type; nothing where it fits."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return []
    if origin in (typing_extensions.Required, typing_extensions.NotRequired):
        return complaints(value, inside[0], place)
    if origin is typing_extensions.Annotated:
        return complaints(value, inside[0], place)
    if origin is Literal or origin is typing_extensions.Literal:
        return [] if value in inside else [f"{place}: {value!r} is none of {inside}"]
    if origin in (Union, types.UnionType):
        tried = [complaints(value, one, place) for one in inside]
        return min(tried, key=lambda wrong: _badness(wrong, place))
    if typing_extensions.is_typeddict(hint):
        return _of_table(value, hint, place)
    if _is_list(hint):
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [
            c for n, one in enumerate(value) for c in complaints(one, inside[0], f"{place}[{n}]")
        ]
    if origin in _DICTS or hint is dict:
        if not isinstance(value, dict):
            return [f"{place}: no object"]
        of = inside[1] if inside else object
        return [c for name, one in value.items() for c in complaints(one, of, f"{place}.{name}")]
    plain = _PLAIN.get(hint)
    if plain is None:  # files and the like, which JSON does not have
        return [f"{place}: {value!r} is no {hint}"]
    fits = isinstance(value, plain) and (hint is bool or not isinstance(value, bool))
    return [] if fits else [f"{place}: {value!r} is no {hint.__name__}"]


def _badness(wrong: list[str], place: str) -> tuple[bool, int]:
    """Of a union's members the one that was meant has its mark, a type or a role, right."""
    marks = (f"{place}.type:", f"{place}.role:", f"{place}: ")
    return any(item.startswith(marks) for item in wrong), len(wrong)


def _is_list(hint: Any) -> bool:
    return getattr(get_origin(hint), "__name__", "") in _LISTS


@cache
def fields_of(hint: Any) -> Mapping[str, tuple[Any, bool]]:
    """A TypedDict's fields: the type of each, and whether it is required."""
    return {
        name: (one, get_origin(one) is typing_extensions.Required or (
            hint.__total__ and get_origin(one) is not typing_extensions.NotRequired
        ))
        for name, one in get_type_hints(hint, include_extras=True).items()
    }  # fmt: skip


def _of_table(value: Any, hint: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place}: no object"]
    known = fields_of(hint)
    wrong = [f"{place}.{name}: is missing" for name, (_, must) in known.items()
             if must and name not in value]  # fmt: skip
    for name, one in value.items():
        if name in known:
            wrong += complaints(one, known[name][0], f"{place}.{name}")
        elif getattr(hint, "__pydantic_config__", {}).get("extra") != "allow":
            wrong.append(f"{place}.{name}: is not of {hint.__name__}")
    return wrong


def members(union: Any) -> Iterator[Any]:
    """The TypedDicts of a union, however deeply it is made of others."""
    if typing_extensions.is_typeddict(union):
        yield union
    for one in get_args(union):
        yield from members(one)


def names_within(hint: Any, seen: set[Any] | None = None) -> set[str]:
    """The fields of a TypedDict and of all that it is made of."""
    seen = set() if seen is None else seen
    names: set[str] = set()
    for one in members(hint):
        if one not in seen:
            seen.add(one)
            for name, (of, _) in fields_of(one).items():
                names |= {name} | names_within(of, seen)
    return names


def values_of(
    hint: Any,
    text: Callable[[str, str], st.SearchStrategy[Any] | None],
    name: str = "",
    owner: str = "",
) -> st.SearchStrategy[Any]:
    """Values of the type. ``text(owner, field)`` has those of a field, or None for any of its
    type; an owner is a TypedDict's ``type``, or its name."""
    special = text(owner, name)
    if special is not None:
        return special
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (
        typing_extensions.Required,
        typing_extensions.NotRequired,
        typing_extensions.Annotated,
    ):
        return values_of(inside[0], text, name, owner)
    if origin is Literal or origin is typing_extensions.Literal:
        return st.sampled_from(inside)
    if origin in (Union, types.UnionType):
        made = [values_of(one, text, name, owner) for one in inside if _is_json(one)]
        return st.one_of(made)
    if typing_extensions.is_typeddict(hint):
        return _tables(hint, text)
    if _is_list(hint):
        return st.lists(st.deferred(lambda: values_of(inside[0], text, name, owner)), max_size=2)
    if origin in _DICTS or hint in (dict, object, Any):
        return st.dictionaries(st.sampled_from("ab"), st.integers(0, 9), max_size=2)
    if hint is str:
        return st.sampled_from(["x", "y z"])
    if hint is float:
        return st.floats(0, 1)
    return {int: st.integers(0, 99), bool: st.booleans(), type(None): st.none()}[hint]


def _is_json(hint: Any) -> bool:
    return hint in _PLAIN or hint in (object, Any) or get_origin(hint) is not None or (
        typing_extensions.is_typeddict(hint)
    )  # fmt: skip


def _tables(
    hint: Any, text: Callable[[str, str], st.SearchStrategy[Any] | None]
) -> st.SearchStrategy[Any]:
    known = fields_of(hint)
    mark = get_args(known["type"][0]) if "type" in known else ()
    owner = str(get_args(mark[0])[0]) if mark and get_args(mark[0]) else hint.__name__
    made = {
        name: st.deferred(lambda one=one, name=name: values_of(one, text, name, owner))
        for name, (one, _) in known.items()
    }
    return st.fixed_dictionaries(
        {name: made[name] for name, (_, must) in known.items() if must},
        optional={name: made[name] for name, (_, must) in known.items() if not must},
    )
