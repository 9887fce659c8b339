"""Frames of a video, evenly over its length, as pictures."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codeplan.media.kinds import MediaInvalid, video_format
from codeplan.media.pictures import Picture, written

_LONGEST_SIDE = 1280
# So much is decoded at most: about a minute and a half of full HD.
_MOST_PIXELS = 5_000_000_000
# A video of more frames is looked at by its key frames alone.
_MANY_FRAMES = 3_000


@dataclass(frozen=True, slots=True)
class FrameRules:
    """``per_second``: how many are taken of a second; ``most``: in all."""

    per_second: float = 1.0
    most: int = 16


@dataclass(frozen=True, slots=True)
class Frame:
    """``at``: seconds from the video's start."""

    at: float
    picture: Picture


def take_frames(body: bytes, rules: FrameRules) -> list[Frame]:
    """At least one. Raises MediaInvalid. Takes its time: not for the loop."""
    import av

    container = video_format(body)
    if not container:
        raise MediaInvalid("expected a video: MP4, MOV, WebM, MKV or AVI")
    try:
        with av.open(io.BytesIO(body), "r", format=container) as opened:
            if not opened.streams.video:
                raise MediaInvalid("the file has no video in it")
            stream = opened.streams.video[0]
            length = opened.duration / av.time_base if opened.duration else 0.0
            if stream.average_rate and length * float(stream.average_rate) > _MANY_FRAMES:
                stream.codec_context.skip_frame = "NONKEY"
            taken = list(_taken(opened.decode(stream), length, rules))
    except MediaInvalid:
        raise
    except (av.error.FFmpegError, ValueError, MemoryError, OverflowError):
        raise MediaInvalid("the video is damaged, or of a kind that cannot be decoded") from None
    if not taken:
        raise MediaInvalid("the video has no frame in it")
    return taken


def _taken(frames: Iterator[Any], length: float, rules: FrameRules) -> Iterator[Frame]:
    """The first frame, and then each that is a step behind the one before."""
    step = max(1 / rules.per_second, length / rules.most)
    number, pixels, next_at = 0, 0, 0.0
    for frame in frames:
        pixels += frame.width * frame.height
        if pixels > _MOST_PIXELS:
            return
        at = float(frame.time or 0.0)
        if at + 1e-6 < next_at:
            continue
        image = frame.to_image()
        image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        yield Frame(at, written(image, "JPEG"))
        number, next_at = number + 1, at + step
        if number == rules.most:
            return
