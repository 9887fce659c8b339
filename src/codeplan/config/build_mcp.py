"""From the file's tables to search engines, the web reader's limits, eyes and ears."""

import os
from pathlib import Path

from codeplan.config.mcp_model import ReaderTable, SearchTable
from codeplan.config.model import ConfigFile
from codeplan.dictation.embedded import EmbeddedLimits, EmbeddedTranscriber
from codeplan.dictation.hearing import Hearing, SpeechSettings
from codeplan.dictation.http_transcriber import HttpTranscriber
from codeplan.dictation.transcriber import Transcriber
from codeplan.dictation.whisper_files import is_carried, locate
from codeplan.dictation.whisper_sizes import CARRIED, SIZES
from codeplan.fetching.fetcher import Fetcher, FetchLimits
from codeplan.fetching.guarded import GuardedNetwork
from codeplan.media.picks import FrameRules
from codeplan.routing.asking import Asking
from codeplan.search.base import Engine
from codeplan.search.bocha import Bocha
from codeplan.search.brave import Brave
from codeplan.search.embedded import Embedded
from codeplan.search.keyless import Keyless
from codeplan.search.searxng import SearXng
from codeplan.search.tavily import Tavily
from codeplan.vision.seeing import Vision, VisionSettings
from codeplan.vision.text_reader import TextReader


def build_engines(table: SearchTable) -> list[Engine]:
    """In order; `check` has seen that each has its setting."""
    return [_engine(name, table) for name in table.engines]


def _engine(name: str, table: SearchTable) -> Engine:
    seconds = table.timeout_seconds
    match name:
        case "searxng":
            return SearXng(table.searxng_url, seconds)
        case "brave":
            return Brave(os.environ[table.brave_key_env], seconds)
        case "bocha":
            return Bocha(os.environ[table.bocha_key_env], seconds)
        case "tavily":
            return Tavily(os.environ[table.tavily_key_env], seconds)
        case "embedded":
            return Embedded([(Path(one.path), one.url) for one in table.folders])
        case _:
            return Keyless(seconds)


def build_fetcher(table: ReaderTable) -> Fetcher:
    return _fetcher(table, table.most_megabytes)


def _fetcher(table: ReaderTable, megabytes: int) -> Fetcher:
    network = GuardedNetwork(allowed=table.allowed)
    return Fetcher(network, FetchLimits(megabytes * 1024 * 1024, table.timeout_seconds))


def build_hearing(config: ConfigFile, asking: Asking, data: Path) -> Hearing:
    """``data``: where the files of a model that hears in this process are kept."""
    table = config.speech
    settings = SpeechSettings(table.rewrite_model, table.most_megabytes)
    return Hearing(settings, _transcriber(config, asking, data))


def _transcriber(config: ConfigFile, asking: Asking, data: Path) -> Transcriber | None:
    table = config.speech
    if table.model in {model.id for model in config.models}:
        return HttpTranscriber(table.model, asking)
    if not table.model and not is_carried():
        return None
    model = table.model or CARRIED
    name = {CARRIED: "whisper-base"}.get(model) or f"whisper-{Path(model).name}"
    limits = EmbeddedLimits(table.at_once, table.waiting)
    transcriber = EmbeddedTranscriber(name, locate(model, data), limits)
    if model in SIZES:
        transcriber.prepare()
    return transcriber


def build_vision(config: ConfigFile, asking: Asking) -> Vision:
    """Its fetcher goes where the web reader's goes."""
    table = config.vision
    settings = VisionSettings(
        model=table.model,
        reads_text=table.reads_text,
        output_tokens=table.output_tokens,
        frames=FrameRules(table.frames_per_second, table.most_frames),
        image_megabytes=table.image_megabytes,
        video_megabytes=table.video_megabytes,
    )
    largest = max(table.image_megabytes, table.video_megabytes)
    return Vision(settings, asking, _fetcher(config.reader, largest), TextReader())
