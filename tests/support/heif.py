"""HEIF files, made box by box around coded images."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from support.boxes import box, coded, full

_ALPHA = b"urn:mpeg:hevc:2015:auxid:1\0"


def turn(quarters: int) -> bytes:
    """Against the clock."""
    return box("irot", bytes([quarters]))


def mirror(left_to_right: bool) -> bytes:
    return box("imir", bytes([left_to_right]))


def crop(size: tuple[int, int], off: tuple[int, int] = (0, 0)) -> bytes:
    """``off``: how far its middle lies from the image's, in halves of a pixel."""
    return box("clap", struct.pack(">IIIIiIiI", size[0], 1, size[1], 1, off[0], 2, off[1], 2))


@dataclass
class _File:
    """Items, with what was said of each."""

    kinds: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    properties: list[list[bytes]] = field(default_factory=list)
    references: list[bytes] = field(default_factory=list)

    def add(self, kind: str, body: bytes, properties: list[bytes]) -> int:
        self.kinds.append(kind.encode())
        self.bodies.append(body)
        self.properties.append(properties)
        return len(self.kinds)

    def image(self, image: Image.Image, more: Sequence[bytes] = ()) -> int:
        """One coded image."""
        made = coded([image])
        size = full("ispe", 0, 0, struct.pack(">II", *image.size))
        return self.add("hvc1", made.samples[0][0], [box("hvcC", made.settings), size, *more])

    def refer(self, kind: str, name: int, others: Sequence[int]) -> None:
        numbers = struct.pack(f">{2 + len(others)}H", name, len(others), *others)
        self.references.append(box(kind, numbers))

    def written(self, primary: int) -> bytes:
        known: list[bytes] = []
        said = b""
        for name, properties in enumerate(self.properties, 1):
            known += [one for one in properties if one not in known]
            places = bytes(known.index(one) + 1 for one in properties)
            said += struct.pack(">HB", name, len(places)) + places
        kinds = b"".join(
            full("infe", 2, 0, struct.pack(">HH4sB", name, 0, kind, 0))
            for name, kind in enumerate(self.kinds, 1)
        )
        start = box("ftyp", b"heic\0\0\0\0mif1heic")

        def meta(offset: int) -> bytes:
            places = b""
            for name, body in enumerate(self.bodies, 1):
                places += struct.pack(">HHHII", name, 0, 1, offset, len(body))
                offset += len(body)
            return full(
                "meta", 0, 0,
                full("hdlr", 0, 0, b"\0\0\0\0pict" + bytes(13)),
                full("pitm", 0, 0, struct.pack(">H", primary)),
                full("iloc", 0, 0, b"\x44\x00", struct.pack(">H", len(self.bodies)), places),
                full("iinf", 0, 0, struct.pack(">H", len(self.kinds)), kinds),
                full("iref", 0, 0, *self.references),
                box("iprp", box("ipco", *known),
                    full("ipma", 0, 0, struct.pack(">I", len(self.properties)), said)),
            )  # fmt: skip

        offset = len(start) + len(meta(0)) + 8
        return start + meta(offset) + box("mdat", *self.bodies)


def heic(
    image: Image.Image,
    *properties: bytes,
    tile: tuple[int, int] | None = None,
    profile: bytes = b"",
) -> bytes:
    """A picture with such properties (turn, mirror, crop) in their order, and its alpha, where it
    has one. ``tile``: stored as a grid of tiles of that size."""
    file = _File()
    more = [*properties, *([box("colr", b"prof", profile)] if profile else [])]
    plain = image.convert("RGB")
    if tile is None:
        primary = file.image(plain, more)
    else:
        columns, rows = -(-image.width // tile[0]), -(-image.height // tile[1])
        places = [(x * tile[0], y * tile[1]) for y in range(rows) for x in range(columns)]
        parts = [file.image(plain.crop((x, y, x + tile[0], y + tile[1]))) for x, y in places]
        told = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *image.size)
        size = full("ispe", 0, 0, struct.pack(">II", *image.size))
        primary = file.add("grid", told, [size, *more])
        file.refer("dimg", primary, parts)
    if "A" in image.mode:
        alpha = file.image(image.getchannel("A").convert("RGB"), [full("auxC", 0, 0, _ALPHA)])
        file.refer("auxl", alpha, [primary])
    return file.written(primary)
