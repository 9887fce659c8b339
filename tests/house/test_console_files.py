"""The console's files that are made from others: its bundle from its sources, its translations from
what the code says."""

import ast
import re
import shutil
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from support import npm
from support.npm import ROOT

CONSOLE = ROOT / "src" / "codeplan" / "console"
_KEYWORDS = {"N_": None, "NN_": (1, 2), "_": None, "gettext": None, "ngettext": (1, 2)}
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_VALUE = re.compile(r"%\((\w+)\)s")


def said_in(*folders: Path) -> set[str]:
    """Every sentence that is marked for translation."""
    found: set[str] = set()
    for folder in folders:
        for _, _, message, _, _ in extract_from_dir(
            folder, method_map=_METHODS, keywords=_KEYWORDS, options_map={
                "**/templates/**.html": {"trimmed": "true", "silent": "false"}
            },
        ):  # fmt: skip
            found |= {message} if isinstance(message, str) else {message[0]}
    return found - {""}


SAID = {
    "console": said_in(CONSOLE),
    "letters": said_in(*(ROOT / "src/codeplan" / one for one in ("accounts", "subscriptions"))),
}


@pytest.mark.parametrize("package", SAID)
def test_every_sentence_is_translated(package: str) -> None:
    """And a translation has the same values in it."""
    with (ROOT / f"src/codeplan/{package}/locales/zh.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans_CN")
    translated = {}
    for message in catalogue:
        name = message.id if isinstance(message.id, str) else message.id[0]
        text = message.string if isinstance(message.string, str) else message.string[0]
        translated[name] = text
    translated.pop("", None)
    assert len(SAID[package]) > 20
    assert SAID[package] == set(translated)
    for name, text in translated.items():
        assert text, name
        assert set(_VALUE.findall(name)) == set(_VALUE.findall(text)), name


def test_every_sentence_of_a_template_is_marked() -> None:
    """No words stand in a template outside of what is translated, names of standards excepted."""
    bare = re.compile(r">([^<>{}]*[A-Za-z]{3}[^<>{}]*)<")
    names = {
        "Anthropic Messages", "OpenAI Chat Completions", "OpenAI Responses", "Gemini", "PDF",
        "codeplan", "codeplan.toml ",
    }  # fmt: skip
    for path in (CONSOLE / "templates").rglob("*.html"):
        text = re.sub(r"\{[{%#].*?[}%#]\}", "{}", path.read_text(), flags=re.DOTALL)
        for found in bare.findall(text):
            assert found.strip() in {name.strip() for name in names}, (path, found)


def test_every_reason_that_a_receipt_may_have_is_known_to_the_pages() -> None:
    """The texts with which plan/turns.py says why a call belongs where it does."""
    from codeplan.console.words import said

    reasons = set()
    for node in ast.walk(ast.parse((ROOT / "src/codeplan/plan/turns.py").read_text())):
        if not isinstance(node, ast.Call | ast.Dict | ast.IfExp):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in {
            "Free", "NewPrompt", "Rides", "_ride_or_next",
        }:  # fmt: skip
            continue
        inside = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        for one in inside:
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                reasons.add(one.value)
            elif isinstance(one, ast.JoinedStr):
                parts = (getattr(part, "value", None) for part in one.values)
                reasons.add("".join(p if isinstance(p, str) else "20" for p in parts))
    assert len(reasons) >= 10
    for reason in reasons:
        assert said(reason, lambda text: f"zh {text}").startswith("zh "), reason


def test_every_problem_that_a_page_may_meet_has_a_sentence() -> None:
    """Each error that a service says it raises, and that is a refusal, is known to the pages."""
    from codeplan.console.problems import PROBLEMS

    known = {kind.__name__ for kind in PROBLEMS}
    # What only programs, the clock, or other layers meet.
    elsewhere = {
        "Unbalanced", "RangeInvalid", "PoolInvalid", "ClockBackwards", "Forged", "MonthInvalid",
        "CapReached", "NoFunds", "CallRefused", "DeviceRevoked", "Invalid", "NoSuchAccount",
        "_Stale", "Malformed",
        "NotEditable", "Changed",
    }  # fmt: skip
    for folder in ("accounts", "subscriptions", "billing"):
        for path in (ROOT / "src/codeplan" / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                bases = {getattr(base, "id", "") for base in getattr(node, "bases", [])}
                if isinstance(node, ast.ClassDef) and "ValueError" in bases:
                    assert node.name in known | elsewhere, (path, node.name)


def test_the_bundle_is_what_its_sources_make(tmp_path: Path) -> None:
    """Whoever installs codeplan builds nothing, so what is served must be what is read."""
    sources = tmp_path / "assets"
    shutil.copytree(CONSOLE / "assets", sources, ignore=shutil.ignore_patterns("node_modules"))
    installed = npm.install(CONSOLE / "assets", "assets")
    # Names of parts are hashes of where things lie, too.
    shutil.copytree(installed, sources / "node_modules", symlinks=True)
    npm.npm("run", "build", folder=sources)
    built = {path.name: path.read_bytes() for path in (tmp_path / "static").iterdir()}
    served = {path.name: path.read_bytes() for path in (CONSOLE / "static").iterdir()}
    assert built == served


def test_a_form_that_does_its_work_once_is_declared_so() -> None:
    """Whatever names its form to a service is bound to what the form said; a form that only changes
    a setting may be sent again, changed."""
    declared: set[str] = set()
    using: set[str] = set()
    for path in sorted(CONSOLE.glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "post_once":
                declared.add(f"{path.stem}.{getattr(node.args[1], 'id', '')}")
            if isinstance(node, ast.AsyncFunctionDef) and any(
                isinstance(one, ast.Attribute) and one.attr == "once" for one in ast.walk(node)
            ):
                using.add(f"{path.stem}.{node.name}")
    assert declared == using
    assert declared
