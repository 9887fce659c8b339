"""A recording as the samples that a model hears: one channel, 16,000 a second, from -1 to 1. How a
file's kind is told is `media`'s."""

import io
from itertools import chain
from typing import Any

from codeplan.media.kinds import MediaInvalid, sound_format

RATE = 16_000


def samples_of(body: bytes, most_seconds: float) -> Any:
    """A float32 array of numpy. What is longer is cut. Raises MediaInvalid. Takes its time: not for
    the loop."""
    import av
    import numpy

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces, count, most = [], 0, int(most_seconds * RATE)
    try:
        with av.open(io.BytesIO(body), "r", format=sound_format(body)) as opened:
            for frame in chain(opened.decode(opened.streams.audio[0]), (None,)):
                for piece in resampler.resample(frame):
                    pieces.append(piece.to_ndarray().reshape(-1))
                    count += len(pieces[-1])
                if count >= most:
                    break
    except (av.error.FFmpegError, ValueError, IndexError, MemoryError):
        raise MediaInvalid("the recording is damaged, or of a kind that cannot be read") from None
    if not pieces:
        raise MediaInvalid("the recording is empty")
    return numpy.concatenate(pieces)[:most].astype(numpy.float32) / 32768.0
