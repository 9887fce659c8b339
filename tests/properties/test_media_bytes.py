"""Real files of every kind, damaged in every way: each is read as what models take, or refused by
the one error that says why. Nothing else leaves an opener, and nothing empty."""

import asyncio
import base64
import binascii
import io
import os
import struct
from functools import cache

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from structlog.testing import capture_logs

from codeplan.media.frames import open_video
from codeplan.media.inline import bytes_of, bytes_of_data_link
from codeplan.media.kinds import Because, MediaInvalid
from codeplan.media.picks import FrameRules, picked
from codeplan.media.pictures import LONGEST_SIDE, open_picture
from codeplan.media.sounds import open_recording
from codeplan.vision.text_reader import TextReader
from support.heif import heic, turn
from support.media import SOUNDS, VIDEOS, corners, encoded, every_picture, filmed, sounded

# `make fuzz` runs each round with other seeds and more examples.
MANY = int(os.environ.get("FUZZ_EXAMPLES", "300"))
_MOST_SOUND_SECONDS = 30
_FIELDS = (0, 1, 2, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@cache
def whole_files() -> tuple[bytes, ...]:
    phones = (
        heic(corners((128, 96)), turn(1), tile=(64, 64)),
        heic(corners((64, 64)).convert("RGBA")),
    )
    pictures = (*every_picture().values(), *phones)
    films = (filmed(name, frames=4) for name in VIDEOS)
    return (*pictures, *films, *(sounded(name, 0.1) for name in SOUNDS))


def with_checksums(body: bytes) -> bytes:
    """A PNG whose chunks' sums fit again, so that what was edited is looked at."""
    made, place = body[:8], 8
    while place + 12 <= len(body):
        (length,) = struct.unpack(">I", body[place : place + 4])
        chunk = body[place + 4 : place + 8 + length]
        made += body[place : place + 4] + chunk + struct.pack(">I", binascii.crc32(chunk))
        place += 12 + length
    return made + body[place:]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One to five edits of a whole file, more at its beginning than behind."""
    files = whole_files()
    body = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 5))):
        most = max(1, min(len(body), draw(st.sampled_from((32, 256, len(body) or 1)))))
        place = draw(st.integers(0, most - 1))
        long = draw(st.integers(1, 64))
        match draw(st.sampled_from(("flip", "field", "cut", "end", "twice", "splice", "noise"))):
            case "flip" if place < len(body):
                body[place] ^= 1 << draw(st.integers(0, 7))
            case "field":
                size = draw(st.sampled_from((1, 2, 4)))
                value = draw(st.sampled_from(_FIELDS)) & ((1 << 8 * size) - 1)
                order = draw(st.sampled_from(("big", "little")))
                body[place : place + size] = value.to_bytes(size, order)
            case "cut":
                del body[place : place + long]
            case "end":
                del body[place:]
            case "twice":
                body[place:place] = body[place : place + long]
            case "splice":
                other = draw(st.sampled_from(files))
                start = draw(st.integers(0, len(other) - 1))
                body[place : place + long] = other[start : start + 4 * long]
            case _:
                body[place : place + long] = draw(st.binary(min_size=1, max_size=64))
    made = bytes(body)
    return with_checksums(made) if made[:4] == b"\x89PNG" and draw(st.booleans()) else made


def check_picture(media_type: str, body: bytes, longest: int) -> None:
    assert media_type in ("image/png", "image/jpeg", "image/webp")
    with Image.open(io.BytesIO(body)) as image:
        assert 1 <= min(image.size) <= max(image.size) <= longest
        image.load()
        assert image.mode in ("L", "RGB", "P", "1")


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_a_damaged_file_is_read_or_refused(body: bytes) -> None:
    try:
        picture = open_picture(body)
        check_picture(picture.media_type, picture.body, LONGEST_SIDE)
    except MediaInvalid as invalid:
        assert str(invalid)
        assert invalid.because is not Because.FORM
    try:
        film = open_video(body, FrameRules(per_second=2.0, most=3))
        assert 1 <= len(film.frames) <= 3
        assert film.seconds >= film.frames[-1].at >= film.frames[0].at >= 0
        for frame in film.frames:
            check_picture(frame.picture.media_type, frame.picture.body, 1280)
    except MediaInvalid as invalid:
        assert str(invalid)
    try:
        recording = open_recording(body, _MOST_SOUND_SECONDS)
        assert 0 < recording.seconds <= _MOST_SOUND_SECONDS
        assert recording.file_name.startswith("recording.")
        assert recording.media_type.startswith(("audio/", "video/"))
    except MediaInvalid as invalid:
        assert str(invalid)


_READER = TextReader()


@st.composite
def odd_pictures(draw: st.DrawFn) -> bytes:
    """Of odd sizes, of one colour or of noise; and damaged ones."""
    if draw(st.booleans()):
        return draw(damaged())
    sides = st.sampled_from((1, 2, 7, 31, 64, 200))
    size = draw(sides), draw(sides)
    image = Image.new("RGB", size, draw(st.sampled_from(("white", "black", "navy"))))
    if draw(st.booleans()):
        image = Image.effect_noise(size, draw(st.floats(1, 90)))
    if draw(st.booleans()):
        image = image.resize((size[0], 3000) if draw(st.booleans()) else (3000, size[1]))
    return encoded(image, draw(st.sampled_from(("PNG", "JPEG", "WEBP"))))


@settings(max_examples=max(12, MANY // 50), deadline=None)
@given(odd_pictures())
@example(encoded(Image.new("RGB", (1, 1)), "PNG"))
@example(encoded(Image.new("L", (30_000, 40), "white"), "PNG"))
def test_what_the_text_reader_is_given_is_read_or_refused(body: bytes) -> None:
    try:
        picture = open_picture(body)
    except MediaInvalid:
        return
    try:
        assert isinstance(asyncio.run(_READER.read(picture.body)), str)
    except MediaInvalid as invalid:
        assert str(invalid)


@settings(max_examples=MANY, deadline=None)
@given(st.text() | st.text("AQgw-_+/=% \n").map("image/png;base64,{}".format))
def test_any_text_is_bytes_or_refused(text: str) -> None:
    for decode in (bytes_of, lambda text: bytes_of_data_link(f"data:{text}")):
        try:
            assert isinstance(decode(text), bytes)
        except MediaInvalid as invalid:
            assert invalid.because is Because.DAMAGED


@settings(max_examples=MANY, deadline=None)
@given(
    st.binary(max_size=100),
    st.sampled_from((base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes)),
    st.sampled_from(("", "\n", "\r\n", " ", "\t\n ")),
    st.integers(1, 80),
    st.booleans(),
)
def test_base64_is_base64_however_it_is_written(
    body: bytes, encode: object, gap: str, every: int, is_padded: bool
) -> None:
    assert callable(encode)
    text = encode(body).decode()
    text = text if is_padded else text.rstrip("=\n")
    text = gap.join(text[place : place + every] for place in range(0, len(text), every))
    assert bytes_of(text) == body
    for head in (";base64", ";charset=utf-8;base64", "image/png; BASE64 ", "text/x;a=b;base64;c"):
        assert bytes_of_data_link(f"Data:{head},{text.replace('+', '%2B')}") == body


@settings(max_examples=MANY, deadline=None)
@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=300).map(sorted),
    st.floats(0, 10),
    st.floats(0.01, 30),
    st.integers(1, 200),
)
def test_frames_are_spread_over_all_there_is(
    times: list[float], last: float, per_second: float, most: int
) -> None:
    times = [one - times[0] for one in times]
    length = times[-1] + last
    places = picked(times, length, FrameRules(per_second, most))
    assert places == sorted(set(places))
    assert times[places[0]] <= 0.001
    assert places[-1] < len(times)
    wanted = min(most, max(1, -(-length // (1 / per_second))), len(times))
    assert wanted - 1 <= len(places) <= most
    # As many as asked for, or all: nothing is left out for the stamps' sake.
    if len(times) <= most and length * per_second >= most:
        assert len(places) == len(times)


def test_a_file_of_each_kind_is_whole() -> None:
    """What is damaged above is read when it is not."""
    read = 0
    for body in whole_files():
        for work in (
            open_picture,
            lambda body: open_video(body, FrameRules()),
            lambda body: open_recording(body, 60),
        ):
            try:
                work(body)
                read += 1
            except MediaInvalid:
                continue
    # Pictures that move are read as both.
    assert read == len(whole_files()) + 4


def test_an_error_that_nobody_foresaw_is_one_that_is_and_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise AssertionError("a library's own")

    monkeypatch.setattr(Image, "open", breaks)
    with capture_logs() as logs, pytest.raises(MediaInvalid, match="damaged") as caught:
        open_picture(b"\x89PNG\r\n\x1a\n")
    assert isinstance(caught.value.__cause__, AssertionError)
    assert [(one["event"], one["log_level"], one["exc_info"]) for one in logs] == [
        ("a library broke on a file", "error", True)
    ]
