"""A recording as the samples that a model hears: one channel, 16,000 a second, from -1 to 1. How a
file's kind is told is `media`'s."""

import io
from itertools import chain
from typing import Any

from codeplan.media.boundary import reading
from codeplan.media.kinds import MediaInvalid, kind_of
from codeplan.media.sounds import decoded_frames

RATE = 16_000


def samples_of(body: bytes, most_seconds: float) -> Any:
    """A float32 array of numpy. What is longer is cut. Raises MediaInvalid. Takes its time: not for
    the loop."""
    import av
    import numpy

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces, count, most = [], 0, int(most_seconds * RATE)
    with (
        reading("recording", damage=(av.error.FFmpegError,)),
        av.open(io.BytesIO(body), "r", format=kind_of(body).opener) as opened,
    ):
        for frame in chain(decoded_frames(opened, opened.streams.audio[0]), (None,)):
            for piece in resampler.resample(frame):
                pieces.append(piece.to_ndarray().reshape(-1))
                count += len(pieces[-1])
            if count >= most:
                break
    if not pieces:
        raise MediaInvalid("the recording is empty")
    return numpy.concatenate(pieces)[:most].astype(numpy.float32) / 32768.0
