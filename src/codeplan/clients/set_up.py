"""What a client's own configuration must say so that it uses a plan, as values. Pure: who writes
it to a file is the command line's business."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Path = tuple[str, ...]
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_BELOW_HOME = re.compile(r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[^\0]+\.(json|jsonc|toml|ya?ml)")


def nest(table: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value into nested tables; those on the way are made."""
    for step in path[:-1]:
        table = table.setdefault(step, {})
    table[path[-1]] = value


def is_configuration(file: str) -> bool:
    """Whether this is a file below the home folder, in a form that can be edited: no other may be
    written by what a file or a service says."""
    return _BELOW_HOME.fullmatch(file) is not None


def is_variable(name: str) -> bool:
    """Whether a shell may export this name."""
    return _VARIABLE.fullmatch(name) is not None


class ModelLimits(msgspec.Struct, frozen=True):
    """Tokens that a model reads, and that it writes at most; None where the catalogue does not
    say."""

    context: int | None = None
    output: int | None = None


class Plan(msgspec.Struct, frozen=True):
    """What there is to set up: the service's address, the key, and the models for large and small
    work, with the catalogue's limits of them. ``command``: how `codeplan` is run on the tool's own
    machine, from any folder; "" where it is not there, or nobody knows."""

    url: str
    key: str
    large: str
    small: str
    limits: Mapping[str, ModelLimits] = {}
    command: str = ""

    def limits_of(self, model: str) -> ModelLimits:
        return self.limits.get(model, _UNKNOWN)


_UNKNOWN = ModelLimits()


class SetUp(msgspec.Struct, frozen=True):
    """One file of a client's.

    ``files``: below the home folder, in the order in which the tool reads them: the last that
    exists is used, since what it says wins, else the first. ``folders``: by the name of an
    environment variable, the folder below home that the tool looks for in that variable instead,
    or in a folder of that ("NAME/config"); of two that are set the later wins.

    ``values``: what is set at which path; ``defaults``: what is set only where nothing is.
    ``stamps``: those of the values that the tool writes anew by itself.
    In the plan's way, and given back later: ``removes``, whatever stands there; ``unless``, what is
    none of these patterns; ``includes`` and ``excludes``, lists without or with this item. A step
    "*" of these paths stands for every name. ``outranks``: by the name of an environment variable,
    the setting that wins over it; it is set where the variable is.

    Only read, and named: ``above``, files that win over this one, and ``overriding``, environment
    variables that do. A file above is absolute, or begins with "~/" for the home folder, "./" for
    the folder in which the tool is started, "./**/" for that one and those around it up to home, or
    "$NAME" for what a variable says; its last step may be a pattern, and one that ends in ".env"
    sets variables. ``then``: what the person does next."""

    files: tuple[str, ...]
    format: Literal["json", "toml", "yaml"]
    values: tuple[tuple[Path, Any], ...]
    then: str = ""
    removes: tuple[Path, ...] = ()
    defaults: tuple[tuple[Path, Any], ...] = ()
    stamps: tuple[Path, ...] = ()
    folders: Mapping[str, str] = {}
    unless: tuple[tuple[Path, tuple[str, ...]], ...] = ()
    includes: tuple[tuple[Path, str], ...] = ()
    excludes: tuple[tuple[Path, str], ...] = ()
    outranks: Mapping[str, tuple[Path, Any]] = {}
    above: tuple[str, ...] = ()
    overriding: tuple[str, ...] = ()


class Paste(msgspec.Struct, frozen=True):
    """What a person puts somewhere by hand, where no program can: ``where`` in words or as a path,
    ``text`` a template."""

    where: str
    text: str


def opencode_provider(plan: Plan) -> dict[str, Any]:
    """A provider as OpenCode and its forks want it; a model's limit only where both halves of it
    are known, since half a limit is no setting of theirs."""
    models: dict[str, Any] = {}
    for name in dict.fromkeys((plan.large, plan.small)):
        models[name] = {"name": name, "tool_call": True}
        limits = plan.limits_of(name)
        if limits.context and limits.output:
            models[name]["limit"] = {"context": limits.context, "output": limits.output}
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "codeplan",
        "options": {"baseURL": f"{plan.url}/api/coding/paas/v4", "apiKey": plan.key},
        "models": models,
    }
