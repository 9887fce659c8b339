"""A picture in an HEIF file, as phones store it in HEVC: one image or a grid of tiles, cropped,
turned and mirrored as the file says, with its alpha and its colour profile."""

import struct
from typing import Any

from codeplan.media.heif_items import Heif, Item, heif_of
from codeplan.media.kinds import Because, MediaInvalid
from codeplan.media.pixels import check_pixels

_ALPHA = (b"urn:mpeg:hevc:2015:auxid:1\0", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
_MOST_TILES = 1024


def heif_image(body: bytes) -> Any:
    """Pillow's. Raises MediaInvalid, and what FFmpeg and Pillow raise."""
    heif = heif_of(body)
    item = heif.items.get(heif.primary)
    if item is None:
        raise ValueError("the item that is shown is not there")
    check_pixels(*_size(item))
    image = _item_image(heif, heif.primary)
    for name in heif.beside.get(heif.primary, ()):
        if (heif.item(name).get("auxC") or b"")[4:].startswith(_ALPHA):
            alpha = _item_image(heif, name).convert("L")
            image.putalpha(alpha.resize(image.size))
    for kind, told in item.properties:
        image = _changed(image, kind, told)
    for kind, told in item.properties:
        if kind == "colr" and told[:4] in (b"prof", b"rICC"):
            image.info["icc_profile"] = told[4:]
    return image


def _size(item: Item) -> tuple[int, int]:
    told = item.get("ispe")
    if told is None:
        raise ValueError("an item without a size")
    wide, high = struct.unpack(">II", told[4:12])
    return wide, high


def _item_image(heif: Heif, name: int) -> Any:
    """As it is coded: neither cropped nor turned."""
    item = heif.item(name)
    if item.kind == "grid":
        return _grid(heif, name)
    if item.kind == "hvc1":
        return _decoded(item)
    text = f"an HEIF picture of the kind {item.kind!r} is not read: send PNG, JPEG or WebP"
    raise MediaInvalid(text, Because.UNKNOWN)


def _grid(heif: Heif, name: int) -> Any:
    from PIL import Image

    told = heif.item(name).body
    if len(told) < 8:
        raise ValueError("the grid does not say how it is laid")
    rows, columns = told[2] + 1, told[3] + 1
    wide, high = struct.unpack(">II" if told[1] & 1 else ">HH", told[4 : 12 if told[1] & 1 else 8])
    check_pixels(wide, high)
    tiles = heif.parts.get(name, [])
    if len(tiles) != rows * columns or len(tiles) > _MOST_TILES:
        raise ValueError("the grid has not as many tiles as it says")
    image = Image.new("RGB", (wide, high))
    for place, tile in enumerate(tiles):
        item = heif.item(tile)
        if item.kind != "hvc1":
            raise ValueError("a tile is no image")
        part = _decoded(item)
        image.paste(part, (place % columns * part.width, place // columns * part.height))
    return image


def _decoded(item: Item) -> Any:
    import av

    check_pixels(*_size(item))
    context: Any = av.CodecContext.create("hevc", "r")
    context.extradata = item.get("hvcC")
    for packet in (av.Packet(item.body), None):
        for frame in context.decode(packet):
            check_pixels(frame.width, frame.height)
            return frame.to_image()
    raise ValueError("there is no image in the item")


def _changed(image: Any, kind: str, told: bytes) -> Any:
    """By one of its properties, which are applied in their order."""
    from PIL import Image

    if kind == "clap":
        return _cropped(image, told)
    if kind in ("irot", "imir") and not told:
        raise ValueError("it does not say how it is turned")
    if kind == "irot":
        turns = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180}
        angle = told[0] & 3
        return image.transpose(turns.get(angle, Image.Transpose.ROTATE_270)) if angle else image
    if kind == "imir":
        upside_down, mirrored = Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT
        return image.transpose(mirrored if told[0] & 1 else upside_down)
    return image


def _cropped(image: Any, told: bytes) -> Any:
    """To the clean aperture: its size, and how far its middle is from the image's, as fractions."""
    parts = struct.unpack(">IIIIiIiI", told[:32])
    wide, high, right, down = (parts[place] / parts[place + 1] for place in range(0, 8, 2))
    left, top = (image.width - wide) / 2 + right, (image.height - high) / 2 + down
    box = (round(left), round(top), round(left + wide), round(top + high))
    if not (0 <= box[0] < box[2] <= image.width and 0 <= box[1] < box[3] <= image.height):
        raise ValueError("it is cropped to what it has not")
    return image.crop(box)
