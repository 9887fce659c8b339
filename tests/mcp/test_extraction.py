"""How well the web reader finds the main part of sixty real pages, and that docs/reading.md says
what is measured."""

from collections.abc import Callable
from pathlib import Path

import justext
import lxml.html
import pytest
import trafilatura
from readability import Document

from codeplan.fetching.pages import Wanted
from codeplan.fetching.reading import read_page
from codeplan.fetching.trips import Fetched
from support import eastern_pages
from support.pages import PAGES, Saved, Score, folder, score

TABLE = Path(__file__).parents[2] / "docs" / "reading.md"


def decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def by_trafilatura(body: bytes) -> str:
    return trafilatura.extract(body) or ""


def by_readability(body: bytes) -> str:
    summary = Document(decoded(body)).summary()
    return str(lxml.html.fromstring(summary).text_content())


def by_justext(body: bytes) -> str:
    paragraphs = justext.justext(body, justext.get_stoplist("English"))
    return "\n".join(one.text for one in paragraphs if not one.is_boilerplate)


OTHERS: dict[str, Callable[[bytes], str]] = {
    "trafilatura alone": by_trafilatura,
    "readability-lxml": by_readability,
    "jusText": by_justext,
}


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    where = folder()
    return {page.path: (where / page.path).read_bytes() for page in PAGES}


async def read(page: Saved, body: bytes) -> str:
    # Who saved a page may have written it anew as UTF-8, whatever it still says of itself.
    fetched = Fetched("https://example.org/page", 200, "text/html", saved_as(body), body)
    return (await read_page(fetched, Wanted())).text


def saved_as(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError:
        return ""
    return "utf-8"


def row(name: str, scores: list[Score]) -> str:
    found = sum(one.found for one in scores) / len(scores)
    noise = sum(one.noise for one in scores) / len(scores)
    value = sum(one.value for one in scores) / len(scores)
    return f"| {name} | {found:.1%} | {noise:.1%} | {value:.3f} |"


async def test_it_is_at_least_as_good_as_the_others(bodies: dict[str, bytes]) -> None:
    assert len(PAGES) == 30
    ours = [score(page, await read(page, bodies[page.path])) for page in PAGES]
    table = {"codeplan": ours} | {
        name: [score(page, extract(bodies[page.path])) for page in PAGES]
        for name, extract in OTHERS.items()
    }
    values = {name: sum(one.value for one in scores) for name, scores in table.items()}
    assert all(values["codeplan"] >= value for value in values.values()), values
    written = TABLE.read_text()
    for name, scores in table.items():
        assert row(name, scores) in written, row(name, scores)


@pytest.mark.parametrize("language", eastern_pages.LANGUAGES)
async def test_it_is_at_least_as_good_in_other_scripts(language: str) -> None:
    pages = eastern_pages.LANGUAGES[language]
    assert len(pages) == 10
    bodies = eastern_pages.bodies(pages)
    ours = [score(page, await read(page, bodies[page.path])) for page in pages]
    alone = [score(page, by_trafilatura(bodies[page.path])) for page in pages]
    assert sum(one.value for one in ours) >= sum(one.value for one in alone)
    written = TABLE.read_text()
    for name, scores in (("codeplan", ours), ("trafilatura alone", alone)):
        assert row(f"{language}: {name}", scores) in written, row(f"{language}: {name}", scores)
