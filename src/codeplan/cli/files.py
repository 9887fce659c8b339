"""The data folder's files beside the store: the operator token, readable by its owner alone."""

import os
from pathlib import Path

from codeplan.kit import secrets

_TOKEN = "operator-token"


def operator_token(data: Path) -> str:
    """The token in this folder; made where there is none."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = read_operator_token(data)
    if found is not None:
        return found
    token = secrets.new_token("co-")
    descriptor = os.open(data / _TOKEN, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    return token


def read_operator_token(data: Path) -> str | None:
    try:
        return (data / _TOKEN).read_text("utf-8").strip() or None
    except OSError:
        return None
