"""The first start makes an operator and a demo subscriber, and shows their secrets once."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from codeplan.app import Service
from codeplan.cli.printing import print_json
from codeplan.dictation.hearing import COMMAND
from codeplan.store.base import AlreadyThere

OPERATOR_EMAIL = "operator@localhost"
DEMO_EMAIL = "demo@localhost"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What is shown once and kept only as hashes. ``demo_plan`` is a plan's id."""

    operator_email: str
    operator_password: str
    demo_email: str
    demo_key: str
    demo_plan: str


async def first_start(service: Service) -> FirstStart | None:
    """Make the two accounts where there is no operator yet; None later."""
    if await service.accounts.operators():
        return None
    plan = next(iter(service.subscriptions.catalogue.plans))
    try:
        demo = await service.accounts.create(DEMO_EMAIL)
    except AlreadyThere:
        return None  # another node makes its first start in this moment
    await service.shop.grant(demo.account.id, plan, "month", "first start")
    operator, password = await service.accounts.create_operator(OPERATOR_EMAIL)
    return FirstStart(operator.email, password, demo.account.email, demo.key, plan)


@dataclass(frozen=True, slots=True)
class Start:
    """A start, as it is told: where things are, and at the first one the secrets. ``hears_by``: the
    speech model's name, "" for none."""

    url: str
    data: Path
    config_path: Path | None
    embedded: bool
    hears_by: str
    made: FirstStart | None

    def print_json(self) -> None:
        print_json(
            {
                "url": self.url,
                "console": f"{self.url}/console/",
                "data": str(self.data),
                "embedded_model": self.embedded,
                "speech_model": self.hears_by or None,
                "first_start": self.made,
            }
        )

    def show(self) -> None:
        if self.made is not None:
            click.echo(_secrets(self.made, self.url))
        catalogue = self.config_path or "built in (codeplan config show prints it)"
        click.echo(f"codeplan is ready at {self.url}  (console: {self.url}/console/)")
        click.echo(f"  catalogue: {catalogue}")
        click.echo(f"  data: {self.data}   operator token: {self.data / 'operator-token'}")
        if self.embedded:
            click.echo(
                "  models: no upstream is configured, so the embedded SmolLM2-135M answers for"
                " all of them; it is for trying the service, not for coding"
            )
        hears = f"{self.hears_by} hears" if self.hears_by else f"no model is set up ({COMMAND})"
        click.echo(f"  voice input: {hears}")
        click.echo("  Ctrl-C stops it.")


def _secrets(made: FirstStart, url: str) -> str:
    """The lines that a person copies."""
    opencode = {
        "provider": {
            "codeplan": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "codeplan",
                "options": {"baseURL": f"{url}/api/coding/paas/v4", "apiKey": made.demo_key},
                "models": {"glm-4.6": {"name": "glm-4.6", "tool_call": True}},
            }
        }
    }
    return f"""
First start. What follows is shown only now; it is kept as hashes.

  Console            {url}/console/
  Operator           {made.operator_email}
  One-time password  {made.operator_password}

  Demo subscriber    {made.demo_email}, plan {made.demo_plan}
  Key                {made.demo_key}

Claude Code:
  export ANTHROPIC_BASE_URL={url}/api/anthropic
  export ANTHROPIC_AUTH_TOKEN={made.demo_key}
  claude

OpenCode, as ~/.config/opencode/opencode.json:
{json.dumps(opencode, indent=2)}
  and then: opencode run -m codeplan/glm-4.6 "Say hello"

What is left:
  codeplan status --url {url} --key {made.demo_key}
"""
