"""What several folders of tests need."""

from collections.abc import Iterator

import pytest

from support.database import Server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real PostgreSQL server."""
    with Server(tmp_path_factory.mktemp("postgres")) as server:
        yield server
