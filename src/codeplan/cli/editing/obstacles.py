"""What wins over the file that `connect` writes, and says otherwise: other files that a tool reads,
and variables of the shell that it is started in. Reads them, writes nothing."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from codeplan.cli.editing.change import outranking
from codeplan.cli.editing.edits import NotEditable, leaves
from codeplan.cli.editing.formats import Document
from codeplan.cli.editing.intent import in_the_way
from codeplan.clients.set_up import SetUp


def obstacles(set_up: SetUp, home: Path, environ: Mapping[str, str], folder: Path) -> Iterator[str]:
    """A sentence for each thing in the plan's way. ``folder``: where the tool would be started."""
    set_up = outranking(set_up, environ)
    for path in _above(set_up, home, folder):
        try:
            settings = Document.of(path.read_bytes(), set_up.format).settings()
        except OSError:
            continue
        except NotEditable as error:
            yield f"{path}, which wins over your own settings, cannot be read: {error}"
            continue
        for setting in in_the_way(set_up, settings):
            yield f"{path} sets {'.'.join(setting)}, which wins over your own settings"
    values = {leaf for path, value in set_up.values for _, leaf in leaves(path, value)
              if isinstance(leaf, str)}  # fmt: skip
    for name in set_up.overriding:
        value = environ.get(name)
        if value and value not in values:
            yield f"{name} is set in this shell, and wins over the settings: unset it"


def _above(set_up: SetUp, home: Path, folder: Path) -> Iterator[Path]:
    """The files above that are there; a folder of files stands for all of them. "./**/" stands for
    the folder in which the tool is started and those around it, up to the home folder."""
    for name in set_up.above:
        if name.startswith("./**/"):
            around = [folder, *folder.parents]
            below_home = around[: around.index(home)] if home in around else around
            patterns = [place / name.removeprefix("./**/") for place in below_home]
        else:
            patterns = [folder / name if name.startswith("./") else Path(name)]
        for pattern in patterns:
            yield from sorted(pattern.parent.glob(pattern.name))
