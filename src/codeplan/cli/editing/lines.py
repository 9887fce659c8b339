"""Where lines of a text begin, whatever its format."""


def indent_at(text: bytes, position: int) -> bytes:
    """The white space with which the line of this position begins."""
    line = text[text.rfind(b"\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip())]
