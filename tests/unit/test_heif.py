"""Pictures as phones store them: tiles, turns, crops, alpha and profiles of HEIF."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from codeplan.media.heif_items import heif_of
from codeplan.media.kinds import Because, MediaInvalid, kind_of
from codeplan.media.pictures import open_picture
from codeplan.media.pixels import upright
from support.heif import crop, heic, mirror, turn
from support.media import corners, encoded, seen_corners

UPRIGHT = ("red", "green", "blue")


def test_a_picture_is_read() -> None:
    body = heic(corners((128, 96)))
    assert kind_of(body).name == "HEIC"
    picture = open_picture(body)
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 128, 96)
    assert seen_corners(picture.body) == UPRIGHT


@pytest.mark.parametrize("size", [(128, 96), (150, 100), (64, 200)])
def test_tiles_are_laid_beside_each_other(size: tuple[int, int]) -> None:
    picture = open_picture(heic(corners(size), tile=(64, 64)))
    assert (picture.width, picture.height) == size
    assert seen_corners(picture.body) == UPRIGHT


# How each of EXIF's orientations is told by turns and mirrors, in this order.
_TOLD = {
    1: (),
    2: (mirror(left_to_right=True),),
    3: (turn(2),),
    4: (mirror(left_to_right=False),),
    5: (turn(1), mirror(left_to_right=False)),
    6: (turn(3),),
    7: (turn(3), mirror(left_to_right=False)),
    8: (turn(1),),
}


@pytest.mark.parametrize("orientation", _TOLD)
@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_it_is_turned_and_mirrored_as_it_says(
    orientation: int, tile: tuple[int, int] | None
) -> None:
    back = {6: 8, 8: 6}.get(orientation, orientation)
    stored = upright(corners((160, 96)), back)
    picture = open_picture(heic(stored, *_TOLD[orientation], tile=tile))
    assert (picture.width, picture.height) == (160, 96)
    assert seen_corners(picture.body) == UPRIGHT


@pytest.mark.parametrize("orientation", _TOLD)
def test_the_properties_are_those_that_another_writer_tells(orientation: int) -> None:
    """Pillow's AVIF has the same boxes."""
    exif = Image.Exif()
    exif[274] = orientation
    heif = heif_of(encoded(corners(), "AVIF", exif=exif))
    told = [one for one in heif.items[heif.primary].properties if one[0] in ("irot", "imir")]
    expected = [(one[4:8].decode(), one[8:]) for one in _TOLD[orientation]]
    assert told == expected


def test_it_is_cropped() -> None:
    picture = open_picture(heic(corners((128, 96)), crop((100, 60), (0, 0))))
    assert (picture.width, picture.height) == (100, 60)
    # The upper left quarter alone: its middle lies 32 pixels to the left of the image's.
    quarter = open_picture(heic(corners((128, 96)), crop((64, 48), (-64, -48))))
    assert (quarter.width, quarter.height) == (64, 48)
    assert seen_corners(quarter.body)[0] == "red"
    with pytest.raises(MediaInvalid, match="damaged"):
        open_picture(heic(corners((128, 96)), crop((300, 60))))


@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_what_is_transparent_is_white(tile: tuple[int, int] | None) -> None:
    image = Image.new("RGBA", (128, 64), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 64, 64))
    body = open_picture(heic(image, tile=tile)).body
    assert seen_corners(body) == ("red", "white", "red")


def test_colours_go_by_its_profile() -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = plain.replace(b"rXYZ", b"xXYZ").replace(b"gXYZ", b"rXYZ").replace(b"xXYZ", b"gXYZ")
    body = open_picture(heic(Image.new("RGB", (64, 64), "red"), profile=exchanged)).body
    with Image.open(io.BytesIO(body)) as image:
        red, green, _ = image.convert("RGB").getpixel((30, 30))
    assert green > 200 > red


def test_what_is_too_large_or_of_another_kind_says_so() -> None:
    body = heic(corners((128, 96)))
    place = body.index(b"ispe") + 8
    large = body[:place] + struct.pack(">II", 9000, 9000) + body[place + 8 :]
    with pytest.raises(MediaInvalid, match="more than 40 megapixels") as caught:
        open_picture(large)
    assert caught.value.because is Because.LARGE
    with pytest.raises(MediaInvalid, match="of the kind 'iovl' is not read: send PNG"):
        open_picture(body.replace(b"hvc1", b"iovl", 1))
    for cut in (40, 200, len(body) // 2):
        with pytest.raises(MediaInvalid, match="damaged"):
            open_picture(body[:cut])
