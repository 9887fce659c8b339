"""Pictures and videos that tests show: made here, so that it is known what is on them."""

import io
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

# What a catalogue says of a model that sees, at the upstream "up"; it ends in [vision].
EYES = """
[[models]]
id = "glm-4.5v"
routes = [{ upstream = "up", model = "zai-org/GLM-4.5V" }]

[vision]
model = "glm-4.5v"
"""
ERROR = (
    "Traceback (most recent call last):",
    '  File "shop/prices.py", line 42, in total',
    "    return price * quantty",
    "NameError: name 'quantty' is not defined",
)


def screenshot(lines: tuple[str, ...] = ERROR, kind: str = "PNG") -> bytes:
    image = Image.new("RGB", (1000, 60 + 40 * len(lines)), "#10141a")
    drawn, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for place, line in enumerate(lines):
        drawn.text((30, 30 + 40 * place), line, fill="#e6e6e6", font=font)
    made = io.BytesIO()
    image.save(made, kind)
    return made.getvalue()


def video(path: Path, seconds: int = 4, per_second: int = 10, container: str = "mp4") -> Path:
    """A number on each frame."""
    with av.open(str(path), "w", format=container) as written:
        stream = written.add_stream("vp8" if container == "webm" else "mpeg4", rate=per_second)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(seconds * per_second):
            image = Image.new("RGB", (320, 240), "white")
            ImageDraw.Draw(image).text((40, 80), str(number), fill="black")
            for packet in stream.encode(av.VideoFrame.from_image(image)):
                written.mux(packet)
        for packet in stream.encode():
            written.mux(packet)
    return path
