"""One change of one file: what it would be, doing it with a backup, and taking it back."""

import difflib
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from codeplan.cli.editing import json_text, toml_text
from codeplan.clients.set_up import SetUp

_FORMATS = {"json": json_text, "toml": toml_text}


class Changed(Exception):
    """The file is no longer as `connect` left it."""


@dataclass(frozen=True, slots=True)
class Change:
    """``before`` is None where the file does not exist yet."""

    path: Path
    before: bytes | None
    after: bytes

    def diff(self, secret: str) -> str:
        """As it is shown to a person, without the secret."""
        lines = difflib.unified_diff(
            (self.before or b"").decode("utf-8", "replace").splitlines(),
            self.after.decode("utf-8", "replace").splitlines(),
            f"{self.path} (now)",
            f"{self.path} (then)",
            lineterm="",
        )
        return "\n".join(lines).replace(secret, f"{secret[:3]}…{secret[-4:]}")


def planned(set_up: SetUp, home: Path) -> Change:
    """Raises NotEditable."""
    existing = [home / name for name in set_up.files if (home / name).exists()]
    path = existing[0] if existing else home / set_up.files[0]
    before = path.read_bytes() if path.exists() else None
    after = before or b""
    editor = _FORMATS[set_up.format]
    for place in set_up.removes:
        after = editor.remove(after, place)
    for place, value in set_up.values:
        after = editor.set_value(after, place, value)
    if not after.endswith(b"\n"):
        after += b"\n"
    return Change(path, before, after)


class Backups:
    """What files were before, by client, in a folder of the person's own state."""

    def __init__(self, home: Path) -> None:
        state = os.environ.get("XDG_STATE_HOME")
        self._folder = (Path(state) if state else home / ".local/state") / "codeplan/connect"

    def has(self, client: str) -> bool:
        return (self._folder / f"{client}.json").exists()

    def do(self, client: str, change: Change) -> None:
        """Keep what is there, then change it. A second `connect` keeps the first's backup."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        note, kept = self._folder / f"{client}.json", self._folder / f"{client}.before"
        if not note.exists():
            _write(kept, change.before or b"")
        told = {
            "path": str(change.path),
            "existed": self._existed(note, change),
            "left_as": _hash(change.after),
        }
        _write(note, json.dumps(told).encode())
        _write(change.path, change.after)

    def _existed(self, note: Path, change: Change) -> bool:
        if note.exists():
            return bool(json.loads(note.read_text())["existed"])
        return change.before is not None

    def undo(self, client: str, force: bool) -> Path:
        """Put the file back, byte for byte. Raises Changed, FileNotFoundError."""
        note = self._folder / f"{client}.json"
        told = json.loads(note.read_text())
        path = Path(told["path"])
        kept = self._folder / f"{client}.before"
        now = path.read_bytes() if path.exists() else b""
        if _hash(now) != told["left_as"] and not force:
            raise Changed(str(path))
        if told["existed"]:
            _write(path, kept.read_bytes())
        else:
            path.unlink(missing_ok=True)
        for file in (note, kept):
            file.unlink()
        return path


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; what is new is for its owner alone, since it holds a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    part = target.with_name(f".{target.name}.codeplan")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.chmod(mode)
    part.replace(target)
