"""What several folders of tests need, and the order in which two workers take them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.database import Server

# Folders whose files take longest: begun first, they end while the other worker does the short
# ones, and neither is left waiting for the other's last file.
_LONGEST_FIRST = (
    "browser", "years", "clients", "faults", "mcp", "nodes", "payments", "gateway", "store",
    "service", "properties",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.path))


def _place(path: Path) -> int:
    folder = path.relative_to(Path(__file__).parent).parts[0]
    return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real PostgreSQL server."""
    with Server(tmp_path_factory.mktemp("postgres")) as server:
        yield server
