"""Thinking as an item of this protocol.

Callers send a reasoning item back untouched. What the upstream needs of it again (the text, and a
signature where it has one) travels in ``encrypted_content``: base64 of JSON behind a mark of ours.
It hides nothing from the caller, who has the text anyway.
"""

import base64
import binascii
from typing import Any

import msgspec

from codeplan.protocol import inner

_MARK = "codeplan1."


def item(identity: str, text: str, signature: str) -> dict[str, Any]:
    kept = base64.b64encode(msgspec.json.encode([text, signature])).decode()
    return {
        "type": "reasoning",
        "id": identity,
        "summary": [{"type": "summary_text", "text": text}],
        "encrypted_content": _MARK + kept,
    }


def read(reasoning: dict[str, Any]) -> inner.Thinking | None:
    """The thinking in an item that came back; None for one that is not ours."""
    kept = reasoning.get("encrypted_content")
    if not isinstance(kept, str) or not kept.startswith(_MARK):
        return None
    try:
        text, signature = msgspec.json.decode(
            base64.b64decode(kept.removeprefix(_MARK)), type=tuple[str, str]
        )
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return inner.Thinking(text, signature)
