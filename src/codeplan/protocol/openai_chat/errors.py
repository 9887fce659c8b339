"""Errors as this protocol writes them."""

from codeplan.protocol.openai_errors import encode

__all__ = ["encode"]
