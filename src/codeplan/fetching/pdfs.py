"""A PDF's text, by pypdf. A pure function of its bytes: it fetches nothing and shows no picture."""

import io
import logging
from dataclasses import dataclass

from codeplan.fetching.not_fetched import Kind, NotFetched

_MOST_PAGES = 500
# Of all its pages: what is read beyond that is of no use to anybody.
_MOST_TEXT = 4_000_000

# It warns of each oddity of each file; what matters is raised.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class PdfText:
    """``cut``: what was not read of it, as a sentence; "" where all was."""

    title: str
    text: str
    cut: str = ""


def read_pdf(body: bytes) -> PdfText:
    """Raises NotFetched: for what needs a password, has no text, or is no whole PDF."""
    # A large library is loaded when the first PDF is read, not at the start.
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise NotFetched("the PDF needs a password", Kind.LOCKED)
        count = len(reader.pages)
        pages, letters = [], 0
        for page in reader.pages[:_MOST_PAGES]:
            pages.append(page.extract_text())
            letters += len(pages[-1])
            if letters > _MOST_TEXT:
                break
        title = str((reader.metadata and reader.metadata.title) or "")
    except (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError,
            ArithmeticError, AssertionError, NotImplementedError, OSError) as problem:  # fmt: skip
        # What pypdf raises where a part is of another type than it has to be.
        raise NotFetched(f"the PDF is damaged: {problem}", Kind.DAMAGED) from None
    text = "\n\n".join(pages)
    if not text.strip():
        raise NotFetched(_without_text(count), Kind.EMPTY)
    cut = "" if len(pages) == count else f"Only its first {len(pages)} of {count} pages were read."
    return PdfText(title.strip()[:500], text, cut)


def _without_text(count: int) -> str:
    if not count:
        return "nothing was found in the PDF: it has no pages"
    pages = "page has" if count == 1 else "pages have"
    return f"nothing was found in the PDF: its {count} {pages} no text (a scan is pictures of text)"
