"""Taking back what was set in one file: exactly those values, to what they were; what else was
changed since stays. Reads copies, writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from msgspec import structs

from codeplan.cli.editing.edits import (
    Edit,
    NotEditable,
    applied,
    at,
    digest,
    emptied,
    reverse,
    same,
)
from codeplan.cli.editing.formats import Document
from codeplan.cli.editing.merging import taken_back
from codeplan.cli.editing.notes import FileNote, NotedEdit, Notes, content_hash, unmasked
from codeplan.clients.set_up import Path


@dataclass(frozen=True, slots=True)
class Undone:
    """``content``: the file without what was set; None where there is none then. ``changed``: what
    was set and somebody changed since, so that it stays. ``is_whole``: whether all that the copy of
    before has stands in it. ``is_ours``: whether anything stood in it that was set."""

    content: bytes | None
    changed: tuple[Path, ...] = ()
    is_whole: bool = True
    is_ours: bool = True


def settled(notes: Notes, client: str) -> dict[str, FileNote]:
    """A client's notes by path. One that is pending, since its command was cut off, holds where
    something of it stands in the file; else the one before it does. Raises NotEditable."""
    settled_notes = (_settled(note, notes) for note in notes.read(client).values())
    return {note.path: note for note in settled_notes if note is not None}


def _settled(note: FileNote, notes: Notes) -> FileNote | None:
    if not note.pending:
        return note
    try:
        content = FilePath(note.path).read_bytes()
        settings = Document.of(content, note.format).settings()
        before = Document.of(notes.copy(note.base) or b"", note.format).settings()
    except OSError:
        return note.earlier
    except NotEditable:
        # Nobody can tell: it is kept, and undoing it says why.
        return structs.replace(note, pending=False, earlier=None)
    holds = content_hash(content) == note.left_as or stands(note, settings, before)
    return structs.replace(note, pending=False, earlier=None) if holds else note.earlier


def undone(note: FileNote, content: bytes | None, notes: Notes) -> Undone:
    """A file's content, None where there is none, without what the note says. Raises NotEditable
    where nobody can tell what is whose."""
    try:
        return _undone(note, content, notes)
    except RecursionError:
        raise NotEditable("it is nested too deeply") from None


def _undone(note: FileNote, content: bytes | None, notes: Notes) -> Undone:
    if content is None:
        return Undone(None, is_whole=not note.existed, is_ours=False)
    copy = notes.copy(note.base)
    if content_hash(content) == note.left_as and copy is not None:
        return Undone(copy if note.existed else None)
    if not note.format:
        raise NotEditable("an earlier codeplan connected it, and it was changed since")
    former = copy or b""
    now, base = Document.of(content, note.format), Document.of(former, note.format)
    settings, before = now.settings(), base.settings()
    if not stands(note, settings, before):
        return Undone(content, is_whole=not note.existed, is_ours=False)
    edits = taking_back(note.edits, settings, before)
    result = applied(settings, edits)
    after = unmasked(notes.copy(note.after) or b"", _key(note, settings))
    merged = taken_back(after, former, content)
    is_merged = merged is not None and _means(merged, note.format, result)
    text = merged if merged is not None and is_merged else now.edited(edits)
    changed = tuple(
        edit.path
        for edit in note.edits
        if edit.kind in ("set", "removed")
        and not same(at(result, edit.path), at(before, edit.path))
    )
    if not note.existed and not result and text.strip() in (b"", b"{}"):
        return Undone(None, changed)
    is_whole = copy is not None and not changed and (is_merged or _holds(text, former))
    return Undone(text, changed, is_whole)


def stands(note: FileNote, settings: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether anything stands that was set. Where nothing does, another file was put in the place
    of the one that was changed."""
    values = [one.as_edit() for one in note.edits if one.kind == "set"]
    return any(reverse(edit, settings, before) is not None for edit in values)


def taking_back(
    noted: Iterable[NotedEdit], settings: Mapping[str, Any], before: Mapping[str, Any]
) -> list[Edit]:
    """The edits that take these back, where nobody else changed the same, and with them the tables
    that were made for them."""
    reversed_ = [reverse(one.as_edit(), settings, before) for one in noted]
    edits = [edit for edit in reversed_ if edit is not None]
    paths = [edit.path for edit in edits]
    return [*edits, *emptied(applied(settings, edits), before, paths)]


def _key(note: FileNote, settings: Mapping[str, Any]) -> str:
    """The key that was set, where it still stands; "" where it does not."""
    value = at(settings, note.key_at)
    known = {edit.path: edit.value for edit in note.edits}
    return value if isinstance(value, str) and digest(value) == known.get(note.key_at) else ""


def _holds(text: bytes, former: bytes) -> bool:
    """Whether each line of before stands in a text again, but for commas."""
    text = text.replace(b",", b"")
    return all(line.strip() in text for line in former.replace(b",", b"").splitlines())


def _means(content: bytes, format_: str, settings: Mapping[str, Any]) -> bool:
    try:
        return same(Document.of(content, format_).settings(), settings)
    except NotEditable:
        return False
