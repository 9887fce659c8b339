"""Files that people send: told by how they begin, opened only as what they are."""

import io
import struct
import wave
import zlib
from pathlib import Path

import pytest
from PIL import Image

from codeplan.media.frames import open_video
from codeplan.media.kinds import MediaInvalid, kind_of
from codeplan.media.picks import FrameRules
from codeplan.media.pictures import open_picture
from codeplan.media.sounds import open_recording
from codeplan.vision.text_reader import Line, laid_out
from support.shown import screenshot, video


def picture(size: tuple[int, int], kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "green").save(made, kind)
    return made.getvalue()


def huge_png() -> bytes:
    """A few bytes that say they are 60,000 by 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"IDAT" + zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one))
        for one in (chunk, data, b"IEND")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_pictures_of_each_kind_are_taken(kind: str) -> None:
    body = picture((40, 30), kind)
    taken = open_picture(body)
    assert kind_of(body).media_type == f"image/{kind.lower()}"
    if kind in ("GIF", "BMP"):
        assert taken.media_type == "image/png"
    else:
        assert (taken.media_type, taken.body) == (f"image/{kind.lower()}", body)


def test_a_long_picture_is_scaled_down() -> None:
    taken = open_picture(picture((9000, 30), "PNG"))
    with Image.open(io.BytesIO(taken.body)) as image:
        assert image.size == (4096, 14)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "expected a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG is not read"),
        (b"#EXTM3U\nhttp://127.0.0.1/", "expected a picture"),
        (picture((400, 300), "JPEG")[:900], "damaged"),
        (huge_png(), "more in it than there is room for"),
    ],
)
def test_what_is_no_picture_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(MediaInvalid, match=why):
        open_picture(body)


@pytest.mark.parametrize(
    ("container", "name"), [("mp4", "mov"), ("webm", "matroska"), ("avi", "avi")]
)
def test_frames_are_taken_evenly(container: str, name: str, tmp_path: Path) -> None:
    body = video(tmp_path / f"film.{container}", 6, 10, container).read_bytes()
    assert kind_of(body).opener == name
    frames = open_video(body, FrameRules(per_second=1.0, most=16)).frames
    assert [round(frame.at) for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert all(frame.picture.media_type == "image/jpeg" for frame in frames)
    few = open_video(body, FrameRules(per_second=10.0, most=3)).frames
    assert [round(frame.at) for frame in few] == [0, 2, 4]


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    whole = video(tmp_path / "film.mp4").read_bytes()
    for body, why in (
        (playlist, "expected a video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "expected a video"),
        (whole[:200], "damaged"),
        (b"\x1aE\xdf\xa3" + bytes(500), "damaged"),
    ):
        with pytest.raises(MediaInvalid, match=why):
            open_video(body, FrameRules())


def tone(seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as written:
        written.setparams((1, 2, 8000, 0, "NONE", ""))
        written.writeframes(bytes(round(16000 * seconds)))
    return made.getvalue()


def test_a_sounds_length_is_found_by_decoding(tmp_path: Path) -> None:
    assert kind_of(tone(1)).name == "WAV"
    assert open_recording(tone(2.5), 60).seconds == pytest.approx(2.5, abs=0.01)
    with pytest.raises(MediaInvalid, match="longer than 2 seconds"):
        open_recording(tone(2.5), 2)
    with pytest.raises(MediaInvalid, match=r"empty|damaged"):
        open_recording(tone(0), 60)
    with pytest.raises(MediaInvalid, match="expected a sound"):
        open_recording(b"Not a sound at all, whatever it is called.", 60)
    with pytest.raises(MediaInvalid, match="no sound in it"):
        open_recording(video(tmp_path / "film.mp4", 1).read_bytes(), 60)


def test_text_keeps_its_lines_and_indentation() -> None:
    found = [
        Line("return 1", 50, 30, 10, 10),
        Line("def one():", 10, 10, 10, 10),
        Line("# why", 150, 31, 9, 10),
    ]
    assert laid_out(found) == "def one():\n    return 1  # why"
    assert laid_out([]) == ""
    assert screenshot()[:4] == b"\x89PNG"
