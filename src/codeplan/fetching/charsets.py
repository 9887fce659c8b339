"""From bytes to text as browsers do it: labels and order by the WHATWG (Encoding; HTML,
"determining the character encoding"): a byte order mark, what the answer says, what the page says
of itself, or a guess. Under what was said a bad byte is replaced, and nothing else is tried."""

import codecs
import re

import cchardet
import webencodings

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Python's codec for a WHATWG encoding, where webencodings names a smaller one.
_CODECS = {"gbk": "gb18030"}
# What is done about a byte that is bad in a codec; a mark in its place, where nothing stands here.
_ROW_13 = "codeplan-row-13"
_ERRORS = {"euc_jp": _ROW_13}
# What the guess may say beside labels: charsets that no page may declare, and no browser reads.
_GUESSED = {
    "ISO-2022-KR": "iso2022_kr", "UHC": "cp949", "JOHAB": "johab",
    "IBM852": "cp852", "IBM855": "cp855", "IBM862": "cp862", "IBM865": "cp865",
}  # fmt: skip
# A browser reads a declaration wherever in the head it stands: those after the first 1,024 bytes
# make it begin anew. Longer heads than this are none.
_HEAD = 64 * 1024
_NO_MARKUP = re.compile(rb"<!--.*?-->|<(script|style|title)\b.*?</\1", re.IGNORECASE | re.DOTALL)
_END_OF_HEAD = re.compile(rb"<body\b|</head", re.IGNORECASE)
_META = re.compile(rb"<meta\b([^>]*)", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([^\s\"'>;/]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"'>]{1,40})", re.IGNORECASE)
_GUESS_FROM = 256 * 1024


def decode_body(body: bytes, charset: str, *, guesses: bool = True) -> str:
    """``charset``: as the answer says; "" where it does not. ``guesses``: whether a charset is
    guessed where none is said and it is not UTF-8. Raises UnicodeDecodeError where it is not."""
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    codec = codec_of(charset) or _find_declared(body)
    if not codec:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            if not guesses:
                raise
        else:
            # ISO-2022-JP and its like are ASCII but for their escapes.
            if not guesses or "\x1b" not in text:
                return text
        codec = _guess_codec(body)
    return body.decode(codec, _ERRORS.get(codec, "replace"))


def codec_of(label: str) -> str:
    """Python's name for what a WHATWG label means; "" for an unknown one."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in ("replacement", "x-user-defined"):
        return ""
    return _CODECS.get(encoding.name) or str(encoding.codec_info.name)


def _find_declared(body: bytes) -> str:
    """The codec that a page or an XML document says in its head; "" where it says none."""
    head = body[:_HEAD]
    if xml := _XML.match(head):
        return _codec_said(xml[1])
    head = _NO_MARKUP.sub(b"", head)
    if end := _END_OF_HEAD.search(head):
        head = head[: end.start()]
    for meta in _META.finditer(head):
        if (said := _CHARSET.search(meta[1])) and (codec := _codec_said(said[1])):
            return codec
    return ""


def _codec_said(label: bytes) -> str:
    codec = codec_of(label.decode("latin-1"))
    # A page whose declaration could be read is not in UTF-16, whatever it says.
    return "utf-8" if codec.startswith("utf-16") else codec


def _guess_codec(body: bytes) -> str:
    """UTF-8 with a few bad bytes, or what uchardet says of the part before which no character is
    cut in half."""
    if _is_nearly_utf_8(body):
        return "utf-8"
    part = body[:_GUESS_FROM]
    part = part[: max(part.rfind(b"\n"), part.rfind(b"<"))] if len(body) > len(part) else part
    guess = cchardet.detect(part or body)["encoding"] or ""
    if guess == "ASCII":
        return "utf-8"
    return _GUESSED.get(guess.upper()) or codec_of(guess) or "cp1252"


def _is_nearly_utf_8(body: bytes) -> bool:
    """Whether ten characters are whole for each that is not; by chance hardly one is."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(not letter.isascii() for letter in text) - bad
    return 0 < bad * 10 <= good


def _of_two_bytes(error: UnicodeError) -> tuple[str, int]:
    """NEC's row 13 (①, ㈱, ㎡), which the Web's EUC-JP has and Python's lacks."""
    if isinstance(error, UnicodeDecodeError):
        pair = error.object[error.start : error.start + 2]
        if len(pair) == 2 and pair[0] == 0xAD and pair[1] >= 0xA1:
            return pair.decode("euc_jis_2004", "replace"), error.start + 2
        return "\ufffd", error.end
    raise error


codecs.register_error(_ROW_13, _of_two_bytes)
