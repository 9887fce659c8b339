"""The commands' root."""

import click

from codeplan.cli.admin import admin
from codeplan.cli.config import config
from codeplan.cli.status import status
from codeplan.cli.up import up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codeplan")
def main() -> None:
    """A coding-plan service: plans, metering and relaying for AI coding tools."""


main.add_command(up)
main.add_command(status)
main.add_command(admin)
main.add_command(config)
