"""Sounds in which nobody speaks, as WAV files."""

import array
import math
import random
import wave
from collections.abc import Iterable
from io import BytesIO

RATE = 16_000


def silence(seconds: int) -> bytes:
    return _wav(0 for _ in range(seconds * RATE))


def tone(seconds: int, hertz: int = 440) -> bytes:
    step = 2 * math.pi * hertz / RATE
    return _wav(round(9000 * math.sin(step * place)) for place in range(seconds * RATE))


def noise(seconds: int) -> bytes:
    source = random.Random(1)
    return _wav(round(source.gauss(0, 3000)) for _ in range(seconds * RATE))


def _wav(samples: Iterable[int]) -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes(array.array("h", samples).tobytes())
    return made.getvalue()
