"""Taking back what was set in one file: exactly those values, to what they were; what else was
changed since stays. Reads copies, writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
    was set and somebody changed since, so that it stays. ``is_whole``: whether every byte is as it
    was before, but for what others changed."""

    content: bytes | None
    changed: tuple[Path, ...] = ()
    is_whole: bool = True


def undone(note: FileNote, content: bytes | None, notes: Notes) -> Undone:
    """A file's content, None where there is none, without what the note says. Raises NotEditable
    where nobody can tell what is whose."""
    try:
        return _undone(note, content, notes)
    except RecursionError:
        raise NotEditable("it is nested too deeply") from None


def _undone(note: FileNote, content: bytes | None, notes: Notes) -> Undone:
    if content is None:
        return Undone(None, is_whole=not note.existed)
    former = notes.copy(note.base)
    if content_hash(content) == note.left_as:
        return Undone(former if note.existed else None)
    if not note.format:
        raise NotEditable("an earlier codeplan connected it, and it was changed since")
    now, base = Document.of(content, note.format), Document.of(former, note.format)
    settings, before = now.settings(), base.settings()
    edits = taking_back(note.edits, settings, before) if stands(note, settings, before) else []
    result = applied(settings, edits)
    after = unmasked(notes.copy(note.after), _key(note, settings))
    merged = taken_back(after, former, content)
    is_whole = merged is not None and _means(merged, note.format, result)
    text = merged if merged is not None and is_whole else now.edited(edits)
    changed = tuple(
        edit.path
        for edit in note.edits
        if not same(at(result, edit.path), at(before, edit.path))
        and edit.kind in ("set", "removed")
    )
    if not note.existed and not result and text.strip() in (b"", b"{}"):
        return Undone(None, changed)
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


def _means(content: bytes, format_: str, settings: Mapping[str, Any]) -> bool:
    try:
        return same(Document.of(content, format_).settings(), settings)
    except NotEditable:
        return False
