"""What kind of file some bytes are, by how they begin. A name or a media type that came along says
nothing: a program that opens files must be told which kind it may take them for, since some kinds
(playlists, concatenations) name other files to open."""


class MediaInvalid(ValueError):
    """Not a file of a kind that is taken, or a damaged one; the text says what was expected.
    ``status``: HTTP's."""

    status = 400


_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def picture_kind(body: bytes) -> str:
    """Its media type; "" for no picture that is taken."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _PICTURES if body.startswith(start)), "")


def video_format(body: bytes) -> str:
    """FFmpeg's name of its container; "" for no video that is taken."""
    if body[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mov"
    if body.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if body[:4] == b"RIFF" and body[8:12] == b"AVI ":
        return "avi"
    return ""


def sound_format(body: bytes) -> str:
    """FFmpeg's name of its container; "" for no sound that is taken."""
    if body[:4] == b"RIFF" and body[8:12] == b"WAVE":
        return "wav"
    for start, name in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3", "mp3")):
        if body.startswith(start):
            return name
    if len(body) > 1 and body[0] == 0xFF and body[1] & 0xE0 == 0xE0:
        return "aac" if body[1] & 0xF6 == 0xF0 else "mp3"
    found = video_format(body)
    return found if found in ("mov", "matroska") else ""
