"""How long a sound is, found by decoding it: what a header says need not be so, and what a browser
records says nothing."""

import io

from codeplan.media.kinds import MediaInvalid, sound_format


def seconds_of(body: bytes, most: float) -> float:
    """Its length. Raises MediaInvalid, also for more than ``most`` seconds. Takes its time: not for
    the loop."""
    import av

    container = sound_format(body)
    if not container:
        raise MediaInvalid(
            "expected a sound file: WAV, MP3, M4A, FLAC, OGG or WebM; this one is none, whatever"
            " its name says"
        )
    seconds = 0.0
    try:
        with av.open(io.BytesIO(body), "r", format=container) as opened:
            if not opened.streams.audio:
                raise MediaInvalid("the file has no sound in it")
            for frame in opened.decode(opened.streams.audio[0]):
                seconds += frame.samples / frame.sample_rate
                if seconds > most:
                    raise MediaInvalid(f"the recording is longer than {most:g} seconds")
    except MediaInvalid:
        raise
    except (av.error.FFmpegError, ValueError, MemoryError, ZeroDivisionError):
        raise MediaInvalid("the recording is damaged, or of a kind that cannot be read") from None
    if not seconds:
        raise MediaInvalid("the recording is empty")
    return seconds
