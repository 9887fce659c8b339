"""What wins over the file that `connect` writes, and says otherwise: other files that a tool reads,
and variables of the shell that it is started in. Reads them, writes nothing."""

from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from codeplan.cli.editing.change import configuration_of, outranking
from codeplan.cli.editing.edits import NotEditable, leaves
from codeplan.cli.editing.formats import Document
from codeplan.cli.editing.intent import in_the_way
from codeplan.clients.set_up import SetUp


def obstacles(set_up: SetUp, home: Path, environ: Mapping[str, str], folder: Path) -> Iterator[str]:
    """A sentence for each thing in the plan's way. ``folder``: where the tool would be started."""
    set_up = outranking(set_up, environ)
    values = {leaf for path, value in set_up.values for _, leaf in leaves(path, value)
              if isinstance(leaf, str)}  # fmt: skip
    overriding = [name for name in set_up.overriding if environ.get(name, "") not in (*values, "")]
    yield from (f"{name} is set in this shell, and wins over the settings" for name in overriding)
    own = configuration_of(set_up, home, environ)
    for path in _above(set_up, home, environ, folder):
        try:
            if any(one.exists() and path.samefile(one) for one in own):
                continue  # as a project's, where the tool is started in the home folder
            if path.name.endswith(".env"):
                names = _variables(path.read_text("utf-8", "replace"), values)
                settings = [name for name in set_up.overriding if name in names]
            else:
                document = Document.of(path.read_bytes(), set_up.format)
                settings = [".".join(place) for place in in_the_way(set_up, document.settings())]
        except OSError:
            continue
        except NotEditable as error:
            yield f"{path}, which wins over your own settings, cannot be read: {error}"
            continue
        for setting in settings:
            yield f"{path} sets {setting}, which wins over your own settings"


def _variables(text: str, allowed: Set[str]) -> set[str]:
    """The variables that a .env file sets to anything else than these values."""
    pairs = (line.strip().removeprefix("export ").partition("=") for line in text.splitlines())
    known = {"", *allowed}
    return {name.strip() for name, _, value in pairs if value.strip().strip("\"'") not in known}


def _above(set_up: SetUp, home: Path, environ: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """The files above that are there; a name may hold a pattern."""
    for name in set_up.above:
        start, _, rest = name.partition("/")
        if name.startswith("./**/"):
            around = [folder, *folder.parents]
            below_home = around[: around.index(home)] if home in around else around
            patterns = [place / name.removeprefix("./**/") for place in below_home]
        elif start.startswith("$"):
            place = environ.get(start[1:], "")
            patterns = [Path(place) / rest] if place else []
        else:
            patterns = [{".": folder, "~": home}.get(start, Path("/")) / rest]
        for pattern in patterns:
            # What a variable says is no pattern.
            if "*" not in rest:
                yield from [pattern] if pattern.is_file() else []
            else:
                yield from sorted(pattern.parent.glob(pattern.name))
