"""Decoding those frames of a video that are wanted, and not many more: from the key frame before
each on, within a budget of pixels and of seconds. What is damaged is left out."""

import struct
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from codeplan.media.kinds import Because, MediaInvalid
from codeplan.media.packets import Packets
from codeplan.media.pixels import check_pixels, plain

# So much is decoded at most: about a minute and a half of full HD.
MOST_PIXELS = 5_000_000_000
MOST_SECONDS = 40.0
# Pixels that are wider than high, or the other way round, at most by so much.
_MOST_ASPECT = 8.0
_BY_DEGREES = {-90: 6, 90: 8, 180: 3, -180: 3}


class Budget:
    """What decoding one video may take."""

    def __init__(self) -> None:
        self._pixels = MOST_PIXELS
        self._until = time.monotonic() + MOST_SECONDS
        self.is_spent = False

    def spend(self, pixels: int) -> None:
        self._pixels -= pixels
        self.is_spent = self._pixels <= 0 or time.monotonic() >= self._until


def shown_frames(
    stream: Any, packets: Packets, places: Sequence[int]
) -> Iterator[tuple[int, Any, int]]:
    """Of each wanted frame its stamp, its plain image, and how that is turned (as EXIF's
    orientation). ``places``: of the packets, by when they are shown. They end early where the
    budget is spent. Raises MediaInvalid where it is before there is one."""
    context, budget = stream.codec_context, Budget()
    context.thread_type = "SLICE"
    aspect = float(stream.sample_aspect_ratio or 1)
    places, number = _affordable(packets, places, context.width * context.height), 0
    for start, run in groupby(places, key=packets.start_for):
        wanted = [packets.stamps[place] for place in run]
        for stamp, frame in _of_run(context, packets, start, wanted, budget):
            number += 1
            yield stamp, _image(frame, aspect), _turn(frame)
        context.flush_buffers()
    if budget.is_spent and not number:
        raise MediaInvalid("the video takes too long to decode", Because.LARGE)


def _affordable(packets: Packets, places: Sequence[int], pixels: int) -> Sequence[int]:
    """The key frames before them, where going to each would take more than there is."""
    starts = [packets.start_for(place) for place in places]
    runs = dict(zip(starts, places, strict=True))
    frames = sum(place - start + 1 for start, place in runs.items())
    keys = sorted(set(starts))
    is_cheap = frames * pixels <= MOST_PIXELS
    return places if is_cheap or len(keys) < len(places) / 2 else keys


def _of_run(
    context: Any, packets: Packets, start: int, wanted: list[int], budget: Budget
) -> Iterator[tuple[int, Any]]:
    """The frames with these stamps, or the next ones where those are damaged."""
    shown = packets.shown_from(start)
    for number, frame in enumerate(_decoded(context, packets.packets[start:], budget)):
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is None or not packets.is_stamped:
            stamp = shown[min(number, len(shown) - 1)]
        if stamp < wanted[0]:
            continue
        yield stamp, frame
        wanted = [one for one in wanted if one > stamp]
        if not wanted:
            return


def _decoded(context: Any, packets: Sequence[Any], budget: Budget) -> Iterator[Any]:
    import av

    for packet in (*packets, None):
        try:
            frames = context.decode(packet)
        except (av.error.InvalidDataError, av.error.EOFError):
            frames = []
        if budget.is_spent:
            return
        budget.spend(sum(frame.width * frame.height for frame in frames))
        yield from frames


def _image(frame: Any, aspect: float) -> Any:
    """Plain, with square pixels."""
    from PIL import Image

    check_pixels(frame.width, frame.height)
    if any(component.is_alpha for component in frame.format.components):
        plane = frame.reformat(format="rgba").planes[0]
        size = (frame.width, frame.height)
        image = Image.frombuffer("RGBA", size, bytes(plane), "raw", "RGBA", plane.line_size, 1)
    else:
        image = frame.to_image()
    if aspect != 1 and 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT:
        wide = max(1, round(image.width * aspect))
        check_pixels(wide, image.height)
        image = image.resize((wide, image.height))
    return plain(image)


def _turn(frame: Any) -> int:
    """EXIF's orientation by the display matrix: x' = a·x + c·y, y' = b·x + d·y, in 16.16."""
    try:
        matrices = [bytes(one) for one in frame.side_data if one.type.name == "DISPLAYMATRIX"]
    except ValueError:  # side data of a kind that PyAV does not know yet
        return _BY_DEGREES.get(frame.rotation, 1)
    if not matrices:
        return 1
    a, b, _, c, d = struct.unpack("=5i", matrices[0][:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(True, True): 1, (False, True): 2, (False, False): 3}.get((a >= 0, d >= 0), 4)
    return {(True, True): 5, (True, False): 6, (False, False): 7}.get((b >= 0, c >= 0), 8)
