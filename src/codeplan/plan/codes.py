"""A code as people type it: case, blanks and dashes are forgiven, also in the forms that phones,
word processors and Chinese keyboards write."""

import unicodedata

# Dashes that Unicode counts as other signs: minus, the soft hyphen, the Katakana long vowel.
_DASHES = "\N{MINUS SIGN}\N{SOFT HYPHEN}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}\N{OVERLINE}_"


def plain(code: str) -> str:
    """Its letters and digits alone, upper-case, by which two spellings of one code are the same.
    Full-width letters are the plain ones; what cannot be seen is left out."""
    text = unicodedata.normalize("NFKC", code)
    kept = "".join(one for one in text if not _is_between(one)).upper()
    # What stood apart may make one letter now, and an upper-case letter may be written as two.
    again = unicodedata.normalize("NFKC", kept)
    return again if again == code else plain(again)


def _is_between(one: str) -> bool:
    """Dashes, blanks, and marks that cannot be seen."""
    return unicodedata.category(one) in ("Pd", "Zs", "Zl", "Zp", "Cc", "Cf") or one in _DASHES
