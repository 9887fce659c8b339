"""A recording as what it is: how long, found by decoding it (what a header says need not be so, and
what a browser records says nothing), and the name and type by which a speech server knows it. From
bytes to values, and nothing else."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from codeplan.media.boundary import reading, refused
from codeplan.media.kinds import (
    M4A,
    MKV,
    MOV,
    MP4,
    THREE_GP,
    WEBM,
    Because,
    Family,
    Kind,
    MediaInvalid,
    kind_of,
)
from codeplan.media.packets import film_streams

_STEM = "recording"
# Containers that are a sound where there is sound in them alone: what they are called then.
_SOUND_ALONE = {
    MP4: (M4A.ending, M4A.media_type),
    MOV: (M4A.ending, M4A.media_type),
    THREE_GP: ("3gp", "audio/3gpp"),
    WEBM: ("webm", "audio/webm"),
    MKV: ("mka", "audio/x-matroska"),
}
_MOST_DECODING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Recording:
    """``file_name``, ``media_type``: by what it is, whatever it was called. ``seconds``: its
    length."""

    file_name: str
    media_type: str
    seconds: float


def open_recording(body: bytes, most_seconds: float) -> Recording:
    """Raises MediaInvalid, and nothing else, also for more than so many seconds. Takes its time:
    not for the loop."""
    kind = kind_of(body)
    if kind.family not in (Family.SOUND, Family.VIDEO) or not kind.opener:
        raise refused(kind, Family.SOUND)
    from av.error import FFmpegError

    with reading("recording", damage=(FFmpegError,)):
        return _opened(body, kind, most_seconds)


def _opened(body: bytes, kind: Kind, most_seconds: float) -> Recording:
    import av

    with av.open(io.BytesIO(body), "r", format=kind.opener) as container:
        if not container.streams.audio:
            raise MediaInvalid("the file has no sound in it", Because.EMPTY)
        has_film = bool(film_streams(container))
        seconds = 0.0
        for frame in decoded_frames(container, container.streams.audio[0]):
            seconds += frame.samples / frame.sample_rate
            if seconds > most_seconds:
                text = f"the recording is longer than {most_seconds:g} seconds"
                raise MediaInvalid(text, Because.LARGE)
    if not seconds:
        raise MediaInvalid("the recording is empty", Because.EMPTY)
    ending, media_type = kind.ending, kind.media_type
    if not has_film:
        ending, media_type = _SOUND_ALONE.get(kind, (ending, media_type))
    return Recording(f"{_STEM}.{ending}", media_type, seconds)


def decoded_frames(container: Any, stream: Any) -> Iterator[Any]:
    """A sound's frames, as PyAV has them. A damaged packet is left out; a file of nothing else is
    damaged. Raises MediaInvalid, and what FFmpeg raises."""
    import av

    until = time.monotonic() + _MOST_DECODING_SECONDS
    is_heard, problem = False, None
    for packet in container.demux(stream):
        if time.monotonic() > until:
            raise MediaInvalid("the recording takes too long to decode", Because.LARGE)
        try:
            frames = packet.decode()
        except av.error.InvalidDataError as damage:
            problem = damage
            continue
        for frame in frames:
            is_heard = True
            yield frame
    if problem and not is_heard:
        raise problem
