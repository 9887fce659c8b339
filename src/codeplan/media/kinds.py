"""What kind of file some bytes are, by how they begin. A name or a media type that came along says
nothing: a program that opens files must be told which kind it may take them for, since some kinds
(playlists, concatenations) name other files to open. It opens nothing itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Because(StrEnum):
    """Why a file was not read."""

    UNKNOWN = "unknown"  # of no kind that is read here
    DAMAGED = "damaged"
    LARGE = "large"  # more bytes, pixels, frames or seconds than are taken
    EMPTY = "empty"  # there is nothing in it
    FORM = "form"  # it did not come as a file comes


class MediaInvalid(ValueError):
    """A file that is not read; the text says because of what, and what would be. ``status``:
    HTTP's."""

    status = 400

    def __init__(self, text: str, because: Because = Because.FORM) -> None:
        super().__init__(text)
        self.because = because


class Family(StrEnum):
    PICTURE = "picture"
    VIDEO = "video"  # also a container in which there may be sound alone
    SOUND = "sound"
    OTHER = "other"


# Names in capitals that are spoken as words.
_SPOKEN = frozenset({"FLAC", "HEIC", "MIDI"})


@dataclass(frozen=True, slots=True)
class Kind:
    """``opener``: Pillow's name of a picture's kind ("HEIF" is ours), FFmpeg's of a container; ""
    for a kind that is known and not read. ``ending``: of a file's name."""

    name: str
    family: Family = Family.OTHER
    media_type: str = "application/octet-stream"
    ending: str = ""
    opener: str = ""

    @property
    def article(self) -> str:
        """With its article: "an SVG"."""
        word = self.name.partition(" ")[0]
        is_spelt = word.isupper() and word[0] in "AEFHILMNORSX" and word not in _SPOKEN
        return f"{'an' if is_spelt or word[:1] in 'AEIO' else 'a'} {self.name}"


NOTHING_KNOWN = Kind("")
PNG = Kind("PNG", Family.PICTURE, "image/png", "png", "PNG")
JPEG = Kind("JPEG", Family.PICTURE, "image/jpeg", "jpg", "JPEG")
GIF = Kind("GIF", Family.PICTURE, "image/gif", "gif", "GIF")
WEBP = Kind("WebP", Family.PICTURE, "image/webp", "webp", "WEBP")
AVIF = Kind("AVIF", Family.PICTURE, "image/avif", "avif", "AVIF")
TIFF = Kind("TIFF", Family.PICTURE, "image/tiff", "tiff", "TIFF")
BMP = Kind("BMP", Family.PICTURE, "image/bmp", "bmp", "BMP")
ICO = Kind("ICO", Family.PICTURE, "image/x-icon", "ico", "ICO")
JPEG_2000 = Kind("JPEG 2000", Family.PICTURE, "image/jp2", "jp2", "JPEG2000")
HEIC = Kind("HEIC", Family.PICTURE, "image/heic", "heic", "HEIF")
SVG = Kind("SVG", Family.PICTURE, "image/svg+xml", "svg")
JPEG_XL = Kind("JPEG XL", Family.PICTURE, "image/jxl", "jxl")
CAMERA_RAW = Kind("camera raw file", Family.PICTURE)
PHOTOSHOP = Kind("Photoshop file", Family.PICTURE, "image/vnd.adobe.photoshop", "psd")

MP4 = Kind("MP4", Family.VIDEO, "video/mp4", "mp4", "mov")
MOV = Kind("MOV", Family.VIDEO, "video/quicktime", "mov", "mov")
THREE_GP = Kind("3GP", Family.VIDEO, "video/3gpp", "3gp", "mov")
WEBM = Kind("WebM", Family.VIDEO, "video/webm", "webm", "matroska")
MKV = Kind("MKV", Family.VIDEO, "video/x-matroska", "mkv", "matroska")
AVI = Kind("AVI", Family.VIDEO, "video/x-msvideo", "avi", "avi")
FLV = Kind("FLV", Family.VIDEO, "video/x-flv", "flv")
WMV = Kind("WMV or WMA", Family.VIDEO, "video/x-ms-asf", "wmv")
MPEG_TS = Kind("MPEG transport stream", Family.VIDEO, "video/mp2t", "ts")
MPEG_PS = Kind("MPEG programme stream", Family.VIDEO, "video/mpeg", "mpg")

WAV = Kind("WAV", Family.SOUND, "audio/wav", "wav", "wav")
MP3 = Kind("MP3", Family.SOUND, "audio/mpeg", "mp3", "mp3")
M4A = Kind("M4A", Family.SOUND, "audio/mp4", "m4a", "mov")
FLAC = Kind("FLAC", Family.SOUND, "audio/flac", "flac", "flac")
OGG = Kind("OGG", Family.SOUND, "audio/ogg", "ogg", "ogg")
AIFF = Kind("AIFF", Family.SOUND, "audio/aiff", "aiff", "aiff")
AAC = Kind("AAC", Family.SOUND, "audio/aac", "aac", "aac")
CAF = Kind("CAF", Family.SOUND, "audio/x-caf", "caf", "caf")
AMR = Kind("AMR", Family.SOUND, "audio/amr", "amr", "amr")
MIDI = Kind("MIDI file", Family.SOUND, "audio/midi", "mid")

PDF = Kind("PDF", media_type="application/pdf", ending="pdf")
HTML = Kind("HTML page", media_type="text/html", ending="html")
ZIP = Kind("ZIP archive", media_type="application/zip", ending="zip")
GZIP = Kind("gzip archive", media_type="application/gzip", ending="gz")

_STARTS: Sequence[tuple[bytes, Kind]] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00\x10\x00\x00\x00CR", CAMERA_RAW),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"\x00\x00\x01\x00", ICO),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG_2000),
    (b"\xff\x4f\xff\x51", JPEG_2000),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JPEG_XL),
    (b"\xff\x0a", JPEG_XL),
    (b"8BPS", PHOTOSHOP),
    (b"FLV\x01", FLV),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", WMV),
    (b"\x00\x00\x01\xba", MPEG_PS),
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b"caff", CAF),
    (b"#!AMR", AMR),
    (b"MThd", MIDI),
    (b"%PDF-", PDF),
    (b"PK\x03\x04", ZIP),
    (b"\x1f\x8b", GZIP),
)
# RIFF's and IFF's: what they say behind their length.
_CHUNKED = {
    (b"RIFF", b"WEBP"): WEBP,
    (b"RIFF", b"AVI "): AVI,
    (b"RIFF", b"WAVE"): WAV,
    (b"RIFX", b"WAVE"): WAV,
    (b"RF64", b"WAVE"): WAV,
    (b"BW64", b"WAVE"): WAV,
    (b"FORM", b"AIFF"): AIFF,
    (b"FORM", b"AIFC"): AIFF,
}
_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# Lengths that a BMP's second header may have; "BM" alone also begins a text.
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_SVG = re.compile(rb"<svg[\s>]|<!doctype\s+svg", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_LOOKED_AT = 4096


def kind_of(body: bytes) -> Kind:
    """NOTHING_KNOWN for one of no kind that has a name here."""
    if body[:3] == b"ID3" and len(body) > 10:
        # A tag that may stand in front of MP3, AAC and FLAC; its length has seven bits a byte.
        shifts = zip(body[6:10], (21, 14, 7, 0), strict=True)
        length = sum((size & 0x7F) << shift for size, shift in shifts)
        behind = kind_of(body[10 + length : 10 + length + _LOOKED_AT])
        return behind if behind in (AAC, FLAC) else MP3
    for start, kind in _STARTS:
        if body.startswith(start):
            return kind
    chunked = _CHUNKED.get((body[:4], body[8:12]))
    if chunked is not None:
        return chunked
    if body[:2] == b"BM" and int.from_bytes(body[14:18], "little") in _BMP_HEADERS:
        return BMP
    if body[4:8] == b"ftyp":
        return _branded(body)
    if body[4:8] in _BOXES:
        return MOV
    if body.startswith(b"\x1aE\xdf\xa3"):
        return WEBM if b"webm" in body[:_LOOKED_AT] else MKV
    if body[:1] == b"\x47" and body[188:189] in (b"\x47", b""):
        return MPEG_TS if len(body) > 188 else NOTHING_KNOWN
    return _by_sync(body) or _written(body)


def _branded(body: bytes) -> Kind:
    """ISO's base media: the brand says which of its many kinds."""
    length = min(int.from_bytes(body[:4], "big"), 512)
    brands = {body[8:12], *(body[place : place + 4] for place in range(16, length, 4))}
    major = body[8:12]
    if brands & {b"avif", b"avis"}:
        return AVIF
    if major in _HEIF_BRANDS:
        return HEIC
    if major in (b"M4A ", b"M4B ", b"M4P "):
        return M4A
    if major == b"qt  ":
        return MOV
    if major == b"crx ":
        return CAMERA_RAW
    return THREE_GP if major.startswith(b"3g") else MP4


def _by_sync(body: bytes) -> Kind | None:
    """MPEG's sounds begin with eleven bits that are set; some values never follow."""
    if len(body) < 4 or body[0] != 0xFF or body[1] & 0xE0 != 0xE0:
        return None
    if body[1] & 0xF6 == 0xF0:
        return AAC
    version, layer = body[1] >> 3 & 3, body[1] >> 1 & 3
    is_valid = version != 1 and layer != 0 and body[2] >> 4 != 15 and body[2] >> 2 & 3 != 3
    return MP3 if is_valid else None


def _written(body: bytes) -> Kind:
    """Texts that are named in a refusal."""
    start = body[:_LOOKED_AT]
    if _HTML.search(start):
        return HTML
    return SVG if _SVG.search(start) else NOTHING_KNOWN
