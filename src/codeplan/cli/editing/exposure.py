"""Who else could read a file that holds a key: other users of the machine, and whoever gets a copy
of the git repository that it is in. Changes nothing."""

import shutil
import subprocess
from pathlib import Path

from codeplan.cli.editing.change import Change
from codeplan.cli.editing.writing import target_of


def exposures(change: Change) -> list[str]:
    """A sentence for each way in which the key of a change could get out."""
    if not change.key_at:
        return []
    sentences = []
    if change.mode_before is not None and change.mode_before & 0o077:
        sentences.append(
            f"{change.path} could be read by others ({change.mode_before & 0o777:o}); while it"
            f" holds your key it is yours alone ({change.mode & 0o777:o})."
        )
    target = target_of(change.path)
    if _work_tree(target) is not None:
        tracked = _is_tracked(target)
        if tracked:
            sentences.append(
                f"{target} is tracked by git: do not commit it while it holds your key."
            )
        elif tracked is None:
            sentences.append(
                f"{target} lies in a git work tree: do not commit it while it holds your key."
            )
    return sentences


def _work_tree(path: Path) -> Path | None:
    return next((folder for folder in path.parents if (folder / ".git").exists()), None)


def _is_tracked(path: Path) -> bool | None:
    """None where git is not here to say."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(
            [git, "-C", str(path.parent), "ls-files", "--error-unmatch", "--", path.name],
            capture_output=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # 128: it does not work here, as in a work tree of another owner.
    return None if done.returncode == 128 else done.returncode == 0
