"""Random answers of upstreams, written as servers really write them, with what is to be heard.

What a server's marks leave open is not made: pieces of parallel calls are mixed only where their
indexes or ids tell them apart.
"""

import json
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

ALPHABET = [
    "a", "B", " ", "\n", "\n\n", "\r\n", "\r", "é", "中", "文", "😀", "👩‍💻", "\u2028", "\u0085",
    "data: ", "event: x", "[DONE]", '"', "\\", "{", "}", "</think>", "\t", "0", "\u200b", "\x0b",
]  # fmt: skip
NAMES = ["Bash", "Read", "mcp__x__y", "Bash"]


@dataclass
class Call:
    """``identity`` is "" where the server gives it none, or none in time."""

    identity: str
    name: str
    arguments: dict[str, Any]


@dataclass
class Story:
    """What an upstream says, and its bytes. ``usage``: prompt, output and cached tokens, None where
    they are not told. ``stop``: end, length or tool. ``end``: how many bytes the answer has, up to
    its end; what lies behind is not of it."""

    text: str = ""
    thinking: str = ""
    calls: list[Call] = field(default_factory=list)
    usage: tuple[int, int, int] | None = None
    stop: str = "end"
    raw: bytes = b""
    end: int = 0
    whole: bytes = b""

    @property
    def content(self) -> bool:
        return bool(self.text or self.thinking or self.calls)


@dataclass
class Part:
    """One of the things that are said, in order; ``calls`` are made at once."""

    kind: str
    text: str = ""
    calls: list[Call] = field(default_factory=list)


def words(random: Random, most: int = 12) -> str:
    return "".join(random.choice(ALPHABET) for _ in range(random.randint(1, most)))


def value(random: Random, depth: int = 0) -> Any:
    kind = random.random()
    if depth > 2 or kind < 0.4:
        return words(random, 6)
    if kind < 0.6:
        return random.choice([0, 1, -1, 1.5, True, None, 12345678901234567890, 1e-7])
    if kind < 0.8:
        return [value(random, depth + 1) for _ in range(random.randint(0, 3))]
    return {words(random, 3): value(random, depth + 1) for _ in range(random.randint(0, 3))}


def pieces_of(random: Random, text: str) -> list[str]:
    """The text in pieces, none empty; a cut may lie between the halves of a surrogate pair."""
    units = text.encode("utf-16-le", "surrogatepass")
    length = len(units) // 2
    cuts = sorted({0, length, *(random.randint(0, length) for _ in range(random.randint(0, 5)))})
    halved = random.random() < 0.3
    made = []
    for start, stop in pairwise(cuts):
        piece = units[start * 2 : stop * 2].decode("utf-16-le", "surrogatepass")
        made.append(piece)
    if not halved:
        whole, kept = [], ""
        for piece in made:
            kept += piece
            if not "\ud800" <= kept[-1] <= "\udbff":
                whole.append(kept.encode("utf-16-le", "surrogatepass").decode("utf-16-le"))
                kept = ""
        return whole
    return made


def parts_of(random: Random) -> list[Part]:
    parts = []
    number = 0
    for _ in range(random.randint(1, 5)):
        kind = random.random()
        if kind < 0.25:
            parts.append(Part("thinking", words(random)))
        elif kind < 0.6:
            parts.append(Part("text", words(random)))
        else:
            calls = []
            for _ in range(random.randint(1, 3)):
                number += 1
                arguments = {words(random, 3): value(random) for _ in range(random.randint(0, 3))}
                name = random.choice(NAMES)
                calls.append(Call(f"call_{random.randrange(1 << 24):06x}{number}", name, arguments))
            parts.append(Part("calls", calls=calls))
    return parts


def story_of(parts: list[Part]) -> Story:
    story = Story()
    for part in parts:
        story.text += part.text if part.kind == "text" else ""
        story.thinking += part.text if part.kind == "thinking" else ""
        story.calls += part.calls
    return story


def frame(
    random: Random, values: list[dict[str, Any] | str], named: bool
) -> tuple[bytes, list[int]]:
    """The events as a stream, and where each ends. Lines may end in more than one way."""
    mixed = random.random() < 0.2
    line_end = random.choice(["\n", "\r\n", "\r"])
    out, ends = b"\xef\xbb\xbf" if random.random() < 0.1 else b"", []
    for item in values:
        end = random.choice(["\n", "\r\n"]) if mixed else line_end
        if random.random() < 0.1:
            out += (": " + random.choice(["ping", "keep-alive", ""]) + end * 2).encode()
        if isinstance(item, str):
            written = item
        else:
            spaces = random.choice([(",", ":"), (", ", ": ")])
            written = json.dumps(item, ensure_ascii=random.random() < 0.5, separators=spaces)
        lines = []
        if named and isinstance(item, dict) and "type" in item:
            lines.append("event:" + random.choice([" ", ""]) + item["type"])
        lines += [line for line, chance in _MARKS if random.random() < chance]
        space = random.choice([" ", ""])
        if isinstance(item, dict) and random.random() < 0.05:
            cut = written.index(":") + 1
            lines += [f"data:{space}{written[:cut]}", f"data:{space} {written[cut:]}"]
        else:
            lines.append(f"data:{space}{written}")
        # A half of a surrogate pair has no UTF-8: a server that cuts writes it as an escape.
        out += _escaped_halves(end.join(lines) + end + end)
        ends.append(len(out))
    return out, ends


_MARKS = [("id: 7", 0.1), ("retry: 1000", 0.05), ("unknown: x", 0.05), (": between", 0.05)]


def _escaped_halves(text: str) -> bytes:
    return "".join(
        f"\\u{ord(character):04x}" if "\ud800" <= character <= "\udfff" else character
        for character in text
    ).encode()


def cut(random: Random, raw: bytes) -> list[bytes]:
    """The bytes as they may be read from a socket."""
    kind = random.random()
    if kind < 0.2:
        return [raw]
    if kind < 0.25 and len(raw) < 3000:
        return [raw[at : at + 1] for at in range(len(raw))]
    at = sorted({0, len(raw), *(random.randint(1, len(raw)) for _ in range(12))})
    return [raw[start:stop] for start, stop in pairwise(at)]
