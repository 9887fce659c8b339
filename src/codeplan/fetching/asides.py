"""What stands around the main part of a page, as far as it can be told before the main part is
known: readers' comments and the like by their names, and lists that are links and little else.
tests/mcp/test_extraction.py measures what this rule gives."""

import re
from collections.abc import Mapping
from typing import Any

# Names of the parts that are taken away, where they are less than half of the page.
_NAMES = re.compile(
    r"(?:^|[-_\s])"
    r"(?:comments?|comentarios?|commentaires?|disqus|respond|replies|newsletter|related)"
    r"(?:$|[-_\s\d])",
    re.IGNORECASE,
)
_NAMED = ("div", "section", "ul", "ol", "aside", "form", "table")
_LISTS = ("div", "section", "ul", "ol", "dl", "aside", "table")
# So many links, and so much of a part's letters in them, make it a list of other pages.
_LEAST_LINKS = 4
_LINKED = 0.8


def take_asides_away(tree: Any) -> None:
    letters = _count_letters(tree)
    for part in [part for part in tree.iter(*_NAMED) if _is_named(part)]:
        if part.getparent() is not None and letters[part] < letters[tree] / 2:
            part.drop_tree()
    _take_link_lists_away(tree)


def _is_named(part: Any) -> bool:
    return any(_NAMES.search(part.get(name) or "") for name in ("id", "class"))


def _take_link_lists_away(tree: Any) -> None:
    """The outermost of them; none where they are more than half of the page, which then is a page
    of links itself."""
    letters = _count_letters(tree)
    left = letters[tree] / 2
    lists: set[Any] = set()
    for part in tree.iter(*_LISTS):
        if lists.isdisjoint(part.iterancestors(*_LISTS)) and _is_link_list(part, letters):
            lists.add(part)
            left -= letters[part]
    if left <= 0:
        return
    for part in lists:
        part.drop_tree()


def _is_link_list(part: Any, letters: Mapping[Any, int]) -> bool:
    links = [count for link in part.iter("a") if (count := letters[link])]
    return len(links) >= _LEAST_LINKS and sum(links) >= _LINKED * letters[part]


def _count_letters(tree: Any) -> dict[Any, int]:
    """Of each element, with all that is in it; blanks are none. Each text is looked at once."""
    counts: dict[Any, int] = {}
    for element in reversed(list(tree.iter())):
        inside = sum(counts[child] + _letters(child.tail) for child in element)
        counts[element] = _letters(element.text) + inside
    return counts


def _letters(text: str | None) -> int:
    return sum(map(len, (text or "").split()))
