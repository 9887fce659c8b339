"""The embedded engine beside its use through the server (tests/mcp)."""

from pathlib import Path

from codeplan.search.base import Query
from codeplan.search.embedded import Embedded


async def test_a_site_is_found_behind_many_of_others(tmp_path: Path) -> None:
    many, one = tmp_path / "many", tmp_path / "one"
    many.mkdir()
    one.mkdir()
    for number in range(40):
        (many / f"{number}.md").write_text("# Baskets\n\nbasket basket basket\n")
    (one / "page.md").write_text("# Else\n\nSomewhere in a long text there is a basket.\n")
    engine = Embedded([(many, "https://many.example.org"), (one, "https://one.example.org")])
    found = await engine.search(Query("basket", count=3, domain="one.example.org"))
    assert [hit.url for hit in found] == ["https://one.example.org/page.md"]
    assert len(await engine.search(Query("basket", count=3))) == 3
    await engine.close()
