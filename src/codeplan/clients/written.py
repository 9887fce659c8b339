"""A client's configuration as the text of a file that holds nothing else. Pure."""

import json
from typing import Any

import tomlkit

from codeplan.clients.set_up import SetUp, nest


def written(set_up: SetUp) -> str:
    """The whole file, with what is set and what is set by default."""
    values = (*set_up.defaults, *set_up.values)
    tree: dict[str, Any] = {}
    for path, value in values:
        nest(tree, path, value)
    if set_up.format == "toml":
        return tomlkit.dumps(tree)
    if set_up.format == "yaml":
        # Each value as JSON, which is YAML too.
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in tree.items()]
        return "\n".join(lines) + "\n"
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
