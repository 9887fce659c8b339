"""Recordings by what they are, however they are called and whatever their container says."""

import io
import struct
from typing import Any

import av
import pytest
from av.stream import Disposition
from PIL import Image

from codeplan.media.kinds import Because, MediaInvalid
from codeplan.media.sounds import open_recording
from support.media import SOUNDS, filmed, sounded

NAMED = {
    "said.wav": ("recording.wav", "audio/wav"),
    "said.mp3": ("recording.mp3", "audio/mpeg"),
    "said.m4a": ("recording.m4a", "audio/mp4"),
    "said.flac": ("recording.flac", "audio/flac"),
    "said.ogg": ("recording.ogg", "audio/ogg"),
    "said.webm": ("recording.webm", "audio/webm"),
    "said.aiff": ("recording.aiff", "audio/aiff"),
    "said.aac": ("recording.aac", "audio/aac"),
    "said.caf": ("recording.caf", "audio/x-caf"),
    "said.mka": ("recording.mka", "audio/x-matroska"),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_a_recording_has_the_name_and_type_of_what_it_is(name: str) -> None:
    recording = open_recording(sounded(name, 0.5), 60)
    assert (recording.file_name, recording.media_type) == NAMED[name]
    assert recording.seconds == pytest.approx(0.5, abs=0.06)
    with pytest.raises(MediaInvalid, match=r"longer than 0\.2 seconds") as caught:
        open_recording(sounded(name, 0.5), 0.2)
    assert caught.value.because is Because.LARGE


@pytest.mark.parametrize(
    ("container", "sound", "film", "right"),
    [
        ("mp4", "aac", "", ("recording.m4a", "audio/mp4")),
        ("mov", "aac", "", ("recording.m4a", "audio/mp4")),
        ("3gp", "aac", "", ("recording.3gp", "audio/3gpp")),
        ("mp4", "aac", "libx264", ("recording.mp4", "video/mp4")),
        ("webm", "libopus", "libvpx", ("recording.webm", "video/webm")),
        ("matroska", "libopus", "libx264", ("recording.mkv", "video/x-matroska")),
        ("mov", "aac", "mjpeg", ("recording.mov", "video/quicktime")),
        ("mp3", "libmp3lame", "a cover", ("recording.mp3", "audio/mpeg")),
    ],
)
def test_a_container_with_sound_alone_is_a_sound(
    container: str, sound: str, film: str, right: tuple[str, str]
) -> None:
    made = io.BytesIO()
    with av.open(made, "w", format=container) as written:
        heard: Any = written.add_stream(sound, rate=48_000)
        heard.codec_context.layout = "mono"
        seen: Any = written.add_stream("mjpeg" if film == "a cover" else film, 5) if film else None
        if seen:
            seen.width, seen.height = 64, 48
            seen.pix_fmt = "yuvj420p" if "264" not in film and "vpx" not in film else "yuv420p"
        if film == "a cover":
            seen.disposition = Disposition.attached_pic
        packets = []
        for number in range(20):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.sample_rate, frame.pts = 48_000, number * 1024
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            size = heard.codec_context.frame_size or 1024
            resampler = av.AudioResampler(heard.codec_context.format, "mono", 48_000, size)
            for piece in resampler.resample(frame):
                packets += heard.encode(piece)
        for _ in range(1 if film == "a cover" else 3 * bool(film)):
            packets += seen.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48))))
        for packet in (*packets, *heard.encode(), *(seen.encode() if seen else ())):
            written.mux(packet)
    recording = open_recording(made.getvalue(), 60)
    assert (recording.file_name, recording.media_type) == right


def test_a_length_that_is_wrong_is_not_believed() -> None:
    body = bytearray(sounded("said.wav", 0.5))
    place = body.index(b"data") + 4
    body[place : place + 4] = struct.pack("<I", 0xFFFFFFFF)
    body[4:8] = struct.pack("<I", 0xFFFFFFFF)
    assert open_recording(bytes(body), 60).seconds == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", ["said.mp3", "said.ogg", "said.webm", "said.flac", "said.wav"])
def test_what_was_cut_off_is_heard_up_to_there(name: str) -> None:
    body = sounded(name, 4)
    assert 0.9 < open_recording(body[: len(body) // 2], 60).seconds < 3


@pytest.mark.parametrize(
    ("body", "told", "because"),
    [
        (b"MThd" + bytes(20), "a MIDI file is not read: send WAV", Because.UNKNOWN),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(40), "expected", Because.UNKNOWN),
        (b"\x89PNG\r\n\x1a\n", "a PNG is a picture, and a sound is expected", Because.UNKNOWN),
        (b"Not a sound at all.", "expected a sound file: WAV, MP3", Because.UNKNOWN),
        (b"fLaC" + bytes(60), "damaged", Because.DAMAGED),
        (sounded("said.m4a")[:300], "damaged", Because.DAMAGED),
    ],
)
def test_what_is_not_read_says_why(body: bytes, told: str, because: Because) -> None:
    with pytest.raises(MediaInvalid, match=told) as caught:
        open_recording(body, 60)
    assert caught.value.because is because


def test_a_film_without_sound_is_no_recording() -> None:
    with pytest.raises(MediaInvalid, match="no sound in it") as caught:
        open_recording(filmed("vp8.webm"), 60)
    assert caught.value.because is Because.EMPTY
