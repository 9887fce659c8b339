"""What an HEIF file (ISO/IEC 23008-12) says of its items: which is shown, of which others it is
made, where their bytes are, and how they are turned. Read from its boxes; nothing is decoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_ITEMS = 4096


@dataclass(slots=True)
class Item:
    """``kind``: "hvc1", "grid", … ``properties``: box types and their bytes, in order."""

    kind: str = ""
    body: bytes = b""
    properties: list[tuple[str, bytes]] = field(default_factory=list)

    def get(self, name: str) -> bytes | None:
        return next((body for kind, body in self.properties if kind == name), None)


@dataclass(slots=True)
class Heif:
    """``primary``: the item that is shown. ``parts``: those of which an item is made, in order.
    ``beside``: by an item those that go with it: alpha, depth."""

    primary: int = 0
    items: dict[int, Item] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)
    beside: dict[int, list[int]] = field(default_factory=dict)

    def item(self, name: int) -> Item:
        return self.items.setdefault(name, Item())


class _Reader:
    """Big-endian numbers, one after the other."""

    def __init__(self, body: bytes, place: int = 0) -> None:
        self.body, self.place = body, place

    def number(self, size: int) -> int:
        """Raises ValueError where the body has ended."""
        piece = self.body[self.place : self.place + size]
        if len(piece) < size:
            raise ValueError("a box ends within a number")
        self.place += size
        return int.from_bytes(piece, "big")

    def full(self) -> tuple[int, int]:
        """A full box's version and flags."""
        head = self.number(4)
        return head >> 24, head & 0xFFFFFF


def boxes(body: bytes, start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Type and content of each box, in order."""
    while start + 8 <= len(body):
        size, kind = struct.unpack(">I4s", body[start : start + 8])
        head = 8
        if size == 1:
            size, head = int.from_bytes(body[start + 8 : start + 16], "big"), 16
        end = start + size if size else len(body)
        if end < start + head:
            raise ValueError("a box is shorter than its head")
        yield kind.decode("latin-1"), body[start + head : end]
        start = end


def heif_of(body: bytes) -> Heif:
    """Raises ValueError for one that says nothing of its items."""
    meta = next((inside for kind, inside in boxes(body) if kind == "meta"), None)
    if meta is None:
        raise ValueError("there are no items in it")
    inside = dict(boxes(meta, 4))
    heif = Heif(primary=_primary(inside.get("pitm", b"")))
    _read_kinds(heif, inside.get("iinf", b""))
    _read_places(heif, inside.get("iloc", b""), body, inside.get("idat", b""))
    _read_references(heif, inside.get("iref", b"\0\0\0\0"))
    _read_properties(heif, dict(boxes(inside.get("iprp", b""))))
    return heif


def _primary(body: bytes) -> int:
    reader = _Reader(body)
    version, _ = reader.full()
    return reader.number(4 if version else 2)


def _read_kinds(heif: Heif, body: bytes) -> None:
    reader = _Reader(body)
    version, _ = reader.full()
    reader.number(4 if version else 2)
    for _, entry in boxes(body, reader.place):
        inside = _Reader(entry)
        version, _ = inside.full()
        name = inside.number(4 if version == 3 else 2)
        heif.item(name).kind = entry[inside.place + 2 : inside.place + 6].decode("latin-1")


def _read_places(heif: Heif, body: bytes, file: bytes, inside: bytes) -> None:
    """``inside``: the box in which small items may stand."""
    reader = _Reader(body)
    version, _ = reader.full()
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(min(reader.number(wide), _MOST_ITEMS)):
        name = reader.number(wide)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        base = reader.number(base_size)
        source = inside if method == 1 else file
        pieces = []
        for _ in range(reader.number(2)):
            reader.number(index_size)
            offset, length = base + reader.number(offset_size), reader.number(length_size)
            pieces.append(source[offset : offset + length if length else None])
        if method < 2:
            heif.item(name).body = b"".join(pieces)


def _read_references(heif: Heif, body: bytes) -> None:
    version, _ = _Reader(body).full()
    wide = 4 if version else 2
    for kind, entry in boxes(body, 4):
        reader = _Reader(entry)
        name = reader.number(wide)
        others = [reader.number(wide) for _ in range(reader.number(2))]
        if kind == "dimg":
            heif.parts[name] = others
        elif kind == "auxl":
            for other in others:
                heif.beside.setdefault(other, []).append(name)


def _read_properties(heif: Heif, inside: dict[str, bytes]) -> None:
    known = list(boxes(inside.get("ipco", b"")))
    reader = _Reader(inside.get("ipma", b""))
    version, flags = reader.full()
    for _ in range(min(reader.number(4), _MOST_ITEMS)):
        item = heif.item(reader.number(4 if version else 2))
        for _ in range(reader.number(1)):
            place = reader.number(2) & 0x7FFF if flags & 1 else reader.number(1) & 0x7F
            if 0 < place <= len(known):
                item.properties.append(known[place - 1])
