"""One change of one file, before it is made: which file, what it would hold, and what of that is to
be taken back one day. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from codeplan.cli.editing.edits import Edit, NotEditable, at, digest
from codeplan.cli.editing.formats import Document
from codeplan.cli.editing.intent import wanted
from codeplan.cli.editing.notes import FileNote, NotedEdit, Notes
from codeplan.cli.editing.undo import Undone, settled, stands, taking_back, undone
from codeplan.cli.editing.writing import PRIVATE, mode_of, target_of
from codeplan.clients.set_up import Path as Place
from codeplan.clients.set_up import SetUp


@dataclass(frozen=True, slots=True)
class Change:
    """``before`` is None where the file does not exist yet; ``base`` is what it is without anything
    of ours, None where it is not there then. ``edits``: what of ``after`` is to be taken back one
    day; ``shown``: what this change does. ``replaces_base``: whether ``base`` has all of the
    copy that is kept so far; ``is_ours``: whether something is set already. ``key_at``: where the
    key stands then. ``mode``: the permissions that it has then."""

    path: Path
    format: str
    before: bytes | None
    after: bytes
    base: bytes | None
    edits: tuple[NotedEdit, ...]
    shown: tuple[Edit, ...]
    replaces_base: bool
    is_ours: bool
    key_at: Place
    mode_before: int | None
    mode: int

    @property
    def changes_anything(self) -> bool:
        return self.before != self.after or self.mode_before not in (self.mode, None)

    @property
    def is_read_only(self) -> bool:
        """Whether somebody took the right to write from everybody."""
        return self.mode_before is not None and not self.mode_before & 0o222


def configuration_of(set_up: SetUp, home: Path, environ: Mapping[str, str]) -> list[Path]:
    """The files of a set-up that the tool would read here, in its order: where its own variables
    say, else below the home folder."""
    paths = []
    for name in set_up.files:
        path = home / name
        for variable, folder in set_up.folders.items():
            variable, _, below = variable.partition("/")
            place = environ.get(variable, "")
            if place and name.startswith(f"{folder}/"):
                at_home = place == "~" or place.startswith("~/")
                start = home / place[2:] if at_home else Path(place).absolute()
                path = start / below / name.removeprefix(f"{folder}/")
        paths.append(path)
    return paths


def outranking(set_up: SetUp, environ: Mapping[str, str]) -> SetUp:
    """The set-up with the settings that win over variables which are set here."""
    more = [value for name, value in set_up.outranks.items() if environ.get(name)]
    places = {place for place, _ in more}
    return msgspec.structs.replace(
        set_up,
        values=(*set_up.values, *more),
        removes=tuple(place for place in set_up.removes if place not in places),
        unless=tuple(one for one in set_up.unless if one[0] not in places),
        outranks={},
    )


def planned(
    set_up: SetUp, key: str, home: Path, environ: Mapping[str, str], notes: Notes, client: str
) -> Change:
    """The change that a set-up makes here. ``key`` is among its values, or "". Raises NotEditable
    and OSError; says of which file."""
    set_up = outranking(set_up, environ)
    paths = configuration_of(set_up, home, environ)
    path = next((path for path in reversed(paths) if path.exists()), paths[0])
    note = settled(notes, client).get(str(target_of(path)))
    try:
        return _planned(set_up, key, path, note, notes)
    except NotEditable as error:
        raise NotEditable(f"{path}: {error}") from None
    except RecursionError:
        raise NotEditable(f"{path}: it is nested too deeply") from None


def _planned(set_up: SetUp, key: str, path: Path, note: FileNote | None, notes: Notes) -> Change:
    before = path.read_bytes() if target_of(path).exists() else None
    state = Undone(before, is_ours=False) if note is None else undone(note, before, notes)
    base = state.content
    content = _without_stale(set_up, before or b"", base or b"", note)
    edits = wanted(set_up, _settings(content, set_up))
    after = Document.of(content, set_up.format).edited(edits) if edits else content
    left = _settings(after, set_up)
    if wanted(set_up, left):
        raise NotEditable("what would be set there does not stay")
    own = wanted(set_up, _settings(base or b"", set_up))
    has_key = bool(key) and key.encode() in after
    mode_before = mode_of(path) if before is not None else None
    mode = PRIVATE if mode_before is None else mode_before
    return Change(
        path=path,
        format=set_up.format,
        before=before,
        after=after,
        base=base,
        edits=tuple(_noted(edit, left) for edit in own),
        shown=tuple(edits),
        replaces_base=state.is_whole,
        is_ours=state.is_ours,
        key_at=next((edit.path for edit in own if key and edit.value == key), ()),
        mode_before=mode_before,
        # For its owner alone while a key is in it.
        mode=mode & 0o700 if has_key else mode,
    )


def _without_stale(set_up: SetUp, content: bytes, base: bytes, note: FileNote | None) -> bytes:
    """The file without what an earlier set-up had changed in it and this one does not."""
    if note is None:
        return content
    settings, before = _settings(content, set_up), _settings(base, set_up)
    if not stands(note, settings, before):
        return content
    own = {(edit.path, edit.kind) for edit in wanted(set_up, before)}
    stale = taking_back(
        [edit for edit in note.edits if (edit.path, edit.kind) not in own], settings, before
    )
    return Document.of(content, set_up.format).edited(stale) if stale else content


def _settings(content: bytes, set_up: SetUp) -> dict[str, Any]:
    return Document.of(content, set_up.format).settings()


def _noted(edit: Edit, left: Mapping[str, Any]) -> NotedEdit:
    value = digest(at(left, edit.path)) if edit.kind == "set" else ""
    return NotedEdit(edit.path, edit.kind, value, edit.item)
