"""Tables of data in a page, whole: each cell in its place, also where it spans others, and what is
in a cell stays in it. Tables that only lay a page out are left to who finds the main part."""

import re
from typing import Any

_MOST_SPAN = 1000
_MOST_CELLS = 20_000
# More letters in one cell, and it is a part of a page.
_MOST_LETTERS = 1_500
_PARTS = ("article", "section", "nav", "aside", "main", "form", "h1", "h2", "h3", "iframe")
_BREAKS = frozenset({"p", "div", "li", "br", "dd", "dt", "blockquote", "ul", "ol"})
_UNSEEN = frozenset({"script", "style", "template", "svg", "button"})

Grid = list[list[str]]


def is_of_data(table: Any) -> bool:
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return False
    if any(next(table.iter(part), None) is not None for part in _PARTS):
        return False
    rows = rows_of(table)
    if not any(len(cells_of(row)) > 1 for row in rows):
        return False
    cells = [cell for row in rows for cell in cells_of(row)]
    lengths = [_letters(cell) for cell in cells]
    if max(lengths) > _MOST_LETTERS or len(cells) > _MOST_CELLS:
        return False
    linked = sum(_letters(link) for link in table.iter("a"))
    return next(table.iter("th"), None) is not None or linked * 2 < sum(lengths)


def _letters(element: Any) -> int:
    return len(" ".join("".join(element.itertext()).split()))


def rows_of(table: Any) -> list[Any]:
    """Its own, without those of tables in its cells."""
    rows = []
    for child in table:
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            rows += [row for row in child if row.tag == "tr"]
    return rows


def cells_of(row: Any) -> list[Any]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def bound_spans(table: Any) -> None:
    """Take the spans away from a table that would become far larger by them than it is written."""
    cells = [cell for row in rows_of(table) for cell in cells_of(row)]
    size = sum(_span(cell, "rowspan") * (_span(cell, "colspan") + _letters(cell)) for cell in cells)
    if size > _MOST_CELLS + 4 * _letters(table):
        for cell in cells:
            for name in ("rowspan", "colspan"):
                cell.attrib.pop(name, None)


def caption_of(table: Any) -> str:
    """Its caption as a paragraph of its own; "" where it has none."""
    caption = next((child for child in table if child.tag == "caption"), None)
    words = "" if caption is None else " ".join("".join(caption.itertext()).split())
    return f"{words}\n\n" if words else ""


def grid_of(table: Any, *, links: bool, images: bool) -> Grid:
    """Each row's cells; what spans rows stands in each of them, what spans columns in its first.
    Its spans are bounded."""
    grid: Grid = []
    reaching: dict[int, tuple[int, str]] = {}  # by column: for how many rows more, and what
    for row in rows_of(table):
        line: list[str] = []
        for cell in cells_of(row):
            _fill(line, reaching)
            text = cell_text(cell, links=links, images=images)
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            for place in range(min(across, _MOST_SPAN - len(line))):
                if down > 1:
                    reaching[len(line)] = (down - 1, text if place == 0 else "")
                line.append(text if place == 0 else "")
        _fill(line, reaching)
        grid.append(line)
    return [line for line in grid if any(line)]


def _fill(line: list[str], reaching: dict[int, tuple[int, str]]) -> None:
    """With what reaches down into the places that come next."""
    while len(line) in reaching:
        rows, text = reaching.pop(len(line))
        if rows > 1:
            reaching[len(line)] = (rows - 1, text)
        line.append(text)


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "").strip()
    return max(1, min(int(value), _MOST_SPAN)) if re.fullmatch(r"\d{1,6}", value) else 1


def markdown(grid: Grid) -> str:
    """As GitHub's Markdown has it; the first row is its head, since it must have one."""
    width = max(len(line) for line in grid)
    lines = ["| " + " | ".join(line + [""] * (width - len(line))) + " |" for line in grid]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def lines(grid: Grid) -> str:
    """A line of cells for each row."""
    return "\n".join(
        " · ".join(cell.replace("<br>", " ") for cell in line if cell) for line in grid
    )


def cell_text(cell: Any, *, links: bool, images: bool) -> str:
    """On one line; a pipe in it is none of the table's. A table in it is its cells."""
    pieces: list[str] = []
    _write(cell, pieces, links, images)
    text = "".join(pieces)
    parts = [" ".join(part.split()) for part in text.split("\n")]
    return "<br>".join(part for part in parts if part).replace("|", "\\|")


def _write(cell: Any, pieces: list[str], links: bool, images: bool) -> None:
    """Without recursion: pages nest as deep as they like."""
    waiting: list[Any] = [*reversed(_within(cell))]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            pieces.append(one)
        elif not isinstance(one.tag, str) or one.tag in _UNSEEN:
            continue
        elif one.tag == "img":
            if images and (source := one.get("src")):
                pieces.append(f"![{one.get('alt') or ''}]({source})")
        elif one.tag == "a" and links and one.get("href") and "".join(one.itertext()).strip():
            waiting += reversed(["[", *_within(one), f"]({one.get('href')})"])
        elif one.tag == "code":
            pieces.append(f"`{' '.join(''.join(one.itertext()).split())}`")
        elif one.tag in ("td", "th"):
            waiting += reversed([*_within(one), " · " if one.getnext() is not None else ""])
        elif one.tag in _BREAKS or one.tag in ("tr", "table", "pre"):
            waiting += reversed(["\n", *_within(one), "\n"])
        else:
            waiting += reversed(_within(one))


def _within(element: Any) -> list[Any]:
    """Its texts and elements, in order."""
    inside: list[Any] = [element.text or ""]
    for child in element:
        inside += [child, child.tail or ""]
    return inside
