"""Frames of a picture that moves: GIF, WebP, APNG, AVIF."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from codeplan.media.kinds import Because, Kind, MediaInvalid
from codeplan.media.picks import FrameRules, picked
from codeplan.media.pictures import Picture, fitted, pillow_image, written
from codeplan.media.pixels import check_pixels, orientation

# A frame that says nothing of its time, or less than screens can show, is shown so long.
_LEAST_SECONDS = 0.01
_USUAL_SECONDS = 0.1
_MOST_FRAMES = 5_000


@dataclass(frozen=True, slots=True)
class Moved:
    """``frames``: when each is shown, and its picture. ``length``: in seconds."""

    frames: list[tuple[float, Picture]]
    length: float


def moving_frames(
    body: bytes, kind: Kind, rules: FrameRules, most_pixels: int, longest: int
) -> Moved:
    """``most_pixels``: of all its frames. ``longest``: of a frame's sides. Raises MediaInvalid, and
    what Pillow raises."""
    with pillow_image(body, kind) as image:
        number = getattr(image, "n_frames", 1)
        if number == 1:
            text = f"{kind.article} of one frame is a picture, and a video is expected"
            raise MediaInvalid(text, Because.UNKNOWN)
        if number > _MOST_FRAMES or number * image.width * image.height > most_pixels:
            raise MediaInvalid(f"its {number} frames are more than are taken", Because.LARGE)
        seconds = _seconds(image, number)
        ends = list(accumulate(seconds))
        starts = [0.0, *ends[:-1]]
        frames = []
        for place in picked(starts, ends[-1], rules):
            _load(image, place)
            made, notes = fitted(image, orientation(image), longest)
            frames.append((starts[place], written(made, "JPEG", notes)))
        return Moved(frames, ends[-1])


def _load(image: Any, place: int) -> None:
    """One frame, which may be larger than the first."""
    image.seek(place)
    check_pixels(*image.size)
    image.load()


def _seconds(image: Any, number: int) -> list[float]:
    """How long each frame is shown, as far as frames can be read."""
    seconds: list[float] = []
    for place in range(number):
        try:
            _load(image, place)
        except (OSError, EOFError, SyntaxError):
            if not seconds:
                raise
            break
        told = float(image.info.get("duration") or 0) / 1000
        seconds.append(told if told > _LEAST_SECONDS else _USUAL_SECONDS)
    return seconds
