"""Frames of a video (or of a moving picture), spread over its whole length, upright and on white,
as pictures; with what span of it was seen. From bytes to values, and nothing else."""

import io
from dataclasses import dataclass

from codeplan.media.boundary import reading, refused
from codeplan.media.decoding import MOST_PIXELS, shown_frames
from codeplan.media.kinds import Because, Family, Kind, MediaInvalid, kind_of
from codeplan.media.moving import moving_frames
from codeplan.media.packets import film_streams, packets_of
from codeplan.media.picks import FrameRules, picked
from codeplan.media.pictures import Picture, fitted, written
from codeplan.media.pixels import check_pixels

_LONGEST_SIDE = 1280


@dataclass(frozen=True, slots=True)
class Frame:
    """``at``: seconds from the video's first frame."""

    at: float
    picture: Picture


@dataclass(frozen=True, slots=True)
class Film:
    """At least one frame, in order. ``seconds``: how long the video is."""

    frames: tuple[Frame, ...]
    seconds: float

    @property
    def span(self) -> str:
        """What of it was seen."""
        first, last = self.frames[0].at, self.frames[-1].at
        frames = f"{len(self.frames)} frames from {first:.1f} s to {last:.1f} s"
        if len(self.frames) == 1:
            frames = f"1 frame at {first:.1f} s"
        notes = "".join(f", {note}" for note in self.frames[0].picture.notes)
        return f"{frames} of a video of {self.seconds:.1f} s{notes}"


def open_video(body: bytes, rules: FrameRules) -> Film:
    """Raises MediaInvalid, and nothing else. Takes its time: not for the loop."""
    kind = kind_of(body)
    is_moving = kind.name in ("GIF", "WebP", "PNG", "AVIF")
    if not is_moving and (kind.family is not Family.VIDEO or not kind.opener):
        raise refused(kind, Family.VIDEO)
    from av.error import FFmpegError
    from PIL import Image

    with reading("video", damage=(FFmpegError,), large=(Image.DecompressionBombError,)):
        return _of_picture(body, kind, rules) if is_moving else _of_container(body, kind, rules)


def _of_picture(body: bytes, kind: Kind, rules: FrameRules) -> Film:
    moved = moving_frames(body, kind, rules, MOST_PIXELS, _LONGEST_SIDE)
    return Film(tuple(Frame(at, picture) for at, picture in moved.frames), moved.length)


def _of_container(body: bytes, kind: Kind, rules: FrameRules) -> Film:
    import av

    with av.open(io.BytesIO(body), "r", format=kind.opener) as container:
        streams = film_streams(container)
        if not streams:
            sound = " (there is sound in it alone)" if container.streams.audio else ""
            raise MediaInvalid(f"the file has no video in it{sound}", Because.EMPTY)
        stream = streams[0]
        check_pixels(stream.codec_context.width, stream.codec_context.height)
        packets = packets_of(container, stream)
        places = [packets.order[one] for one in picked(packets.times, packets.length, rules)]
        frames = []
        for stamp, image, turn in shown_frames(stream, packets, places):
            made, notes = fitted(image, turn, _LONGEST_SIDE)
            frames.append(Frame(packets.time_of(stamp), written(made, "JPEG", notes)))
        if not frames:
            raise MediaInvalid("no frame of the video can be decoded", Because.DAMAGED)
        return Film(tuple(frames), packets.length)
