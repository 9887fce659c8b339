"""Writing a person's file: whole or not at all, and as theirs as it was (owner, links, mode)."""

import os
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def write(path: Path, content: bytes, mode: int) -> None:
    """Write to where the path's links lead. ``mode``: the permissions afterwards. Raises
    OSError."""
    target = target_of(path)
    before = target.stat() if target.exists() else None
    if before is not None and before.st_nlink > 1:
        # A file of several names stays one.
        _in_place(target, content, mode)
        return
    part = target.with_name(f".{target.name}.codeplan")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    try:
        fill(descriptor, content)
        is_theirs = _own(part, before or target.parent.stat())
        if before is not None and not is_theirs:
            part.unlink()
            _in_place(target, content, mode)
            return
        if before is not None:
            _keep_attributes(target, part)
        part.chmod(mode)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def fill(descriptor: int, content: bytes) -> None:
    """Have an open file hold this content, durably, and close it. Raises OSError."""
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def make_folders(path: Path) -> list[Path]:
    """Make the folders that a file needs; those that were made, outermost first. Raises OSError."""
    missing = []
    folder = target_of(path).parent
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    made: list[Path] = []
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700)
            made.append(folder)
            _own(folder, folder.parent.stat())
    except OSError:
        remove_folders(made)
        raise
    return made


def remove_folders(folders: list[Path]) -> None:
    """Those of these that are empty."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def target_of(path: Path) -> Path:
    """Where a path's links lead. Raises OSError where they go round."""
    try:
        return path.resolve()
    except RuntimeError as error:
        raise OSError(f"{path}: {error}") from None


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def _own(path: Path, owner: os.stat_result) -> bool:
    """Give a new file the owner that the old one, or its folder, has; whether it has it now. Only
    root writes for others; for everybody else a new file in a shared folder is their own."""
    now = path.stat()
    if (now.st_uid, now.st_gid) == (owner.st_uid, owner.st_gid):
        return True
    try:
        os.chown(path, owner.st_uid, owner.st_gid)
    except PermissionError:
        return now.st_uid == owner.st_uid
    return True


def _in_place(target: Path, content: bytes, mode: int) -> None:
    fill(os.open(target, os.O_WRONLY), content)
    if mode_of(target) != mode:
        target.chmod(mode)


def _keep_attributes(source: Path, part: Path) -> None:
    """Access lists and the like; what a file system does not have cannot be kept."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(source):
            os.setxattr(part, name, os.getxattr(source, name))
