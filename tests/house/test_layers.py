"""import-linter's contracts hold, as `make check` has them too."""

from importlinter.cli import lint_imports


def test_the_layers_hold() -> None:
    assert lint_imports(no_cache=True) == 0
