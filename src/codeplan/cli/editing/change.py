"""One change of one file: what it would be, doing it with a backup, and taking it back."""

import difflib
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from codeplan.cli.editing import json_text, toml_text, yaml_text
from codeplan.clients.set_up import SetUp

_FORMATS = {"json": json_text, "toml": toml_text, "yaml": yaml_text}


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
    for place, value in set_up.defaults:
        if editor.remove(after, place) == after:  # nothing is there
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
        return self._note(client).exists()

    def do(self, client: str, changes: list[Change]) -> None:
        """Keep what is there, then change it. A second `connect` keeps the first's backup."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        note = self._note(client)
        before = {told.path: told for told in self._kept(client)} if note.exists() else {}
        kept = []
        for number, change in enumerate(changes):
            told = before.get(str(change.path))
            copy = told.copy if told else f"{client}.{number}.before"
            if told is None:
                _write(self._folder / copy, change.before or b"")
            existed = told.existed if told else change.before is not None
            kept.append(_Kept(str(change.path), existed, copy, _hash(change.after)))
        _write(note, msgspec.json.encode(kept))
        for change in changes:
            _write(change.path, change.after)

    def undo(self, client: str, force: bool) -> list[Path]:
        """Put the files back, byte for byte. Raises Changed."""
        kept = self._kept(client)
        for told in kept:
            path = Path(told.path)
            now = path.read_bytes() if path.exists() else b""
            if _hash(now) != told.left_as and not force:
                raise Changed(told.path)
        for told in kept:
            path, copy = Path(told.path), self._folder / told.copy
            if told.existed:
                _write(path, copy.read_bytes())
            else:
                path.unlink(missing_ok=True)
        self._note(client).unlink()
        for told in kept:
            (self._folder / told.copy).unlink()
        return [Path(told.path) for told in kept]

    def _note(self, client: str) -> Path:
        return self._folder / f"{client}.json"

    def _kept(self, client: str) -> list["_Kept"]:
        return msgspec.json.decode(self._note(client).read_bytes(), type=list[_Kept])


class _Kept(msgspec.Struct, frozen=True):
    """What was before of one file: whether it ``existed``, its ``copy`` in the backups' folder, and
    the hash of how it was left."""

    path: str
    existed: bool
    copy: str
    left_as: str


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
