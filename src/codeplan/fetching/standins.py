"""What must come through the search for the main part as it is, a table or a block of code, is
replaced by its plain words between two marks, so that it weighs what it weighed; afterwards the
real thing takes their place. Knows nothing of what it keeps."""

import re
from itertools import count
from typing import Any


class StandIns:
    """``html``: of the page, so that the marks are words that it does not have."""

    def __init__(self, html: str) -> None:
        self._word = next(word for n in count() if (word := f"qzk{n}w") not in html)
        self._kept: list[str] = []

    def replace(self, element: Any, kept: str) -> None:
        """``kept``: what is to stand in the text for the element, on lines of its own."""
        from lxml import etree

        words = " ".join("".join(element.itertext()).split())
        paragraph = etree.Element("p")
        paragraph.text = f"{self._word}b{len(self._kept)}x {words} {self._word}e{len(self._kept)}x"
        paragraph.tail = element.tail
        for name in ("id", "class"):
            if name in element.attrib:
                paragraph.set(name, element.get(name))
        self._kept.append(kept)
        parent = element.getparent()
        if parent.tag == "p":
            # A paragraph within another would be closed by it.
            _split(parent, element, paragraph)
        else:
            parent.replace(element, paragraph)

    def keep_within(self, kept: str) -> str:
        """The mark for what is to stand within a line."""
        self._kept.append(kept)
        return f"{self._word}m{len(self._kept) - 1}x"

    def number(self, item: Any, number: int) -> None:
        """The number that an item of a list has, whatever number its place would give it."""
        mark = f"{self._word}n{number}x"
        first = next((child for child in item.iter() if (child.text or "").strip()), item)
        first.text = f"{mark} {(first.text or '').lstrip()}"

    def put_back(self, text: str) -> str:
        word = self._word
        text = re.sub(
            rf"^([ \t]*)(?:\d+\.|-)?[ \t]*{word}n(-?\d+)x[ \t]*",
            r"\1\2. ",
            text,
            flags=re.MULTILINE,
        )
        text = re.sub(
            rf"[ \t]*{word}b(\d+)x.*?{word}e\1x[ \t]*",
            lambda match: f"\n\n{self._kept[int(match[1])]}\n\n",
            text,
            flags=re.DOTALL,
        )
        text = re.sub(rf"{word}[ben]-?\d+x ?", "", text)
        text = self._with_those_within(text)
        return re.sub(r"\n{3,}", "\n\n", text) if not self._kept else _fewer_blank_lines(text)

    def _with_those_within(self, text: str) -> str:
        """What is kept may have marks of those within lines in it: a formula in a table."""
        mark = rf"{self._word}m(\d+)x"
        return re.sub(mark, lambda match: self._kept[int(match[1])], text)


def _split(parent: Any, element: Any, paragraph: Any) -> None:
    """Put ``paragraph`` behind its parent, and what followed the element into another."""
    from lxml import etree

    rest = etree.Element(parent.tag)
    rest.text, paragraph.tail = paragraph.tail, None
    for sibling in list(element.itersiblings()):
        rest.append(sibling)
    rest.tail, parent.tail = parent.tail, None
    element.tail = None
    parent.remove(element)
    parent.addnext(paragraph)
    paragraph.addnext(rest)


_FENCE = re.compile(r"^(`{3,})[^`\n]*$")


def _fewer_blank_lines(text: str) -> str:
    """No two blank lines behind each other, except in code."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if match := _FENCE.match(line):
            if not fence:
                fence = match[1]
            elif line == fence:
                fence = ""
        if fence or line.strip() or (lines and lines[-1].strip()):
            lines.append(line if fence or line.strip() else "")
    return "\n".join(lines)
