"""Text read from pictures by a small program in this process (RapidOCR with PP-OCR models, which
its wheel carries): what there is where no vision model is set up. Needs the extra ``embedded``."""

import asyncio
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeplan.media.boundary import reading

NAME = "rapidocr"


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text and where it stands, in pixels. ``letter``: the width of one letter."""

    text: str
    left: float
    top: float
    height: float
    letter: float


class TextReader:
    """One picture at a time: it takes the cores that it has."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._engine: Any = None

    @property
    def is_there(self) -> bool:
        return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))

    async def read(self, picture: bytes) -> str:
        """The text, line by line, with its indentation; "" where there is none. ``picture``: an
        opened one's. Raises MediaInvalid, and nothing else."""
        async with self._lock:
            return await asyncio.to_thread(self._read, picture)

    def _read(self, picture: bytes) -> str:
        if self._engine is None:
            self._engine = _load()
        with reading("picture"):
            result = self._engine(picture)
            if result.txts is None:
                return ""
            return laid_out(
                [_line(text, box) for text, box in zip(result.txts, result.boxes, strict=True)]
            )


def _load() -> Any:
    from rapidocr import RapidOCR

    # A core is left for those who are served meanwhile.
    threads = max(1, (os.cpu_count() or 2) - 1)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            # Screenshots do not stand on their heads; and a small one gains nothing by being made
            # larger first, which is this program's habit (measured: a third of the time).
            "Global.use_cls": False,
            "Det.limit_type": "max",
            "Det.limit_side_len": 1920,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        }
    )


def _line(text: str, box: Any) -> Line:
    xs, ys = [float(point[0]) for point in box], [float(point[1]) for point in box]
    width = max(xs) - min(xs)
    return Line(text, min(xs), min(ys), max(ys) - min(ys), width / max(1, len(text)))


def laid_out(pieces: Sequence[Line]) -> str:
    """Pieces that stand beside each other on one line, and each line as far in as it stands."""
    if not pieces:
        return ""
    margin = min(piece.left for piece in pieces)
    letters = sorted(piece.letter for piece in pieces)
    letter = letters[len(letters) // 2] or 1.0
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda piece: piece.top + piece.height / 2):
        middle = piece.top + piece.height / 2
        last = rows[-1][0] if rows else None
        if last is not None and abs(middle - (last.top + last.height / 2)) < last.height / 2:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return "\n".join(_row(row, margin, letter) for row in rows)


def _row(row: list[Line], margin: float, letter: float) -> str:
    text = ""
    for piece in sorted(row, key=lambda piece: piece.left):
        column = round((piece.left - margin) / letter)
        gap = column - len(text)
        text += " " * (max(1, gap) if text else max(0, gap)) + piece.text
    return text
