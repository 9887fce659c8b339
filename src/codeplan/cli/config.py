"""``codeplan config …``: the catalogue as a file."""

from pathlib import Path

import click

from codeplan.cli.printing import json_option, print_json
from codeplan.config.load import ConfigInvalid, advice, builtin_text, load


@click.group()
def config() -> None:
    """The catalogue and the upstreams, as a file."""


@config.command()
@json_option
def show(as_json: bool) -> None:
    """Print the built-in configuration, as a file to start from."""
    if as_json:
        print_json(load(None).model_dump())
    else:
        click.echo(builtin_text(), nl=False)


@config.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("codeplan.toml"))
@json_option
def check(path: Path, as_json: bool) -> None:
    """Check a file and name every error in it, and what may be written better."""
    try:
        notes = advice(path)
    except ConfigInvalid as invalid:
        if as_json:
            complaints = [
                {"file": item.file, "line": item.line, "error": item.what}
                for item in invalid.complaints
            ]
            print_json({"ok": False, "errors": complaints})
        else:
            click.echo(str(invalid), err=True)
        raise SystemExit(1) from None
    if as_json:
        told = [{"file": one.file, "line": one.line, "note": one.what} for one in notes]
        print_json({"ok": True, "errors": [], "notes": told})
        return
    for note in notes:
        click.echo(str(note), err=True)
    click.echo(f"{path} is in order")
