"""Making changes of a client's files, and taking them back: all or nothing, noted, and with a copy
of every file. Decides nothing of what is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codeplan.cli.editing.change import Change, planned
from codeplan.cli.editing.edits import NotEditable
from codeplan.cli.editing.notes import FileNote, Notes, content_hash, masked
from codeplan.cli.editing.undo import Undone, settled, undone
from codeplan.cli.editing.writing import (
    PRIVATE,
    make_folders,
    mode_of,
    remove_folders,
    target_of,
    write,
)
from codeplan.clients.set_up import SetUp


class Changed(Exception):
    """The file is no longer as it was when the change was planned."""


class HalfDone(Exception):
    """A change that failed, and whose beginning could not be taken back either."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """One file after it was taken back. ``changed``: settings that somebody else changed since and
    that stay; ``copies``: where files are kept of which not everything stands in its place again;
    ``replaced``: where the file is kept that was put aside by force. ``is_gone``: whether somebody
    had deleted it."""

    path: Path
    changed: tuple[tuple[str, ...], ...] = ()
    copies: tuple[str, ...] = ()
    replaced: str = ""
    is_gone: bool = False


class Connections:
    """The files of clients below one home folder. ``environ``: the variables that tools and this
    command look at."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self._home, self._environ = home, environ
        self.notes = Notes(home, environ)

    def plan(self, client: str, set_ups: Sequence[SetUp], key: str) -> list[Change]:
        """What connecting would change now. Raises NotEditable and OSError."""
        return [
            planned(set_up, key, self._home, self._environ, self.notes, client)
            for set_up in set_ups
        ]

    def do(self, client: str, changes: Sequence[Change], key: str) -> None:
        """Make these changes, or none. Raises Changed and OSError."""
        with self.notes.locked():
            earlier = settled(self.notes, client)
            for change in changes:
                if _content(change.path) != change.before:
                    raise Changed(str(change.path))
            made: list[str] = []
            done: list[tuple[Change, list[Path]]] = []
            pending = dict(earlier)
            try:
                for change in changes:
                    note = self._kept(client, change, earlier.get(_file(change)), key, made)
                    pending[note.path] = note
                self.notes.write(client, pending)
                for change in changes:
                    folders = make_folders(change.path)
                    done.append((change, folders))
                    note = pending[_file(change)]
                    made_folders = tuple(map(str, folders)) or note.made
                    pending[note.path] = msgspec.structs.replace(note, made=made_folders)
                    _write(change)
                confirmed = {
                    path: msgspec.structs.replace(note, pending=False, earlier=None)
                    for path, note in pending.items()
                }
                self.notes.write(client, confirmed)
                in_use = {name for note in confirmed.values() for name in _copies_of(note)}
                names = (name for note in earlier.values() for name in _copies_of(note))
                self.notes.drop(*(name for name in names if name not in in_use))
            except BaseException as error:
                try:
                    self._roll_back(client, done, earlier, made)
                except OSError as second:
                    raise HalfDone(
                        f"{error}; and what was begun could not be taken back: {second}; the"
                        f" copies are in {self.notes.folder}"
                    ) from error
                raise

    def _kept(
        self, client: str, change: Change, earlier: FileNote | None, key: str, made: list[str]
    ) -> FileNote:
        """The note of a change, with the copies that it needs; ``made`` gets their names."""
        base, copies = "", earlier.copies if earlier else ()
        if earlier is not None and earlier.base:
            if change.base is not None and self.notes.copy(earlier.base) == change.base:
                base = earlier.base
            elif not change.replaces_base:
                copies = (*copies, earlier.base)
        if change.base is not None and not base:
            base = self.notes.keep(client, change.base)
            made.append(base)
        after = self.notes.keep(client, masked(change.after, key) if key else change.after)
        made.append(after)
        return FileNote(
            path=_file(change),
            name=str(change.path),
            format=change.format,
            existed=change.base is not None,
            base=base,
            after=after,
            left_as=content_hash(change.after),
            edits=change.edits,
            key_at=change.key_at,
            mode=_mode_before(change, earlier),
            made=earlier.made if earlier else (),
            copies=copies,
            pending=True,
            earlier=msgspec.structs.replace(earlier, earlier=None) if earlier else None,
        )

    def _roll_back(
        self,
        client: str,
        done: Sequence[tuple[Change, list[Path]]],
        earlier: Mapping[str, FileNote],
        made: Sequence[str],
    ) -> None:
        for change, folders in reversed(done):
            if change.before is None:
                if _content(change.path) == change.after:
                    target_of(change.path).unlink()
            elif _content(change.path) != change.before:
                write(change.path, change.before, change.mode_before or PRIVATE)
            remove_folders(folders)
        self.notes.write(client, earlier)
        self.notes.drop(*made)

    def undo(self, client: str, force: bool = False) -> list[TakenBack]:
        """Take back what was set in each of a client's files; with ``force`` put the files
        themselves back, and keep what stood there. Raises NotEditable and OSError, with the files
        before that one taken back."""
        with self.notes.locked():
            notes = settled(self.notes, client)
            results = []
            # The last first, so that folders are empty again by the time of the first.
            for path, note in reversed(list(notes.items())):
                result = self._undo(client, note, force)
                results.append(result)
                del notes[path]
                self.notes.write(client, notes)
                kept = {Path(copy).name for copy in result.copies}
                self.notes.drop(*(name for name in _copies_of(note) if name not in kept))
            return results[::-1]

    def _undo(self, client: str, note: FileNote, force: bool) -> TakenBack:
        path = Path(note.path)
        content = _content(path)
        replaced = ""
        if force:
            former = self.notes.copy(note.base) if note.existed else None
            if note.existed and former is None:
                raise NotEditable(f"{path}: the copy of it is gone, and so there is no way back")
            if content not in (None, former) and content_hash(content or b"") != note.left_as:
                replaced = str(self.notes.folder / self.notes.keep(client, content or b""))
            undo = Undone(former)
        else:
            try:
                undo = undone(note, content, self.notes)
            except NotEditable as error:
                raise NotEditable(f"{path}: {error}") from None
        self._put(note, path, content, undo)
        names = note.copies if undo.is_whole else (*note.copies, note.base)
        copies = tuple(str(self.notes.folder / name) for name in names if name)
        return TakenBack(
            Path(note.name), undo.changed, copies, replaced, content is None and not force
        )

    def _put(self, note: FileNote, path: Path, now: bytes | None, undo: Undone) -> None:
        """Write what a file is to hold, with the permissions of before; it is read again."""
        then = undo.content
        if then is None:
            if now is not None:
                target_of(path).unlink()
            remove_folders([Path(folder) for folder in note.made])
            return
        mode = PRIVATE if now is None else mode_of(path)
        if note.mode is not None and undo.is_ours and mode == note.mode & 0o700:
            mode = note.mode
        if now != then or mode != mode_of(path):
            make_folders(path)
            write(path, then, mode)
        if path.read_bytes() != then:
            raise OSError(f"{path} does not hold what was written")


def _mode_before(change: Change, earlier: FileNote | None) -> int | None:
    """A file's permissions before it was connected: those of now, unless they are connect's own."""
    if earlier is not None and earlier.mode is not None and change.is_ours:
        return earlier.mode if change.mode_before == earlier.mode & 0o700 else change.mode_before
    return change.mode_before


def _file(change: Change) -> str:
    """The file itself, by which it is known also when a link is pointed elsewhere."""
    return str(target_of(change.path))


def _copies_of(note: FileNote) -> tuple[str, ...]:
    return (note.base, note.after, *note.copies)


def _write(change: Change) -> None:
    if change.changes_anything or change.before is None:
        write(change.path, change.after, change.mode)
        if change.path.read_bytes() != change.after:
            raise OSError(f"{change.path} does not hold what was written")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if target_of(path).exists() else None
