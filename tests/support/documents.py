"""PDFs that tests read: made here, so that it is known what is in them."""

import io

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas


def a_pdf(*pages: str, password: str = "", algorithm: str = "AES-256", user: bool = True) -> bytes:
    """A page for each text; one without text has a drawing. ``user``: whether the password is
    asked for to open it, or only to change it."""
    drawn = io.BytesIO()
    canvas = Canvas(drawn, invariant=1)
    for page in pages:
        canvas.rect(10, 10, 100, 100)
        if page:
            canvas.drawString(100, 700, page)
        canvas.showPage()
    canvas.save()
    if not password:
        return drawn.getvalue()
    writer = PdfWriter(clone_from=PdfReader(drawn))
    writer.encrypt(password if user else "", password, algorithm=algorithm)
    locked = io.BytesIO()
    writer.write(locked)
    return locked.getvalue()
