"""A picture as a vision model is given it: of a common kind, upright, on white, in eight bits, of a
bearable size; with what was done to it. From bytes to values, and nothing else."""

import io
import struct
from dataclasses import dataclass
from typing import Any

from codeplan.media.boundary import reading, refused
from codeplan.media.heif import heif_image
from codeplan.media.kinds import (
    HEIC,
    ICO,
    JPEG,
    PNG,
    WEBP,
    Family,
    Kind,
    kind_of,
)
from codeplan.media.pixels import (
    check_pixels,
    is_plain_rgb,
    orientation,
    plain,
    upright,
)

# Kinds that vision models take; another one is written anew.
_TAKEN = frozenset({PNG, JPEG, WEBP})
# Kinds of photographs, which are larger without loss.
_LOSSY = frozenset({"JPEG", "MPO", "AVIF"})
# A longer side is scaled down to it, in pixels; models scale further themselves.
LONGEST_SIDE = 4096
_QUALITY = 92
# Modes whose mean of two pixels is what lies between them.
_SCALABLE = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
# A larger PNG (a photograph that came as one) goes on as JPEG: servers limit what a call may have.
MOST_PNG_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """``width``, ``height``: in pixels. ``notes``: what is not seen as it was sent."""

    media_type: str
    body: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()


def open_picture(body: bytes) -> Picture:
    """Raises MediaInvalid, and nothing else. Takes its time: not for the loop."""
    kind = kind_of(body)
    if kind.family is not Family.PICTURE or not kind.opener:
        raise refused(kind, Family.PICTURE)
    from av.error import FFmpegError
    from PIL import Image

    with reading("picture", damage=(FFmpegError,), large=(Image.DecompressionBombError,)):
        if kind is HEIC:
            # Its own properties turn it; EXIF's orientation is for information there.
            made, notes = fitted(heif_image(body), 1, LONGEST_SIDE)
            return written(made, "JPEG", notes)
        if kind is ICO:
            _check_icons(body)
        return _opened(body, kind)


def _check_icons(body: bytes) -> None:
    """Pillow decodes an icon as it opens it, so that its size must be known before."""
    for entry in range(int.from_bytes(body[4:6], "little")):
        place = int.from_bytes(body[18 + 16 * entry : 22 + 16 * entry], "little")
        header = body[place : place + 24]
        if kind_of(header) is PNG:
            check_pixels(*struct.unpack(">II", header[16:24]))
        else:
            wide, high = struct.unpack("<ii", header[4:12])
            check_pixels(abs(wide), abs(high))  # a height may be negative: from the top down


def pillow_image(body: bytes, kind: Kind) -> Any:
    """Opened, not loaded yet, and not too large. Raises MediaInvalid, and what Pillow raises."""
    from PIL import Image

    image = Image.open(io.BytesIO(body), formats=[kind.opener])
    check_pixels(*image.size)
    return image


def _opened(body: bytes, kind: Kind) -> Picture:
    with pillow_image(body, kind) as image:
        number = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        is_deep = any(";16" in str(tile) for tile in image.tile)
        image.load()
        turn = orientation(image)
        is_plain = image.mode in ("L", "RGB", "P", "1") and not image.has_transparency_data
        is_plain = is_plain and not is_deep and is_plain_rgb(image.info.get("icc_profile"))
        is_small = max(image.size) <= LONGEST_SIDE
        if kind in _TAKEN and is_plain and is_small and turn == 1 and number == 1:
            return Picture(kind.media_type, body, image.width, image.height)
        made, notes = fitted(image, turn, LONGEST_SIDE)
    if number > 1:
        notes = (f"the first of {number} {'pages' if kind.name == 'TIFF' else 'frames'}", *notes)
    return written(made, "JPEG" if image.format in _LOSSY else "PNG", notes)


def fitted(image: Any, turn: int, longest: int) -> tuple[Any, tuple[str, ...]]:
    """A loaded image made plain, upright and no longer than that; and what was done. ``turn``:
    EXIF's. The image is left as it is."""
    given, before = image, image.size if turn < 5 else image.size[::-1]
    if image.mode in _SCALABLE and "transparency" not in image.info:
        image = scaled(image, longest)  # first, since there is less to do then
    made = upright(scaled(plain(image), longest), turn)
    if made is given:
        made = given.copy()
    notes = ["turned upright"] if turn != 1 else []
    if made.size != before:
        notes.append(f"scaled from {_size(before)} to {_size(made.size)}")
    return made, tuple(notes)


def scaled(image: Any, longest: int) -> Any:
    """The same, or one whose longer side has that length."""
    from PIL import Image

    most = max(image.size)
    if most <= longest:
        return image
    sides = (max(1, round(side * longest / most)) for side in image.size)
    made = image.resize(tuple(sides), Image.Resampling.BICUBIC, reducing_gap=2.0)
    made.info.update(image.info)
    return made


def written(image: Any, form: str, notes: tuple[str, ...] = ()) -> Picture:
    """A plain image as PNG or JPEG."""
    made = io.BytesIO()
    image.info.clear()
    image.save(made, form, **({"quality": _QUALITY} if form == "JPEG" else {}))
    if form == "PNG" and made.tell() > MOST_PNG_BYTES:
        return written(image, "JPEG", notes)
    return Picture(f"image/{form.lower()}", made.getvalue(), image.width, image.height, notes)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"
