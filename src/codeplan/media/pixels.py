"""A picture's pixels as models take them: eight bits, grey or RGB in sRGB, upright, on white. What
Pillow's own conversion would clip (16 bits, floats) or turn black (transparency) is done here."""

import io
import math
from typing import Any

from codeplan.media.kinds import Because, MediaInvalid

_MOST_PIXELS = 40_000_000
_WHITE = (255, 255, 255, 255)
_DEEP = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})
# EXIF's orientations (tag 274) and display matrices, as turns that make a picture upright.
ORIENTATION_TAG = 274
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def check_pixels(width: int, height: int) -> None:
    """Raises MediaInvalid for more than are taken."""
    if width * height > _MOST_PIXELS:
        most = f"{_MOST_PIXELS // 10**6} megapixels"
        raise MediaInvalid(f"it has more than {most} ({width} × {height})", Because.LARGE)


def plain(image: Any) -> Any:
    """A loaded image in mode "L" or "RGB"."""
    if image.mode in _DEEP:
        return _eight_bits(image)
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        image = _on_white(_with_alpha(image))
    if image.mode == "L" and not profile:
        return image
    managed = _managed(image, profile) if profile or image.mode == "LAB" else None
    return managed or image.convert("RGB")


def _with_alpha(image: Any) -> Any:
    """In RGBA. A PNG's colour that counts as transparent is told in its own 16 bits."""
    if image.mode == "La":
        image = image.convert("LA")
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and any(part > 255 for part in clear):
        image.info["transparency"] = tuple(part >> 8 for part in clear)
    return image.convert("RGBA")


def _on_white(image: Any) -> Any:
    from PIL import Image

    white = Image.new("RGBA", image.size, _WHITE)
    white.alpha_composite(image)
    made = white.convert("RGB")
    made.info.update(image.info)
    return made


def _eight_bits(image: Any) -> Any:
    """In "L", from deeper greys: 16 bits by their upper half; what lies outside of them (32 bits,
    negatives, floats) stretched over what it has."""
    from PIL import Image

    if image.mode == "F":
        low, high = image.getextrema()
        low, high = (0.0, 1.0) if 0 <= low <= high <= 1 else (low, high)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError("values that are no numbers")
        return _stretched(image, low, high)
    clear = image.info.get("transparency")
    deep = image if image.mode == "I" else image.convert("I")
    low, high = deep.getextrema()
    if low < 0 or high > 0xFFFF:
        return _stretched(deep, low, high)
    if image.mode == "I" and high <= 0xFF:
        return deep.convert("L")
    grey = deep.point([value >> 8 for value in range(0x10000)], "L")
    if isinstance(clear, int) and 0 <= clear <= 0xFFFF:
        there = deep.point([0 if value == clear else 255 for value in range(0x10000)], "L")
        grey = Image.composite(grey, Image.new("L", grey.size, 255), there)
    return grey


def _stretched(image: Any, low: float, high: float) -> Any:
    scale = 255.0 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _managed(image: Any, profile: bytes | None) -> Any:
    """In sRGB by the profile; None where that is damaged, or another colour space's."""
    from PIL import ImageCms

    try:
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            source = ImageCms.createProfile("LAB")  # type: ignore[assignment]
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def is_plain_rgb(profile: bytes | None) -> bool:
    """Whether the colours are sRGB's as they stand."""
    return not profile or b"sRGB" in profile or b"s\x00R\x00G\x00B" in profile


def orientation(image: Any) -> int:
    """EXIF's, 1 to 8. Metadata that cannot be read have no say."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # parsers of metadata raise what they like, and the pixels are whole
        return 1
    return value if value in _TURNS else 1


def upright(image: Any, orientation: int) -> Any:
    from PIL import Image

    if orientation not in _TURNS:
        return image
    return image.transpose(Image.Transpose[_TURNS[orientation]])
