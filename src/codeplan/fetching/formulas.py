"""Formulas in a page, each once: as the TeX that it was written in, where the page keeps it, or the
symbols of its MathML. What only shows the same again is taken away (KaTeX, MathJax, MediaWiki,
LaTeXML)."""

import re
from collections.abc import Callable
from typing import Any

_TEX = ("application/x-tex", "text/x-tex", "tex", "latex", "application/x-latex")
# Around a formula's MathML, with its picture or its letters beside it.
_AROUND = re.compile(
    r"(?:^|\s)(?:katex|mwe-math-element|MathJax(?:_SVG|_CHTML)?|mjx-chtml)(?:\s|$)"
)
# What shows again what a script of TeX says.
_SHOWN = re.compile(
    r"(?:^|\s)(?:MathJax(?:_Preview|_Display|_SVG|_SVG_Display|_CHTML)?|mjx-chtml)(?:\s|$)"
)
_STYLE = re.compile(r"^\{\\(?:displaystyle|textstyle)\s*(.*)\}$", re.DOTALL)


def put_formulas(tree: Any, keep: Callable[[str], str], *, marked: bool) -> None:
    """Put in the place of each of the tree's formulas what ``keep`` makes of its text. ``marked``:
    between dollars."""
    scripts = [one for one in tree.iter("script") if (one.get("type") or "").startswith("math/tex")]
    if scripts:
        # One that holds the script is no second showing of it.
        around = {one for script in scripts for one in script.iterancestors()}
        for element in list(tree.iter("span", "div")):
            is_shown = _SHOWN.search(element.get("class") or "") and element not in around
            if is_shown and element.getparent() is not None:
                _take(element, "")
    for script in scripts:
        display = "mode=display" in (script.get("type") or "")
        _take(script, keep(_write_formula(script.text or "", display, marked)))
    for math in list(tree.iter("math")):
        whole = _whole(math)
        if whole.getparent() is not None:
            formula, display = _tex(math) or _symbols(math), _is_display(math, whole)
            _take(whole, keep(_write_formula(formula, display, marked)))


def _whole(math: Any) -> Any:
    """The outermost element that shows this formula alone."""
    whole = math
    for parent in math.iterancestors():
        if parent.tag == "mjx-container" or _AROUND.search(parent.get("class") or ""):
            whole = parent
    return whole


def _tex(math: Any) -> str:
    for annotation in math.iter("annotation"):
        if (annotation.get("encoding") or "").lower() in _TEX:
            return annotation.text or ""
    return math.get("alttext") or ""


def _symbols(math: Any) -> str:
    for annotation in list(math.iter("annotation", "annotation-xml")):
        if annotation.getparent() is not None:
            annotation.drop_tree()
    return "".join(math.itertext())


def _is_display(math: Any, whole: Any) -> bool:
    around = [math.get("display"), whole.get("display")]
    parent = whole.getparent()
    classes = (
        f"{whole.get('class') or ''} {parent.get('class') or '' if parent is not None else ''}"
    )
    return "block" in around or "true" in around or "katex-display" in classes


def _write_formula(formula: str, display: bool, marked: bool) -> str:
    formula = " ".join(formula.split())
    if style := _STYLE.match(formula):
        formula = style[1].strip()
    if not formula or not marked:
        return formula
    return f"$${formula}$$" if display else f"${formula}$"


def _take(element: Any, text: str) -> None:
    """The element away, and a text in its place."""
    element.tail = f"{text}{element.tail or ''}"
    element.drop_tree()
