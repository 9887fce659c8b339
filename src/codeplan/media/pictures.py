"""A picture as a vision model is given it: whole, of a common kind, of a bearable size."""

import io
from dataclasses import dataclass
from typing import Any

from codeplan.media.kinds import MediaInvalid, picture_kind

# Kinds that vision models take; another one is written anew as PNG.
_TAKEN = frozenset({"image/png", "image/jpeg", "image/webp"})
_MOST_PIXELS = 40_000_000
_TOO_MANY = f"the picture has more than {_MOST_PIXELS // 10**6} megapixels"
# A longer side is scaled down to it, in pixels; models scale further themselves.
_LONGEST_SIDE = 4096


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    body: bytes


def checked_picture(body: bytes) -> Picture:
    """Raises MediaInvalid. Takes its time: not for the loop."""
    from PIL import Image

    kind = picture_kind(body)
    if not kind:
        raise MediaInvalid("expected a picture: PNG, JPEG, WebP, GIF or BMP")
    try:
        with Image.open(io.BytesIO(body), formats=[kind.removeprefix("image/").upper()]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise MediaInvalid(_TOO_MANY)
            image.load()
            if kind in _TAKEN and max(image.size) <= _LONGEST_SIDE:
                return Picture(kind, body)
            image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            return written(image, "PNG")
    except MediaInvalid:
        raise
    except Image.DecompressionBombError:
        raise MediaInvalid(_TOO_MANY) from None
    except (OSError, SyntaxError, ValueError):
        raise MediaInvalid("the picture is damaged") from None


def written(image: Any, form: str) -> Picture:
    """A Pillow image as PNG or JPEG."""
    made = io.BytesIO()
    plain = image.convert("RGB") if form == "JPEG" or image.mode not in ("RGB", "RGBA") else image
    plain.save(made, form)
    return Picture(f"image/{form.lower()}", made.getvalue())
