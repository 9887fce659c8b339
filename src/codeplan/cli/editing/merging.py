"""A change of lines taken back out of a text that others have changed since."""

from difflib import SequenceMatcher


def taken_back(after: bytes, base: bytes, current: bytes) -> bytes | None:
    """``current`` without what made ``after`` out of ``base``; None where those lines were touched
    since."""
    written, former = after.splitlines(keepends=True), base.splitlines(keepends=True)
    lines = current.splitlines(keepends=True)
    place = {}
    for start, now, size in SequenceMatcher(None, written, lines).get_matching_blocks():
        place.update({start + step: now + step for step in range(size)})
    changes = SequenceMatcher(None, written, former).get_opcodes()
    for kind, start, end, from_, to in reversed(changes):
        if kind == "equal":
            continue
        if start == end:
            if start - 1 in place:
                here = place[start - 1] + 1
            elif start in place:
                here = place[start]
            else:
                return None
            lines[here:here] = former[from_:to]
            continue
        here = place.get(start, -1)
        if here < 0 or any(place.get(start + step) != here + step for step in range(end - start)):
            return None
        lines[here : here + end - start] = former[from_:to]
    return b"".join(lines)
