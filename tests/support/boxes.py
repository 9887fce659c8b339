"""Files of ISO's base media, made box by box around frames that are coded in HEVC. FFmpeg's own
writer of HEVC's settings reads more than there is, and fails now and then."""

import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from PIL import Image

_PARAMETERS = (32, 33, 34)  # VPS, SPS, PPS
_UNITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def box(kind: str, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), kind.encode()) + body


def full(kind: str, version: int, flags: int, *inside: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *inside)


@dataclass(frozen=True)
class Coded:
    """``settings``: what hvcC holds. ``samples``: in the order of decoding; of each its bytes, its
    place among those that are shown, and whether it stands for itself."""

    settings: bytes
    samples: list[tuple[bytes, int, bool]]


def coded(images: Sequence[Image.Image], prepare: Callable[[Any], None] | None = None) -> Coded:
    context: Any = av.CodecContext.create("libx265", "w")
    context.width, context.height = images[0].size
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, 5), Fraction(5)
    context.options = {"x265-params": "log-level=none:annexb=1:repeat-headers=1"}
    if prepare:
        prepare(context)
    packets = []
    for number, image in enumerate(images):
        frame: Any = av.VideoFrame.from_image(image)
        frame.pts, frame.time_base = number, Fraction(1, 5)
        packets += context.encode(frame)
    packets += context.encode(None)
    parameters: dict[int, bytes] = {}
    samples = []
    for packet in packets:
        units = _units(bytes(packet))
        parameters |= {unit[0] >> 1 & 63: unit for unit in units}
        kept = (unit for unit in units if unit[0] >> 1 & 63 not in _PARAMETERS)
        sample = b"".join(struct.pack(">I", len(unit)) + unit for unit in kept)
        samples.append((sample, packet.pts, packet.is_keyframe))
    arrays = b"".join(
        struct.pack(">BHH", 0x80 | kind, 1, len(parameters[kind])) + parameters[kind]
        for kind in _PARAMETERS
    )
    # What stands before is for whoever chooses a decoder; none is chosen by it here.
    return Coded(b"\x01\x01" + bytes(19) + b"\xff\x03" + arrays, samples)


def _units(stream: bytes) -> list[bytes]:
    pieces = stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [piece for piece in pieces if piece]


def hevc_mp4(
    images: Sequence[Image.Image], rate: int = 5, prepare: Callable[[Any], None] | None = None
) -> bytes:
    """A film, with its index behind it."""
    film = coded(images, prepare)
    ticks, number = 600, len(film.samples)
    step, length = ticks // rate, ticks // rate * number
    # So many frames each is decoded before it is shown, at least.
    ahead = max(place - shown for place, (_, shown, _) in enumerate(film.samples))
    start = box("ftyp", b"isom\0\0\2\0isomhvc1")
    sizes = [len(sample) for sample, *_ in film.samples]
    begins = itertools.accumulate([len(start) + 8, *sizes[:-1]])
    late = [step * (shown + ahead - place) for place, (_, shown, _) in enumerate(film.samples)]
    keys = [place for place, sample in enumerate(film.samples, 1) if sample[2]]
    wide, high = images[0].size
    entry = box("hvc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", wide, high),
                struct.pack(">IIIH", 0x480000, 0x480000, 0, 1), bytes(32),
                struct.pack(">Hh", 24, -1), box("hvcC", film.settings))  # fmt: skip
    table = box(
        "stbl",
        full("stsd", 0, 0, struct.pack(">I", 1), entry),
        full("stts", 0, 0, struct.pack(">III", 1, number, step)),
        full("ctts", 1, 0, struct.pack(">I", number),
             *(struct.pack(">Ii", 1, offset) for offset in late)),
        full("stss", 0, 0, struct.pack(f">I{len(keys)}I", len(keys), *keys)),
        full("stsc", 0, 0, struct.pack(">IIII", 1, 1, 1, 1)),
        full("stsz", 0, 0, struct.pack(f">II{number}I", 0, number, *sizes)),
        full("stco", 0, 0, struct.pack(f">I{number}I", number, *begins)),
    )  # fmt: skip
    media = box(
        "mdia",
        full("mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, ticks, length, 0, 0)),
        full("hdlr", 0, 0, b"\0\0\0\0vide" + bytes(13)),
        box("minf", full("vmhd", 0, 1, bytes(8)),
            box("dinf", full("dref", 0, 0, struct.pack(">I", 1), full("url ", 0, 1))), table),
    )  # fmt: skip
    shift = step * ahead  # so that the first frame is shown at nought
    edit = box("edts", full("elst", 0, 0, struct.pack(">IIiI", 1, length, shift, 1 << 16)))
    head = struct.pack(">IIIII", 0, 0, 1, 0, length) + bytes(8) + bytes(8) + _UNITY
    track = box("trak", full("tkhd", 0, 3, head, struct.pack(">II", wide << 16, high << 16)),
                edit, media)  # fmt: skip
    movie = struct.pack(">IIIIIH", 0, 0, ticks, length, 1 << 16, 0x100) + bytes(10) + _UNITY
    moov = box("moov", full("mvhd", 0, 0, movie, bytes(24), struct.pack(">I", 2)), track)
    return start + box("mdat", *(sample for sample, *_ in film.samples)) + moov
