"""What types cannot say of the MCP servers: that each search engine which is named has its
setting, and that the vision model is there."""

import os
from collections.abc import Iterator
from pathlib import Path

from codeplan.config.lines import Path as Place
from codeplan.config.model import ConfigFile


def check_mcp(config: ConfigFile) -> Iterator[tuple[Place, str]]:
    search = config.search
    if config.vision.model and config.vision.model not in {model.id for model in config.models}:
        yield (
            ("vision", "model"),
            f"vision.model: there is no model {config.vision.model!r} in [[models]]",
        )
    if "searxng" in search.engines and not search.searxng_url.startswith(("http://", "https://")):
        yield ("search", "searxng_url"), "search.searxng_url: expected SearXNG's address"
    for name in ("brave", "bocha", "tavily"):
        variable = getattr(search, f"{name}_key_env")
        if name in search.engines and not os.environ.get(variable, "").strip():
            yield (
                ("search", f"{name}_key_env"),
                f"search.{name}_key_env: expected the environment to hold {variable or 'a key'}",
            )
    if "embedded" in search.engines and not search.folders:
        yield ("search", "folders"), "search.folders: expected a folder for the embedded engine"
    for index, folder in enumerate(search.folders):
        if not Path(folder.path).is_dir():
            yield (
                ("search", "folders", index, "path"),
                f"search.folders[{index}].path: there is no folder {folder.path}",
            )
