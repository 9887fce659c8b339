"""What types cannot say of the MCP servers: that each search engine which is named has its
setting, and that models and plans which are named are there."""

import os
from collections.abc import Iterator
from pathlib import Path

from codeplan.config.lines import Path as Place
from codeplan.config.model import ConfigFile


def check_mcp(config: ConfigFile) -> Iterator[tuple[Place, str]]:
    search = config.search
    models = {model.id for model in config.models}
    for table, name, model in (
        ("vision", "model", config.vision.model),
        ("speech", "model", config.speech.model),
        ("speech", "rewrite_model", config.speech.rewrite_model),
    ):
        if model and model not in models:
            yield (table, name), f"{table}.{name}: there is no model {model!r} in [[models]]"
    plans = {plan.id for plan in config.plans}
    for index, benefit in enumerate(config.benefits):
        for place, plan in enumerate(benefit.plans):
            if plan not in plans:
                yield (
                    ("benefits", index, "plans", place),
                    f"benefits[{index}].plans[{place}]: there is no plan {plan!r}",
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
