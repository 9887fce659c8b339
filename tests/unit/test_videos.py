"""Frames of videos: the right ones, spread over all of it, upright, whatever the container says."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import pytest
from PIL import Image

from codeplan.media import decoding
from codeplan.media.frames import Film, open_video
from codeplan.media.kinds import Because, MediaInvalid
from codeplan.media.picks import FrameRules
from support.media import SOUNDS, VIDEOS, corners, encoded, filmed, seen_corners, sounded

UPRIGHT = ("red", "green", "blue")


def grey(number: int) -> Image.Image:
    """A frame that says which it is."""
    return Image.new("RGB", (64, 48), (10 + 8 * number,) * 3)


def numbers(film: Film) -> list[int]:
    """Which frames were taken, as they say themselves."""
    seen = []
    for frame in film.frames:
        with Image.open(io.BytesIO(frame.picture.body)) as image:
            seen.append(round((image.convert("L").resize((1, 1)).getpixel((0, 0)) - 10) / 8))
    return seen


@pytest.mark.parametrize("name", VIDEOS)
def test_the_right_frames_of_each_kind_are_seen(name: str) -> None:
    film = open_video(filmed(name, 25, draw=grey), FrameRules(per_second=1, most=16))
    assert numbers(film) == [0, 5, 10, 15, 20]
    assert [frame.at for frame in film.frames] == pytest.approx([0, 1, 2, 3, 4], abs=0.05)
    assert film.seconds == pytest.approx(5, abs=0.05)
    assert film.span == "5 frames from 0.0 s to 4.0 s of a video of 5.0 s"
    few = open_video(filmed(name, 25, draw=grey), FrameRules(per_second=10, most=3))
    assert numbers(few) == [0, 8, 16]


@pytest.mark.parametrize("name", ["hevc.mp4", "h264.mkv", "vp9.webm", "mpeg4.avi", "h264.mov"])
@pytest.mark.parametrize("apart", [3, 250])
def test_they_are_right_whatever_the_distance_of_key_frames(name: str, apart: int) -> None:
    def prepare(codec: Any) -> None:
        codec.gop_size = apart
        codec.max_b_frames = 2 if "mpeg4" not in name else 0

    film = open_video(filmed(name, 28, prepare=prepare, draw=grey), FrameRules(2.0, 7))
    assert numbers(film) == [0, 4, 8, 12, 16, 20, 24]


# How a matrix moves a point (x' = a·x + c·y, y' = b·x + d·y), as a, b, c, d.
TURNS = {
    "as it is": (1, 0, 0, 1),
    "mirrored": (-1, 0, 0, 1),
    "half": (-1, 0, 0, -1),
    "upside down": (1, 0, 0, -1),
    "exchanged": (0, 1, 1, 0),
    "quarter": (0, 1, -1, 0),
    "against": (0, -1, -1, 0),
    "three quarters": (0, -1, 1, 0),
}


def moved(image: Image.Image, matrix: tuple[int, int, int, int]) -> Image.Image:
    """Each pixel where the matrix moves it."""
    a, b, c, d = matrix
    wide, high = image.size if a else image.size[::-1]
    made = Image.new("RGB", (wide, high))
    for x in range(image.width):
        for y in range(image.height):
            made.putpixel(((a * x + c * y) % wide, (b * x + d * y) % high), image.getpixel((x, y)))
    return made


def with_matrix(body: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """An MP4 or MOV whose track's header has that matrix."""
    a, b, c, d = (part << 16 for part in matrix)
    place = body.index(b"tkhd") + 44
    packed = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return body[:place] + packed + body[place + 36 :]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "mjpeg.mov"])
def test_the_containers_rotation_is_applied(name: str, turn: str) -> None:
    matrix = TURNS[turn]
    back = (matrix[0], matrix[2], matrix[1], matrix[3])
    image = moved(corners((64, 48) if matrix[0] else (48, 64)), back)
    body = filmed(name, 3, image.size, draw=lambda _: image)
    film = open_video(with_matrix(body, matrix), FrameRules())
    first = film.frames[0].picture
    assert seen_corners(first.body) == UPRIGHT
    assert ("turned upright" in first.notes) == (turn != "as it is")
    assert ("turned upright" in film.span) == (turn != "as it is")


def without_seeking(name: str, frames: int) -> bytes:
    """As a browser records: written to where nothing can be gone back to."""
    container, codec, pixels = VIDEOS[name]

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.made = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            self.made += piece
            return len(piece)

    pipe = Pipe()
    options = {"movflags": "frag_keyframe+empty_moov"} if container == "mp4" else {"live": "1"}
    with av.open(pipe, "w", format=container, options=options) as written:
        stream: Any = written.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for number in range(frames):
            for packet in stream.encode(av.VideoFrame.from_image(grey(number))):
                written.mux(packet)
        for packet in stream.encode():
            written.mux(packet)
    return bytes(pipe.made)


@pytest.mark.parametrize("name", ["vp8.webm", "vp9.webm", "h264.mkv", "h264.mp4"])
def test_a_recording_without_a_duration_is_seen_whole(name: str) -> None:
    film = open_video(without_seeking(name, 28), FrameRules(per_second=1, most=4))
    assert numbers(film) == [0, 7, 14, 21]
    assert film.seconds == pytest.approx(5.6, abs=0.3)


@pytest.mark.parametrize("lie", [0, 1, 0x7FFFFFFF])
def test_a_duration_that_is_wrong_is_not_believed(lie: int) -> None:
    body = bytearray(filmed("h264.mp4", 25, draw=grey))
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        place = body.index(box) + offset
        body[place : place + 4] = struct.pack(">I", lie)
    film = open_video(bytes(body), FrameRules(per_second=1, most=16))
    assert numbers(film) == [0, 5, 10, 15, 20]
    webm = bytearray(filmed("vp8.webm", 25, draw=grey))
    place = webm.index(b"\x44\x89\x88") + 3
    webm[place : place + 8] = struct.pack(">d", lie)
    film = open_video(bytes(webm), FrameRules(per_second=1, most=16))
    assert numbers(film) == [0, 5, 10, 15, 20]


STAMPS: dict[str, tuple[Callable[[int], int], list[int]]] = {
    "late": (lambda number: 90_000 + 200 * number, [0, 5, 10, 15, 20]),
    "varied": (lambda number: 200 * number + (number % 3) * 60, [0, 4, 9, 15, 19]),
    # Nothing moves for four seconds, and then it does.
    "still": (lambda number: 0 if number == 0 else 4000 + 40 * number, []),
    "a leap": (lambda number: 200 * number + (36_000_000 if number > 12 else 0), []),
}


@pytest.mark.parametrize("name", ["vp8.webm", "h264.mkv", "h264.mp4"])
@pytest.mark.parametrize("kind", STAMPS)
def test_frames_are_spread_by_when_they_are_shown(name: str, kind: str) -> None:
    stamps, right = STAMPS[kind]
    body = filmed(name, 25, stamps=stamps, draw=grey)
    film = open_video(body, FrameRules(per_second=1, most=8))
    seen = numbers(film)
    assert seen == sorted(set(seen))
    if right:
        assert seen[:5] == right
    if kind == "still":
        assert seen[0] == 0
        assert 5 <= len(seen) <= 6
    if kind == "a leap":
        assert len(seen) == 8
        assert min(seen) == 0
        assert max(seen) >= 13


def test_a_start_below_zero_and_a_cut_by_an_edit_list_are_left_out() -> None:
    container, codec, pixels = VIDEOS["h264.mp4"]
    made = io.BytesIO()
    options = {"avoid_negative_ts": "disabled"}
    with av.open(made, "w", format=container, options=options) as written:
        stream: Any = written.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        stream.codec_context.time_base = Fraction(1, 5)
        for number in range(25):
            frame: Any = av.VideoFrame.from_image(grey(number))
            frame.pts, frame.time_base = number - 10, Fraction(1, 5)
            for packet in stream.encode(frame):
                written.mux(packet)
        for packet in stream.encode():
            written.mux(packet)
    film = open_video(made.getvalue(), FrameRules(per_second=1, most=16))
    assert b"elst" in made.getvalue()
    assert numbers(film) == [10, 15, 20]
    assert film.seconds == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", VIDEOS)
def test_a_single_frame_is_seen(name: str) -> None:
    film = open_video(filmed(name, 1), FrameRules())
    assert len(film.frames) == 1
    assert film.span.startswith("1 frame at 0.0 s of a video of 0.")


def test_pixels_that_are_not_square_are_made_so() -> None:
    def prepare(codec: Any) -> None:
        codec.sample_aspect_ratio = Fraction(2, 1)

    picture = open_video(filmed("h264.mp4", 2, prepare=prepare), FrameRules()).frames[0].picture
    assert (picture.width, picture.height) == (128, 48)
    assert seen_corners(picture.body) == UPRIGHT


def test_what_is_transparent_is_white() -> None:
    made = io.BytesIO()
    with av.open(made, "w", format="mov") as written:
        stream: Any = written.add_stream("png", rate=5)
        stream.width, stream.height, stream.pix_fmt = 50, 40, "rgba"
        frame = av.VideoFrame(50, 40, "rgba")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        for packet in (*stream.encode(frame), *stream.encode()):
            written.mux(packet)
    picture = open_video(made.getvalue(), FrameRules()).frames[0].picture
    with Image.open(io.BytesIO(picture.body)) as image:
        assert image.convert("L").getextrema() == (255, 255)


def test_a_damaged_middle_is_left_out_and_the_rest_seen() -> None:
    body = bytearray(filmed("mjpeg.mov", 25, draw=grey))
    start = body.index(b"mdat") + 4
    end = body.index(b"moov") - 4
    third = (end - start) // 3
    body[start + third : start + 2 * third] = bytes(third)
    film = open_video(bytes(body), FrameRules(per_second=1, most=16))
    seen = numbers(film)
    assert seen[0] == 0
    assert seen[-1] == 20
    cut = filmed("vp8.webm", 25, draw=grey)
    film = open_video(cut[: len(cut) * 2 // 3], FrameRules(per_second=1, most=16))
    assert numbers(film)[0] == 0
    assert 1 < film.seconds < 5


def test_what_is_too_much_is_seen_by_its_key_frames_or_up_to_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def prepare(codec: Any) -> None:
        codec.gop_size = 5

    monkeypatch.setattr(decoding, "MOST_PIXELS", 64 * 48 * 12)
    keyed = open_video(filmed("mpeg4.avi", 50, prepare=prepare, draw=lambda n: grey(n // 2)),
                       FrameRules(per_second=1, most=8))  # fmt: skip
    assert len(keyed.frames) >= 4
    assert keyed.frames[-1].at > 6
    one = open_video(filmed("h264.mp4", 28, draw=grey), FrameRules(per_second=1, most=8))
    assert 1 <= len(one.frames) < 5
    assert f"to {one.frames[-1].at:.1f} s of a video of 5.6 s" in one.span


@pytest.mark.parametrize("limit", ["MOST_PIXELS", "MOST_SECONDS"])
def test_what_is_too_much_at_once_says_so(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first packets of a codec that looks ahead give no frame, and take their time."""
    monkeypatch.setattr(decoding, limit, 0)
    film = filmed("h264.mp4", 25, draw=grey)
    with pytest.raises(MediaInvalid, match="takes too long to decode") as caught:
        open_video(film, FrameRules())
    assert caught.value.because is Because.LARGE


def test_a_sound_with_or_without_a_cover_is_no_video() -> None:
    for name in SOUNDS:
        with pytest.raises(MediaInvalid) as caught:
            open_video(sounded(name), FrameRules())
        assert caught.value.because in (Because.UNKNOWN, Because.EMPTY)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_pictures_that_move_are_seen_as_videos(kind: str) -> None:
    frames = [grey(number) for number in range(20)]
    body = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=250)
    film = open_video(body, FrameRules(per_second=1, most=16))
    assert numbers(film) == [0, 4, 8, 12, 16]
    assert film.seconds == pytest.approx(5, abs=0.01)


def test_a_frame_that_is_larger_than_the_picture_is_refused() -> None:
    """A GIF's frames may lie beyond its screen, which grows with them."""
    frames = [Image.new("P", (64, 48), number) for number in range(3)]
    body = bytearray(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    place = body.rindex(b"\x2c")
    body[place + 5 : place + 9] = struct.pack("<HH", 9000, 9000)
    with pytest.raises(MediaInvalid, match="more than 40 megapixels") as caught:
        open_video(bytes(body), FrameRules())
    assert caught.value.because is Because.LARGE


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"FLV\x01\x05" + bytes(40), "an FLV is not read: send MP4"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(40), "a WMV or WMA is not read"),
        (b"\x00\x00\x01\xba" + bytes(40), "an MPEG programme stream is not read"),
        (b"\x47" + bytes(187) + b"\x47" + bytes(187), "an MPEG transport stream is not read"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "a JPEG is a picture, and a video is expected"),
        (b"fLaC" + bytes(40), "a FLAC is a sound, and a video is expected"),
        (b"#EXTM3U\n", "expected a video: MP4"),
        (b"", "expected a video: MP4"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(body: bytes, told: str) -> None:
    with pytest.raises(MediaInvalid, match=told):
        open_video(body, FrameRules())
