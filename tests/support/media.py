"""Small real files of each kind that is opened, made here: pictures by Pillow, videos and sounds by
FFmpeg's own writers."""

import io
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import av
from PIL import Image, ImageCms, ImageDraw

from support.boxes import hevc_mp4

# Pillow's writers, by the name of the kind.
PICTURES = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "ICO", "JPEG2000")
# Container, codec, pixel format; "boxes": made by support/boxes.py.
VIDEOS = {
    "h264.mp4": ("mp4", "libx264", "yuv420p"),
    "hevc.mp4": ("mp4", "boxes", "yuv420p"),
    "av1.mp4": ("mp4", "libsvtav1", "yuv420p"),
    "h264.mov": ("mov", "libx264", "yuv420p"),
    "mjpeg.mov": ("mov", "mjpeg", "yuvj420p"),
    "h264.3gp": ("3gp", "libx264", "yuv420p"),
    "vp8.webm": ("webm", "libvpx", "yuv420p"),
    "vp9.webm": ("webm", "libvpx-vp9", "yuv420p"),
    "h264.mkv": ("matroska", "libx264", "yuv420p"),
    "mpeg4.avi": ("avi", "mpeg4", "yuv420p"),
}
# Container, codec, sample format.
SOUNDS = {
    "said.wav": ("wav", "pcm_s16le", "s16"),
    "said.mp3": ("mp3", "libmp3lame", "s16p"),
    "said.m4a": ("ipod", "aac", "fltp"),
    "said.flac": ("flac", "flac", "s16"),
    "said.ogg": ("ogg", "libopus", "flt"),
    "said.webm": ("webm", "libopus", "flt"),
    "said.aiff": ("aiff", "pcm_s16be", "s16"),
    "said.aac": ("adts", "aac", "fltp"),
    "said.caf": ("caf", "pcm_s16le", "s16"),
    "said.mka": ("matroska", "flac", "s16"),
}


def corners(size: tuple[int, int] = (48, 32)) -> Image.Image:
    """Red at the top left, green at the top right, blue at the bottom left, white elsewhere."""
    image = Image.new("RGB", size, "white")
    wide, high = size[0] // 3, size[1] // 3
    drawn = ImageDraw.Draw(image)
    drawn.rectangle((0, 0, wide, high), fill="red")
    drawn.rectangle((size[0] - wide, 0, size[0], high), fill="lime")
    drawn.rectangle((0, size[1] - high, wide, size[1]), fill="blue")
    return image


def colour_at(image: Image.Image, right: bool, low: bool) -> str:
    """The nearest colour in that corner."""
    wide, high = image.size
    place = (wide * 9 // 10 if right else wide // 10, high * 9 // 10 if low else high // 10)
    pixel: Any = image.convert("RGB").getpixel(place)
    known = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3}
    return min(
        known, key=lambda name: sum((a - b) ** 2 for a, b in zip(known[name], pixel, strict=True))
    )


def seen_corners(body: bytes) -> tuple[str, ...]:
    """The colours of an encoded picture's corners: top left, top right, bottom left."""
    with Image.open(io.BytesIO(body)) as image:
        sides = ((False, False), (True, False), (False, True))
        return tuple(colour_at(image, right, low) for right, low in sides)


def encoded(image: Image.Image, kind: str, **more: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **more)
    return made.getvalue()


def filmed(
    name: str,
    frames: int = 6,
    size: tuple[int, int] = (64, 48),
    rate: int = 5,
    stamps: Callable[[int], int] | None = None,
    prepare: Callable[[Any], None] | None = None,
    draw: Callable[[int], Image.Image] | None = None,
) -> bytes:
    """A video of a kind of VIDEOS. ``stamps``: from a frame's number to its stamp, in milliseconds;
    ``prepare``: what is set on the codec before it begins."""
    container, codec, pixels = VIDEOS[name]
    if codec == "boxes":
        images = [draw(number) if draw else corners(size) for number in range(frames)]
        return hevc_mp4(images, rate, prepare)
    made = io.BytesIO()
    with av.open(made, "w", format=container) as written:
        stream: Any = written.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if stamps:
            stream.codec_context.time_base = Fraction(1, 1000)
        if prepare:
            prepare(stream.codec_context)
        for number in range(frames):
            frame: Any = av.VideoFrame.from_image(draw(number) if draw else corners(size))
            if stamps:
                frame.pts, frame.time_base = stamps(number), Fraction(1, 1000)
            for packet in stream.encode(frame):
                written.mux(packet)
        for packet in stream.encode():
            written.mux(packet)
    return made.getvalue()


def sounded(name: str, seconds: float = 0.5, rate: int = 48_000) -> bytes:
    """A sound of a kind of SOUNDS."""
    container, codec, samples = SOUNDS[name]
    made = io.BytesIO()
    with av.open(made, "w", format=container) as written:
        stream: Any = written.add_stream(codec, rate=rate)
        stream.codec_context.layout, stream.codec_context.format = "mono", samples
        frame = av.AudioFrame(format="s16", layout="mono", samples=round(seconds * rate))
        frame.sample_rate, frame.pts = rate, 0
        frame.planes[0].update(
            bytes(range(256)) * (frame.planes[0].buffer_size // 256)
            + bytes(frame.planes[0].buffer_size % 256)
        )
        resampler = av.AudioResampler(
            format=samples, layout="mono", rate=rate,
            frame_size=stream.codec_context.frame_size or None,
        )  # fmt: skip
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            for packet in stream.encode(piece):
                written.mux(packet)
        for packet in stream.encode():
            written.mux(packet)
    return made.getvalue()


def every_picture() -> Mapping[str, bytes]:
    """Each kind, and the modes that have their own ways."""
    plain, clear = corners(), corners().convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    moved = [corners(), Image.new("RGB", (48, 32), "blue")]
    made = {kind: encoded(plain, kind) for kind in PICTURES}
    made |= {f"clear {kind}": encoded(clear, kind) for kind in ("PNG", "WEBP", "AVIF", "TIFF")}
    made |= {
        f"moving {kind}": encoded(moved[0], kind, save_all=True, append_images=moved[1:])
        for kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF")
    }
    exif = Image.Exif()
    exif[274] = 6
    made |= {f"turned {kind}": encoded(plain, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP")}
    made["CMYK"] = encoded(plain.convert("CMYK"), "JPEG")
    made["LAB"] = encoded(Image.new("LAB", (48, 32), (120, 140, 90)), "TIFF")
    made["16 bits"] = encoded(Image.new("I;16", (48, 32), 40_000), "PNG")
    made["floats"] = encoded(Image.new("F", (48, 32), 0.5), "TIFF")
    made["profile"] = encoded(plain, "JPEG", icc_profile=profile)
    made["palette"] = encoded(plain.convert("P"), "PNG", transparency=3)
    return made
