"""What stands around the main part of a page, as far as it can be told before the main part is
known: readers' comments and the like by their names, and lists that are links and little else.
tests/mcp/test_extraction.py measures what this rule gives."""

import re
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
    most = _letters(tree) / 2
    for part in [part for part in tree.iter(*_NAMED) if _is_named(part)]:
        if part.getparent() is not None and _letters(part) < most:
            part.drop_tree()
    _take_link_lists_away(tree)


def _is_named(part: Any) -> bool:
    return any(_NAMES.search(part.get(name) or "") for name in ("id", "class"))


def _take_link_lists_away(tree: Any) -> None:
    """The outermost of them; none where they are more than half of the page, which then is a page
    of links itself."""
    most = _letters(tree) / 2
    lists: set[Any] = set()
    left = most
    for part in tree.iter(*_LISTS):
        if lists.isdisjoint(part.iterancestors(*_LISTS)) and _is_link_list(part):
            lists.add(part)
            left -= _letters(part)
    if left <= 0:
        return
    for part in lists:
        part.drop_tree()


def _is_link_list(part: Any) -> bool:
    links = [count for link in part.iter("a") if (count := _letters(link))]
    return len(links) >= _LEAST_LINKS and sum(links) >= _LINKED * _letters(part)


def _letters(element: Any) -> int:
    return sum(len(text) - sum(map(str.isspace, text)) for text in element.itertext())
