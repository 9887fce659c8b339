"""Pictures as models take them, from whatever way they were stored."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageOps

from codeplan.media import pictures
from codeplan.media.kinds import Because, MediaInvalid, kind_of
from codeplan.media.pictures import LONGEST_SIDE, Picture, open_picture
from codeplan.media.pixels import plain
from support.media import PICTURES, corners, encoded, every_picture, seen_corners

UPRIGHT = ("red", "green", "blue")


def image_of(picture: Picture) -> Image.Image:
    with Image.open(io.BytesIO(picture.body)) as image:
        image.load()
        assert image.size == (picture.width, picture.height)
        return image


def stored(orientation: int, size: tuple[int, int]) -> tuple[Image.Image, Image.Exif]:
    """A picture that is upright once it is turned by that."""
    exif = Image.Exif()
    exif[274] = orientation
    # The way back of a quarter turn is the other quarter turn; the others are their own.
    back = Image.Exif()
    back[274] = {6: 8, 8: 6}.get(orientation, orientation)
    image = corners(size)
    image.info["exif"] = back.tobytes()
    image.getexif()[274] = back[274]
    return ImageOps.exif_transpose(image), exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("size", [(48, 32), (4500, 90)])
def test_orientation_is_applied_whatever_the_kind_and_size(
    kind: str, orientation: int, size: tuple[int, int]
) -> None:
    image, exif = stored(orientation, size)
    picture = open_picture(encoded(image, kind, exif=exif))
    assert seen_corners(picture.body) == UPRIGHT
    assert (picture.width > picture.height) == (size[0] > size[1])
    assert max(picture.width, picture.height) == min(max(size), LONGEST_SIDE)
    with Image.open(io.BytesIO(picture.body)) as made:
        assert made.getexif().get(274, 1) == 1


@pytest.mark.parametrize("name", [name for name in every_picture() if "LAB" not in name])
def test_every_kind_and_mode_becomes_plain(name: str) -> None:
    picture = open_picture(every_picture()[name])
    assert picture.media_type in ("image/png", "image/jpeg", "image/webp")
    image = image_of(picture)
    assert image.mode in ("L", "RGB", "P")
    assert not image.has_transparency_data


def clear_image(mode: str) -> tuple[Image.Image, dict[str, Any]]:
    """Black that is wholly transparent, with an opaque red edge where the mode has colours."""
    if mode == "P":
        image = Image.new("P", (40, 30), 0)
        image.putpalette([0, 0, 0, 255, 0, 0])
        image.paste(1, (0, 0, 40, 3))
        return image, {"transparency": 0}
    if mode in ("L", "RGB"):
        image = Image.new(mode, (40, 30))
        return image, {"transparency": 0 if mode == "L" else (0, 0, 0)}
    if mode == "I;16":
        return Image.new(mode, (40, 30), 513), {"transparency": 513}
    return Image.new(mode, (40, 30)), {}


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "LA", "RGBA", "I;16"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image, more = clear_image(mode)
    made = image_of(open_picture(encoded(image, "PNG", **more))).convert("RGB")
    assert made.getpixel((20, 20)) == (255, 255, 255)
    if mode == "P":
        assert made.getpixel((20, 1)) == (255, 0, 0)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "AVIF", "ICO", "JPEG2000"])
def test_it_is_white_in_each_kind_that_can_be_transparent(kind: str) -> None:
    picture = open_picture(encoded(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), kind))
    low, high = image_of(picture).convert("L").getextrema()
    assert (low, high) == (255, 255)


def deep_png(rows: list[list[tuple[int, ...]]]) -> bytes:
    """A PNG of 16 bits in RGB, which Pillow does not write."""
    raw = b"".join(b"\0" + b"".join(struct.pack(">3H", *pixel) for pixel in row) for row in rows)
    chunks = (
        b"IHDR" + struct.pack(">IIBBBBB", len(rows[0]), len(rows), 16, 2, 0, 0, 0),
        b"IDAT" + zlib.compress(raw),
        b"IEND",
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks
    )


def test_sixteen_bits_of_colour_are_scaled() -> None:
    made = image_of(open_picture(deep_png([[(0x8000, 0x1000, 0xFFFF)] * 4] * 4)))
    assert made.mode == "RGB"
    assert made.getpixel((1, 1)) == (0x80, 0x10, 0xFF)
    assert not any(";16" in str(tile) for tile in made.tile)


@pytest.mark.parametrize(
    ("mode", "kind", "values", "seen"),
    [
        ("I;16", "PNG", (0, 0x8000, 0xFFFF), (0, 128, 255)),
        ("I;16", "TIFF", (0, 0x4000, 0xFFFF), (0, 64, 255)),
        ("I;16B", "TIFF", (0, 0x4000, 0xFFFF), (0, 64, 255)),
        ("I", "TIFF", (0, 1_000_000, 2_000_000), (0, 127, 255)),
        ("I", "TIFF", (-500, 0, 500), (0, 127, 255)),
        ("F", "TIFF", (0.0, 0.5, 1.0), (0, 127, 255)),
        ("F", "TIFF", (-2.0, 0.0, 2.0), (0, 127, 255)),
    ],
)
def test_deep_greys_are_scaled(
    mode: str, kind: str, values: tuple[float, ...], seen: tuple[int, ...]
) -> None:
    image = Image.new(mode, (3, 1))
    for place, value in enumerate(values):
        image.putpixel((place, 0), value)
    made = image_of(open_picture(encoded(image, kind)))
    assert made.mode == "L"
    assert [made.getpixel((place, 0)) for place in range(3)] == list(seen)


def test_values_that_are_no_numbers_are_refused() -> None:
    image = Image.new("F", (3, 1), float("nan"))
    with pytest.raises(MediaInvalid, match="damaged"):
        open_picture(encoded(image, "TIFF"))


def test_colours_go_by_their_profile() -> None:
    """LAB has no other way; of RGB, one whose red and green are exchanged shows that it counts."""
    lab = Image.new("LAB", (8, 8), (136, 208, 195))  # about sRGB's red
    red, green, blue = image_of(open_picture(encoded(lab, "TIFF"))).getpixel((4, 4))
    assert red > 200
    assert max(green, blue) < 80
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = plain.replace(b"rXYZ", b"xXYZ").replace(b"gXYZ", b"rXYZ").replace(b"xXYZ", b"gXYZ")
    exchanged = exchanged.replace(b"s\0R\0G\0B", b"t\0e\0s\0t").replace(b"sRGB", b"test")
    picture = open_picture(encoded(Image.new("RGB", (8, 8), "red"), "PNG", icc_profile=exchanged))
    red, green, _ = image_of(picture).getpixel((4, 4))
    assert green > 200 > red
    broken = encoded(Image.new("CMYK", (8, 8)), "JPEG", icc_profile=b"no profile at all")
    assert image_of(open_picture(broken)).mode == "RGB"


def test_what_needs_nothing_is_left_as_it_is() -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        body = encoded(corners(), kind)
        assert open_picture(body) == Picture(kind_of(body).media_type, body, 48, 32)


def test_what_was_done_is_told() -> None:
    exif = Image.Exif()
    exif[274] = 6
    picture = open_picture(encoded(corners((8200, 80)), "JPEG", exif=exif))
    assert picture.notes == ("turned upright", "scaled from 80 × 8200 to 40 × 4096")
    assert open_picture(every_picture()["moving TIFF"]).notes == ("the first of 2 pages",)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="1"/>', "an SVG is not read"),
        (b"\xff\x0a" + bytes(20), "a JPEG XL is not read"),
        (b"8BPS\0\1" + bytes(20), "a Photoshop file is not read"),
        (b"%PDF-1.7\n", "a PDF is not read"),
        (b"<!DOCTYPE html><html><svg></svg></html>", "an HTML page is not read"),
        (b"\x1f\x8b\x08" + bytes(20), "a gzip archive is not read"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "an MP4 is a video, and a picture is expected"),
        (b"OggS" + bytes(40), "an OGG is a sound, and a picture is expected"),
        (b"BMW is a maker of cars", "expected a picture: PNG, JPEG"),
        (b"", "expected a picture"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(body: bytes, told: str) -> None:
    with pytest.raises(MediaInvalid, match=told) as caught:
        open_picture(body)
    assert caught.value.because is Because.UNKNOWN


def test_a_picture_that_would_be_large_as_png_goes_on_as_jpeg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "MOST_PNG_BYTES", 10_000)
    noise = encoded(Image.effect_noise((400, 300), 80), "TIFF")
    assert open_picture(noise).media_type == "image/jpeg"
    assert open_picture(encoded(corners(), "TIFF")).media_type == "image/png"


@pytest.mark.parametrize("kind", PICTURES)
def test_too_many_pixels_are_refused_in_each_kind(kind: str) -> None:
    """By what the file says, and before they are decoded."""
    if kind == "ICO":
        inside = bytearray(encoded(Image.new("1", (7000, 7000)), "PNG"))
        body = struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(inside), 22) + inside
    elif kind == "AVIF":
        body = encoded(Image.new("L", (64, 64)), kind)
        at = body.index(b"ispe") + 8
        body = body[:at] + struct.pack(">II", 60_000, 60_000) + body[at + 8 :]
    else:
        body = encoded(Image.new("L", (7000, 7000)), kind)
    with pytest.raises(MediaInvalid) as caught:
        open_picture(body)
    assert caught.value.because is (Because.DAMAGED if kind == "AVIF" else Because.LARGE)


def test_an_icon_from_the_top_down_is_measured_too() -> None:
    """Its height is written as a negative number."""
    header = struct.pack("<IiiHHIIiiII", 40, 7000, -7000, 1, 32, 0, 0, 0, 0, 0, 0)
    entry = struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(header), 22)
    with pytest.raises(MediaInvalid) as caught:
        open_picture(entry + header)
    assert caught.value.because is Because.LARGE


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "F", "P", "PA", "RGB", "RGBX", "RGBA",
     "RGBa", "CMYK", "YCbCr", "LAB", "HSV"],
)  # fmt: skip
def test_every_mode_that_an_opener_may_give_becomes_plain(mode: str) -> None:
    assert plain(Image.new(mode, (4, 4))).mode in ("L", "RGB")
