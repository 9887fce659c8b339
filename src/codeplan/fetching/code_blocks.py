"""Blocks of code in a page, with their lines: in `pre`, in tables with line numbers, with a tag for
each line. Answers what is one, and its text; changes nothing."""

import re
from typing import Any

from codeplan.fetching.tables import cells_of

# Elements that hold the numbers of lines, by their classes in the highlighters that sites use:
# Rouge, Pygments, highlight.js, Prism, SyntaxHighlighter, GitHub, GitLab, Chroma.
_GUTTER = re.compile(
    r"(?:^|\s)(?:gutter|rouge-gutter|gl|linenos?|linenumbers?|line-?num(?:ber)?s?(?:-rows)?|lineno"
    r"|lntd:first|lnt|ln|hljs-ln-numbers|blob-num|line-numbers-rows|code-lines?-numbers?|diff-line-num)"
    r"(?:\s|$)",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language-|lang-|highlight-source-|highlight-text-|highlight-|brush:\s*"
    r"|sourceCode )([\w+#.-]{1,30})",
)
_NO_LANGUAGE = frozenset(
    {"default", "none", "plain", "plaintext", "text", "notranslate", "wrapper"}
)
# Each begins a line of its own, and ends it.
_LINES = frozenset({"div", "p", "li", "tr", "ol", "ul", "table", "pre"})
_UNSEEN = frozenset({"script", "style", "button", "svg", "template"})
_NUMBERS = re.compile(r"[\s\d]+")


def fence_code(code: str, language: str) -> str:
    """As Markdown has it; the fence is longer than any in the code."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def code_in(element: Any) -> str | None:
    """The code of an element that is a block of it as a whole; None where it is none."""
    if element.tag == "table":
        return _code_of_table(element)
    if element.tag == "pre" or (element.tag == "code" and element.find(".//br") is not None):
        return code_text(element)
    return None


def _code_of_table(table: Any) -> str | None:
    """Of a table whose rows have numbers and one cell of code."""
    rows = []
    for row in table.iter("tr"):
        cells = cells_of(row)
        code = [cell for cell in cells if not is_gutter(cell)]
        if len(code) != 1 or len(cells) < 2 or not _is_code(code[0]):
            return None
        rows.append(code_text(code[0]))
    return "\n".join(rows) if rows else None


def _is_code(cell: Any) -> bool:
    is_named = re.search(r"(?:^|[\s-])code(?:$|[\s-])", cell.get("class") or "")
    return bool(is_named) or cell.find(".//pre") is not None or cell.find("code") is not None


def is_gutter(element: Any) -> bool:
    """Whether it has numbers of lines alone."""
    if not isinstance(element.tag, str):
        return False
    if _GUTTER.search(element.get("class") or ""):
        return not "".join(element.itertext()).strip(" \t\r\n0123456789.:|+-")
    is_cell = element.tag in ("td", "th") and element.find(".//pre") is not None
    return is_cell and bool(_NUMBERS.fullmatch("".join(element.itertext())))


def code_text(element: Any) -> str:
    """With a line for each of its lines, and without their numbers."""
    pieces: list[str] = []
    _walk(element, pieces)
    lines = "".join(pieces).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(line.replace("\xa0", " ").rstrip() for line in lines)


def _walk(element: Any, pieces: list[str]) -> None:
    """Without recursion: pages nest as deep as they like. "line" marks where a line must end."""
    waiting: list[tuple[str, Any]] = [("open", element)]
    while waiting:
        step, value = waiting.pop()
        if step == "text":
            pieces.append(value)
            continue
        if step == "line":
            if pieces and not pieces[-1].endswith("\n"):
                pieces.append("\n")
            continue
        tag = value.tag
        if not isinstance(tag, str) or tag in _UNSEEN or is_gutter(value):
            continue
        if tag == "br":
            pieces.append("\n")
            continue
        is_line = tag in _LINES and value is not element
        if is_line:
            waiting.append(("line", None))
        for child in reversed(value):
            if child.tail:
                waiting.append(("text", child.tail))
            waiting.append(("open", child))
        if value.text:
            waiting.append(("text", value.text))
        if is_line:
            waiting.append(("line", None))


def language_of(element: Any) -> str:
    """As its classes say, or those of what is around it or in it; ""."""
    near = [element, *element.iterancestors("div", "figure", "table", "pre"), *element.iter("code")]
    for one in near[:6]:
        named = (one.get("data-lang") or one.get("data-language") or "").strip().lower()
        found = re.fullmatch(r"[\w+#.-]{1,30}", named) or _LANGUAGE.search(one.get("class") or "")
        if found:
            language = found[found.lastindex or 0].lower()
            if language not in _NO_LANGUAGE:
                return str(language)
    return ""
