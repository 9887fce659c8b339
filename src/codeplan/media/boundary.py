"""The boundary around every library that opens what people send. Damaged files make libraries raise
what nobody wrote down; nothing but MediaInvalid leaves here, and what was not foreseen is logged
with its trace."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from codeplan.media.kinds import Because, Family, Kind, MediaInvalid

Errors = tuple[type[Exception], ...]
# What libraries raise for a damaged file.
_OF_DAMAGE: Errors = (OSError, SyntaxError, ValueError, EOFError, struct.error, ArithmeticError)
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("codeplan")
_READ = {
    Family.PICTURE: "PNG, JPEG, WebP, GIF, AVIF, HEIC, TIFF, BMP, ICO or JPEG 2000",
    Family.VIDEO: "MP4, MOV, WebM, MKV, AVI or 3GP",
    Family.SOUND: "WAV, MP3, M4A, FLAC, OGG, WebM, AIFF, AAC, CAF or AMR",
}
_FILE = {Family.PICTURE: "picture", Family.VIDEO: "video", Family.SOUND: "sound file"}
_SEND = {
    Family.PICTURE: "send PNG, JPEG or WebP",
    Family.VIDEO: "send MP4, MOV or WebM",
    Family.SOUND: "send WAV, MP3, M4A, FLAC, OGG or WebM",
}


@contextmanager
def reading(what: str, damage: Errors = (), large: Errors = ()) -> Iterator[None]:
    """``what``: "picture", "video", "recording". ``damage``, ``large``: what the library's own
    errors mean. Raises MediaInvalid, and nothing else."""
    damage, large = (*_OF_DAMAGE, *damage), (MemoryError, *large)
    try:
        yield
    except MediaInvalid:
        raise
    except large:
        text = f"the {what} has more in it than there is room for"
        raise MediaInvalid(text, Because.LARGE) from None
    except damage:
        raise _damaged(what) from None
    except Exception as problem:
        _log.exception("a library broke on a file", what=what)
        raise _damaged(what) from problem


def _damaged(what: str) -> MediaInvalid:
    text = f"the {what} is damaged, or of a kind that cannot be decoded"
    return MediaInvalid(text, Because.DAMAGED)


def refused(kind: Kind, family: Family) -> MediaInvalid:
    """What says that a file is none of this family, or one of a kind that is not read."""
    if not kind.name:
        text = (
            f"expected a {_FILE[family]}: {_READ[family]}; this one is none, whatever its name says"
        )
    elif kind.family is family or kind.family is Family.OTHER:
        text = f"{kind.article} is not read: {_SEND[family]}"
    else:
        text = f"{kind.article} is a {kind.family}, and a {family} is expected: {_SEND[family]}"
    return MediaInvalid(text, Because.UNKNOWN)
