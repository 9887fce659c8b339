"""The house itself: sizes, first lines, words, and what must not be in the repository."""

import re
import statistics
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
FORBIDDEN = ("utils", "helpers", "common", "core", "manager", "handler", "dto", "misc")
# docs/glossary.md says which word is ours for each.
FOREIGN = {"tier": "plan", "bucket": "window", "channel": "upstream or route"}


def tracked() -> list[Path]:
    """The files in the repository; those that git would add, in a folder without one."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def text_of(path: Path) -> str:
    return path.read_text("utf-8", errors="ignore")


def test_files_are_of_one_idea() -> None:
    lengths = sorted(len(text_of(path).splitlines()) for path in SOURCES if text_of(path).strip())
    assert statistics.median(lengths) <= 120
    assert lengths[int(len(lengths) * 0.9)] <= 300
    assert lengths[-1] <= 500


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_first_what_it_is_for(path: Path) -> None:
    assert text_of(path).startswith('"""')


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_they_name(path: Path) -> None:
    assert not set(re.split(r"[/_.]", str(path.relative_to(ROOT)))) & set(FORBIDDEN)
    for name in re.findall(r"^\s*(?:class|def|async def) (\w+)", text_of(path), re.MULTILINE):
        words = {word.lower() for word in re.findall(r"[A-Za-z][a-z]*", name)}
        assert not words & set(FORBIDDEN), name
        assert not words & set(FOREIGN), name


def test_the_glossary_has_the_forbidden_and_the_foreign_words() -> None:
    glossary = text_of(ROOT / "docs" / "glossary.md")
    for word in (*FORBIDDEN, *FOREIGN):
        assert word in glossary


def test_kit_stays_small() -> None:
    assert len(list((ROOT / "src/codeplan/kit").glob("*.py"))) <= 10


def test_formats_have_the_same_file_names() -> None:
    folders = [path for path in (ROOT / "src/codeplan/protocol").iterdir() if path.is_dir()]
    same = {"__init__.py", "answer.py", "errors.py", "outline.py", "request.py", "stream.py"}
    for folder in folders:
        if folder.name != "__pycache__":
            assert {path.name for path in folder.glob("*.py")} >= same


def test_no_path_of_a_machine_and_no_registry() -> None:
    # uv writes the index's address into its lock file; nothing else has a reason to.
    registries = ("pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian")
    paths = re.compile(r"/(root|home|work|farm)/\w|/tmp/[a-z]")
    for path in tracked():
        if path.suffix in (".lock", ".json") and path.name != "package.json":
            continue
        text = text_of(path)
        assert not any(host in text for host in registries), path
        found = paths.search(text)
        assert not found or path == Path(__file__), (path, found)


def test_no_key_is_in_the_repository() -> None:
    key = re.compile(r"\bc[pos]-[b-df-hj-np-tv-xz0-9]{40}\b")
    for path in tracked():
        assert not key.search(text_of(path)), path


def test_the_readme_has_the_two_commands() -> None:
    readme = text_of(ROOT / "README.md")
    assert "make up" in readme
    assert "make test" in readme


@pytest.mark.parametrize(
    "document", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")),
    ids=lambda path: str(path.relative_to(ROOT)),
)  # fmt: skip
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(document)):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_the_architecture_names_every_folder() -> None:
    architecture = text_of(ROOT / "docs" / "architecture.md")
    for folder in (ROOT / "src" / "codeplan").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert f"{folder.name}/" in architecture, folder.name


def test_every_page_of_the_cli_in_the_docs_exists() -> None:
    """Each `codeplan …` command that a document shows is a command."""
    from click.testing import CliRunner

    from codeplan.cli.root import root

    runner = CliRunner()
    shown = set()
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        shown |= set(
            re.findall(r"`(?:uv run )?codeplan ((?:[a-z][a-z-]*[a-z] ?)+)", text_of(document))
        )
    assert shown
    for command in shown:
        words = command.split()
        assert runner.invoke(root, [*words[:3], "--help"]).exit_code == 0, command


def test_every_test_that_the_promise_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text_of(ROOT / "docs" / "promise.md"))
    assert len(named) > 20
    for path, name in named:
        assert re.search(rf"^(?:async )?(?:def )?{name}\b", text_of(ROOT / path), re.MULTILINE), (
            name
        )
