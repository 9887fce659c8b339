"""An invoice as a PDF, by reportlab: its own fonts write Chinese as well, with no file to carry."""

from io import BytesIO
from zoneinfo import ZoneInfo

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from codeplan.billing.invoices import BillTo, Invoice
from codeplan.kit.instants import at
from codeplan.kit.money import written

_LATIN, _CHINESE = "Helvetica", "STSong-Light"
_LEFT, _RIGHT, _TOP = 60.0, 535.0, 780.0
_STEP = 16.0
_BOTTOM = 60.0


def invoice_pdf(invoice: Invoice, bill_to: BillTo | None, email: str, zone: str) -> bytes:
    """The same bytes for the same invoice. ``zone``: in which its day is written."""
    if _CHINESE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(invoice.number)
    page = _Page(canvas)
    page.line("Credit note" if invoice.credits else "Invoice", size=18)
    page.line(invoice.number)
    page.line(f"{at(invoice.made_at, ZoneInfo(zone)):%Y-%m-%d}")
    page.gap()
    for text in (invoice.seller_name, *invoice.seller_address, invoice.seller_tax_id):
        page.line(text)
    page.gap()
    to = (bill_to.name, *bill_to.address, bill_to.tax_id) if bill_to else (email,)
    page.line("To:")
    for text in to:
        page.line(text)
    page.gap()
    for line in invoice.lines:
        page.line(line.name, written(line.amount_minor, invoice.currency))
    page.rule()
    page.line("Total", written(invoice.total_minor, invoice.currency), size=12)
    if invoice.tax_name:
        rate = f"{invoice.tax_millionths / 10_000:g} %"
        tax = written(invoice.tax_minor, invoice.currency)
        page.line(f"of which {invoice.tax_name} ({rate})", tax)
    if invoice.from_bonus_minor:
        bonus = written(invoice.from_bonus_minor, invoice.currency)
        page.line("of which paid with bonus", bonus)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


class _Page:
    """Writes from the top down, and goes on on the next page."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas, self._y = canvas, _TOP

    def line(self, left: str, right: str = "", size: float = 10) -> None:
        if not left and not right:
            return
        if self._y < _BOTTOM:
            self._canvas.showPage()
            self._y = _TOP
        self._canvas.setFont(_font(left), size)
        self._canvas.drawString(_LEFT, self._y, left)
        if right:
            self._canvas.setFont(_font(right), size)
            self._canvas.drawRightString(_RIGHT, self._y, right)
        self._y -= _STEP + (size - 10)

    def gap(self) -> None:
        self._y -= _STEP

    def rule(self) -> None:
        self._canvas.line(_LEFT, self._y + _STEP / 2, _RIGHT, self._y + _STEP / 2)
        self._y -= _STEP / 2


def _font(text: str) -> str:
    """Helvetica has the letters of Latin 1 only."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return _CHINESE
    return _LATIN
