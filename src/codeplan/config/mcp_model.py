"""What codeplan.toml may say of the plan's MCP servers (search engines, the web reader, eyes) and
of speech."""

from typing import Annotated, Literal

from pydantic import Field

from codeplan.config.table import Name, Table


class FolderTable(Table):
    """One of the embedded engine's ``folders``: its files are told under ``url``."""

    path: Name
    url: str = ""


class McpSessionsTable(Table):
    """``[mcp]``. ``sessions_a_key``: how many sessions one key has at once at each server; the
    idlest ends when it opens one more."""

    sessions_a_key: Annotated[int, Field(ge=1, le=1000)] = 32


class SearchTable(Table):
    """``[search]``. ``engines``: in the order in which they are asked; each that is named has its
    setting. ``…_key_env``: of environment variables. ``folders``: for "embedded"."""

    engines: list[Literal["searxng", "brave", "bocha", "tavily", "embedded", "ddgs"]] = ["ddgs"]
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    searxng_url: str = ""
    brave_key_env: str = ""
    bocha_key_env: str = ""
    tavily_key_env: str = ""
    folders: list[FolderTable] = []


class VisionTable(Table):
    """``[vision]``. ``model``: the id of one of the ``models``, which must see pictures; "" for
    none. ``reads_text``: whether the embedded reader (of the extra ``embedded``) reads text where
    there is none. Of a video so many frames a second are looked at, and so many in all."""

    model: str = ""
    reads_text: bool = True
    output_tokens: Annotated[int, Field(ge=1, le=10**6)] = 8192
    frames_per_second: Annotated[float, Field(gt=0, le=30)] = 1.0
    most_frames: Annotated[int, Field(ge=1, le=200)] = 16
    image_megabytes: Annotated[int, Field(ge=1, le=20)] = 5
    video_megabytes: Annotated[int, Field(ge=1, le=50)] = 8


class SpeechTable(Table):
    """``[speech]``. ``model``: the id of one of the ``models``, whose upstream has OpenAI's
    /audio/transcriptions; or what hears in this process: a Whisper size, a folder with a model, or
    "embedded" for the one that the extra ``speech`` brings; "" for that one where it is installed.
    ``rewrite_model``: one of the ``models`` that rewrites what was heard; "" for the first of the
    person's plan. ``at_once``, ``waiting``: recordings heard in this process at the same time, and
    those that may wait behind them."""

    model: str = ""
    rewrite_model: str = ""
    most_megabytes: Annotated[int, Field(ge=1, le=100)] = 25
    at_once: Annotated[int, Field(ge=1, le=64)] = 1
    waiting: Annotated[int, Field(ge=0, le=1000)] = 8


class ReaderTable(Table):
    """``[reader]``. ``obeys_robots``: a page that its site's robots.txt keeps from robots is not
    read. ``allowed``: ``address:port`` of machines inside that may be read all the same, such as
    10.0.0.7:80."""

    most_megabytes: Annotated[int, Field(ge=1, le=50)] = 5
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    cache_minutes: Annotated[int, Field(ge=0, le=10_000)] = 15
    obeys_robots: bool = True
    allowed: list[Name] = []
