"""A video's packets, taken out of their container: when each is shown and where decoding may begin,
so that any frame can be had whatever the container says of its length or its index."""

import statistics
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from codeplan.media.kinds import Because, MediaInvalid

_RATE = 25.0


@dataclass(frozen=True, slots=True)
class Packets:
    """``packets``: FFmpeg's, in the order in which they are decoded. ``stamps``: by the same place,
    when each is shown, in ticks. ``order``: places of those that are shown, by their stamps.
    ``tick``: in seconds. ``is_stamped``: False where the stamps are counted, since the container
    has none."""

    packets: list[Any]
    stamps: list[int]
    order: list[int]
    tick: float
    is_stamped: bool

    @property
    def times(self) -> list[float]:
        """When each of ``order`` is shown, in seconds from the first."""
        return [self.time_of(self.stamps[place]) for place in self.order]

    @property
    def length(self) -> float:
        """In seconds. A last frame that says nothing is shown as long as most are."""
        times, last = self.times, self.packets[self.order[-1]]
        if self.is_stamped and last.duration:
            return times[-1] + float(last.duration) * self.tick
        gaps = [after - before for before, after in pairwise(times)] or [0.0]
        return times[-1] + statistics.median(gaps)

    def time_of(self, stamp: int) -> float:
        """In seconds from the first frame."""
        return max(0.0, (stamp - self.stamps[self.order[0]]) * self.tick)

    def start_for(self, place: int) -> int:
        """Where decoding begins for a packet: at the last key frame that is shown before it."""
        for start in range(place, -1, -1):
            is_key = self.packets[start].is_keyframe
            if is_key and self.stamps[start] <= self.stamps[place]:
                return start
        return 0

    def shown_from(self, start: int) -> list[int]:
        """The stamps of the frames that are shown from there on; at least the last."""
        shown = [self.stamps[place] for place in self.order]
        return shown[bisect_left(shown, self.stamps[start]) :] or shown[-1:]


def packets_of(container: Any, stream: Any) -> Packets:
    """As many as can be read. Raises MediaInvalid where there is none, and what FFmpeg raises."""
    import av

    packets: list[Any] = []
    try:
        packets.extend(one for one in container.demux(stream) if one.size)
    except av.error.InvalidDataError:
        if not packets:  # what is cut off or damaged in its middle is seen up to there
            raise
    stamps = [one.pts if one.pts is not None else one.dts for one in packets]
    is_stamped = None not in stamps and len(set(stamps)) > len(stamps) // 2
    tick = float(stream.time_base)
    if not is_stamped:
        stamps, tick = list(range(len(packets))), 1 / (float(stream.average_rate or 0) or _RATE)
    shown = [place for place, one in enumerate(packets) if not one.is_discard]
    if not shown:
        raise MediaInvalid("the video has no frame in it", Because.EMPTY)
    order = sorted(shown, key=lambda place: stamps[place])
    return Packets(packets, stamps, order, tick, is_stamped)


def film_streams(container: Any) -> list[Any]:
    """Those that move: not the cover of a sound."""
    streams = container.streams.video
    return [one for one in streams if not one.disposition & one.disposition.attached_pic]
