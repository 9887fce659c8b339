"""What a body is taken for, whatever its sender calls it; PDFs; and long texts in passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.fetching.not_fetched import Kind, NotFetched, nothing_else_leaves
from codeplan.fetching.pages import ReadPage, Wanted
from codeplan.fetching.passages import LETTERS, passage_at
from codeplan.fetching.reading import read
from codeplan.fetching.trips import Fetched
from support.documents import a_pdf

PAGE = "<html><body><p>Words of a page, which are enough to be taken for its main part.</p></body>"


def body_read(body: bytes, media_type: str, charset: str = "") -> ReadPage:
    return read(Fetched("http://h.example/x", 200, media_type, charset, body), Wanted())


@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "text/x-python", "application/octet-stream", "application/javascript",
     "application/x-sh", "application/toml", "binary/octet-stream", "application/unknown",
     "text/html", "application/pdf", "image/png", "video/mp2t", "nonsense"],
)  # fmt: skip
@pytest.mark.parametrize(
    "text", ["x = 1 < 2\n", "名前: 値\n", '{"a": 1}\n', "a,b\n1,2\n", "# Head\n\nText\n"]
)
def test_what_is_text_is_text_whatever_its_type_says(media_type: str, text: str) -> None:
    assert body_read(text.encode(), media_type).text == text
    assert body_read(b"\xef\xbb\xbf" + text.encode(), media_type).text == text


@pytest.mark.parametrize(
    "media_type",
    ["", "text/html", "application/xhtml+xml", "application/pdf", "application/octet-stream",
     "image/jpeg"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "\n\n", "<!-- x -->", "<?xml version='1.0'?>", "\ufeff"])
def test_a_page_is_a_page_whatever_its_type_says(media_type: str, before: str) -> None:
    text = body_read((before + PAGE).encode(), media_type).text
    assert text == "Words of a page, which are enough to be taken for its main part."


@pytest.mark.parametrize("media_type", ["text/plain", "application/javascript", "application/json"])
def test_a_pages_source_can_be_read(media_type: str) -> None:
    assert body_read(PAGE.encode(), media_type).text == PAGE


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"\x89PNG\r\n\x1a\n0000", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a,", "image/gif"), (b"RIFF....WEBPVP8 ", "image/webp"), (b"PK\x03\x04", "zip"),
        (b"\x7fELF", "program"), (b"OggS\0", "audio/ogg"), (b"....ftypisom", "video/mp4"),
        (b"\x1f\x8b\x08", "gzip"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("media_type", ["", "text/html", "text/plain", "application/pdf"])
def test_what_is_no_text_is_called_what_it_is(body: bytes, name: str, media_type: str) -> None:
    with pytest.raises(NotFetched, match=name) as failed:
        body_read(body, media_type)
    assert failed.value.kind is Kind.NOT_TEXT


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"a\0b", "text/plain"), (b"\xfe\xfa\xfb", "image/x-odd"), (b"\0" * 9, ""), (b"<p>\0", "")],
)
def test_what_has_nulls_is_no_text(body: bytes, media_type: str) -> None:
    with pytest.raises(NotFetched, match="cannot be read as text"):
        body_read(body, media_type)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", ""), (b"", "text/html"), (b" \n", "text/plain"), (b"\xef\xbb\xbf", "text/x-python"),
        (b"<html></html>", ""), (b"<html><script>x()</script></html>", "text/html"),
    ],
)  # fmt: skip
def test_what_is_empty_is_said(body: bytes, media_type: str) -> None:
    with pytest.raises(NotFetched, match="nothing was found") as failed:
        body_read(body, media_type)
    assert failed.value.kind is Kind.EMPTY


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_a_pdf_that_may_be_read_without_its_password_is(algorithm: str) -> None:
    locked = a_pdf("Words of a PDF", password="secret", algorithm=algorithm, user=False)
    assert "Words of a PDF" in body_read(locked, "application/pdf").text
    with pytest.raises(NotFetched, match="the PDF needs a password") as failed:
        body_read(a_pdf("x", password="secret", algorithm=algorithm), "application/pdf")
    assert failed.value.kind is Kind.LOCKED


def test_a_pdf_is_one_wherever_it_begins() -> None:
    words = a_pdf("First page", "Second page")
    assert body_read(words, "text/html").text.split() == ["First", "page", "Second", "page"]
    assert body_read(b"\r\n" + words, "").text
    assert body_read(b"<br />Warning\n" + words, "application/pdf").text


def test_a_scan_says_that_it_has_no_text() -> None:
    with pytest.raises(NotFetched, match=r"its 2 pages have no text \(a scan") as failed:
        body_read(a_pdf("", ""), "application/pdf")
    assert failed.value.kind is Kind.EMPTY


def test_every_part_of_a_pdf_is_one_or_is_damaged() -> None:
    whole = a_pdf("Words of a PDF")
    for end in range(5, len(whole), 97):
        try:
            assert body_read(whole[:end], "application/pdf").text.strip()
        except NotFetched as failed:
            assert failed.kind in (Kind.DAMAGED, Kind.EMPTY)


LINES = st.lists(st.text("ab。 ", max_size=30_000), max_size=12).map("\n".join)


@given(LINES | st.integers(0, 300_000).map(lambda n: "x" * n))
def test_passages_leave_nothing_out(text: str) -> None:
    start: int | None = 0
    pieces: list[str] = []
    while start is not None:
        passage = passage_at(text, start)
        assert passage.start == start == sum(map(len, pieces)) and passage.length == len(text)
        assert 0 < len(passage.text) <= LETTERS or not text
        pieces.append(passage.text)
        start = passage.next_start
    assert "".join(pieces) == text


def test_a_passage_ends_where_a_paragraph_does() -> None:
    paragraph = "word " * 400 + "\n\n"
    first = passage_at(paragraph * 100, 0)
    assert first.text.endswith("\n\n") and first.next_start == len(first.text)
    assert passage_at("line\n" * 30_000, 0).text.endswith("\n")
    assert passage_at("字。" * 60_000, 0).text.endswith("。")


def test_what_nobody_foresaw_leaves_as_the_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFetched) as failed, nothing_else_leaves("trying it"):
        raise ZeroDivisionError("of a library")
    assert failed.value.kind is Kind.BROKEN
    assert str(failed.value) == "something broke while trying it"
    logged = capsys.readouterr()
    assert "ZeroDivisionError" in logged.out + logged.err
