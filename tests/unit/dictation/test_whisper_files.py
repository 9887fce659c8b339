"""Where a Whisper model's files are: joined whole, mended, or refused by name."""

import stat
from pathlib import Path

import pytest
from faster_whisper import available_models

from codeplan.config.load import ConfigInvalid, builtin_text, parse
from codeplan.dictation import whisper_files
from codeplan.dictation.whisper_files import ModelMissing, join_wheels, locate
from codeplan.dictation.whisper_sizes import SIZES


def test_the_sizes_are_those_of_the_library() -> None:
    assert sorted(SIZES) == sorted(available_models())


def test_the_carried_model_is_joined_once_and_mended(tmp_path: Path) -> None:
    models = tmp_path / "models"
    whole = join_wheels(models)
    assert {path.name for path in models.iterdir()} == {"whisper-base"}
    for path, mode in ((models, 0o700), (whole, 0o700), (whole / "model.bin", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    made = (whole / "model.bin").stat().st_ino
    assert join_wheels(models) == whole
    assert (whole / "model.bin").stat().st_ino == made
    with (whole / "model.bin").open("r+b") as file:
        file.truncate(1000)
    join_wheels(models)
    assert (whole / "model.bin").stat().st_size == 145_217_532
    assert {path.name for path in models.iterdir()} == {"whisper-base"}


def test_wheels_that_hold_something_else_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(whisper_files._BASE, "config.json", "0" * 64)
    with pytest.raises(ModelMissing, match="do not hold what was published"):
        join_wheels(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_without_a_model_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    with pytest.raises(ModelMissing, match=r"has no model\.bin, tokenizer\.json in it"):
        await locate(str(tmp_path), tmp_path)()


async def test_a_size_without_its_hub_fails_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelMissing, match="Whisper tiny is not on this machine and could not be"):
        await locate("tiny", tmp_path)()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("larg-v3", "a size of Whisper such as small or large-v3 (not 'larg-v3')"),
        ("/no/such/folder", "speech.model: there is no folder /no/such/folder"),
        ("", ""),
        ("embedded", ""),
        ("large-v3", ""),
        ("glm-4.6", ""),
    ],
)
def test_what_a_configuration_may_name(model: str, expected: str) -> None:
    text = builtin_text().replace("[speech]\n", f'[speech]\nmodel = "{model}"\n')
    if not expected:
        assert parse(text, "codeplan.toml").speech.model == model
        return
    with pytest.raises(ConfigInvalid) as invalid:
        parse(text, "codeplan.toml")
    assert expected in str(invalid.value)
