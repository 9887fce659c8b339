"""Long texts in passages: where each ends, and where the next begins. Nothing is left out between
them."""

from dataclasses import dataclass

LETTERS = 80_000
# How far back from a passage's end a good place to end is looked for.
_BACK = LETTERS // 4
_ENDS = ("\n\n", "\n", "。", ". ", " ")


@dataclass(frozen=True, slots=True)
class Passage:
    """``next_start``: where the text goes on; None where this is its end. ``length``: of all."""

    text: str
    start: int
    length: int
    next_start: int | None

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.next_start is None


def passage_at(text: str, start: int) -> Passage:
    """From ``start``, up to the end of a paragraph, or of whatever is the largest that ends there.
    ``start`` stands within the text."""
    end = start + LETTERS
    if end >= len(text):
        return Passage(text[start:], start, len(text), None)
    for mark in _ENDS:
        place = text.rfind(mark, end - _BACK, end)
        if place >= 0:
            end = place + len(mark)
            break
    return Passage(text[start:end], start, len(text), end)
