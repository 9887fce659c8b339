"""What `connect` set, noted in a folder of the person's own state, with a copy of each file as it
is without that. Knows no format; holds no key: values are digests, and texts have a mask for it.

A note is written before the files, as pending, and confirmed behind them, each time as a whole: a
command that was cut off anywhere is told by what the file holds.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from codeplan.cli.editing.edits import Edit, Kind, NotEditable
from codeplan.cli.editing.writing import PRIVATE, fill

_MASK = b"\0key\0"


class NotedEdit(msgspec.Struct, frozen=True):
    """One edit, with the digest of what was set."""

    path: tuple[str, ...]
    kind: Kind
    value: str = ""
    item: Any = None

    def as_edit(self) -> Edit:
        return Edit(self.path, self.value, self.kind, self.item)


class FileNote(msgspec.Struct, frozen=True):
    """``path``: the file itself, ``name``: as its person calls it, which may be a link.
    ``base``: the copy of the file without what was set; ``existed``: whether there is one then.
    ``after``: the copy, masked, of how it was left; ``left_as``: that content's hash. ``key_at``:
    where the key is in it. ``mode``: its permissions before; None where it is new. ``made``: the
    folders that were made for it. ``copies``: of files that were deleted or replaced since, which
    stand nowhere else. ``earlier``: the note that holds where
    this one, still ``pending``, was never carried out."""

    path: str
    name: str
    format: str
    existed: bool
    base: str
    after: str
    left_as: str
    edits: tuple[NotedEdit, ...] = ()
    key_at: tuple[str, ...] = ()
    mode: int | None = None
    made: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    pending: bool = False
    earlier: "FileNote | None" = None


class _ClientNote(msgspec.Struct, frozen=True):
    """All files of one client."""

    files: tuple[FileNote, ...]
    version: int = 2


class _NoteOfBefore(msgspec.Struct, frozen=True):
    """A file's note as the first version of `connect` wrote it."""

    path: str
    existed: bool
    copy: str
    left_as: str


class Notes:
    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        # Such a variable that is relative counts for nothing, as its specification says.
        state = Path(environ.get("XDG_STATE_HOME", ""))
        place = state if state.is_absolute() else home / ".local/state"
        self.folder = place / "codeplan/connect"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One command at a time. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def read(self, client: str) -> dict[str, FileNote]:
        """By path, as they are written. Raises NotEditable."""
        try:
            content = self._file(client).read_bytes()
        except FileNotFoundError:
            return {}
        try:
            if content.startswith(b"["):
                before = msgspec.json.decode(content, type=list[_NoteOfBefore])
                notes = [_as_now(one) for one in before]
            else:
                notes = list(msgspec.json.decode(content, type=_ClientNote).files)
        except msgspec.DecodeError:
            raise NotEditable(f"the note {self._file(client)} is broken") from None
        return {note.path: note for note in notes}

    def write(self, client: str, notes: Mapping[str, FileNote]) -> None:
        """All at once. Raises OSError."""
        file = self._file(client)
        if not notes:
            file.unlink(missing_ok=True)
            return
        part = file.with_suffix(".part")
        content = msgspec.json.encode(_ClientNote(tuple(notes.values())))
        try:
            fill(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), content)
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def keep(self, client: str, content: bytes) -> str:
        """The name of a new copy; none is ever written over. Raises OSError."""
        number = 0
        while True:
            name = f"{client}.{number}.copy"
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                descriptor = os.open(self.folder / name, flags, PRIVATE)
            except FileExistsError:
                number += 1
                continue
            try:
                fill(descriptor, content)
            except BaseException:
                (self.folder / name).unlink()
                raise
            return name

    def copy(self, name: str) -> bytes | None:
        """None where somebody took it away."""
        try:
            return (self.folder / name).read_bytes() if name else b""
        except FileNotFoundError:
            return None

    def drop(self, *names: str) -> None:
        for name in names:
            if name:
                with suppress(OSError):
                    (self.folder / name).unlink()

    def _file(self, client: str) -> Path:
        return self.folder / f"{client}.json"


def masked(content: bytes, key: str) -> bytes:
    return content.replace(key.encode(), _MASK)


def unmasked(content: bytes, key: str) -> bytes:
    return content.replace(_MASK, key.encode())


def content_hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _as_now(note: _NoteOfBefore) -> FileNote:
    return FileNote(note.path, note.path, "", note.existed, note.copy, "", note.left_as)
