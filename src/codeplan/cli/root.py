"""The commands' root. A command's module is imported when it is asked for: `status` must answer
at once, and needs nothing of what `up` needs."""

import sys
from importlib import import_module

import click
import setproctitle

# Each command's module in codeplan.cli.
_COMMANDS = {
    "up": "up",
    "status": "status",
    "explain": "explain",
    "statusline": "statusline",
    "connect": "connect",
    "disconnect": "disconnect",
    "redeem": "redeem",
    "doctor": "doctor",
    "admin": "admin",
    "config": "config",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"codeplan.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codeplan")
def root() -> None:
    """A coding-plan service: plans, metering and relaying for AI coding tools."""


def main() -> None:
    """The program. A key or a database's password among its words is taken off the list of
    processes first of all."""
    if any(word.startswith(("--key", "--database")) for word in sys.argv):
        setproctitle.setproctitle("codeplan")
    root()
