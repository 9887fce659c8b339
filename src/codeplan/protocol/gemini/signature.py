"""Thinking that comes back as a thought signature.

Callers send a part's ``thoughtSignature`` back untouched, and drop the thoughts themselves. So what
the upstream needs of its thinking again (the text, and a signature where it has one) travels in it:
base64 of JSON behind a mark of ours. It hides nothing from the caller, who may ask for the text.
"""

import base64
import binascii

import msgspec

from codeplan.protocol import inner

_MARK = b"codeplan1."
# Python's SDK writes the URL-safe letters whatever it has read.
_STANDARD = str.maketrans("-_", "+/")


def write(thinking: inner.Thinking) -> str:
    kept = _MARK + msgspec.json.encode([thinking.text, thinking.signature])
    return base64.b64encode(kept).decode()


def read(signature: object) -> inner.Thinking | None:
    """The thinking in a signature that came back; None for one that is not ours."""
    if not isinstance(signature, str):
        return None
    try:
        kept = base64.b64decode(signature.translate(_STANDARD) + "==")
        if not kept.startswith(_MARK):
            return None
        text, mark = msgspec.json.decode(kept.removeprefix(_MARK), type=tuple[str, str])
    except (binascii.Error, ValueError):
        return None
    return inner.Thinking(text, mark)
