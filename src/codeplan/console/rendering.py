"""From a page's values to HTML: one environment a language, with times in the reader's zone,
amounts and numbers as the language writes them. Nothing of a page can be scripted or framed."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from codeplan.console import words
from codeplan.console.visits import Visit
from codeplan.kit.instants import DAY, HOUR, MINUTE, SECOND, at, iso_utc
from codeplan.kit.money import written, written_exact

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "cache-control": "no-store",
}
STATIC = Path(str(resources.files("codeplan.console") / "static"))


@cache
def _version(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def static(name: str) -> str:
    """A file's address, which changes with what is in it."""
    return f"/console/static/{name}?v={_version(name)}"


@pass_context
def _when(context: Context, instant: int | None) -> Markup:
    """A time in the reader's zone, with the instant for programs."""
    return _time(context, instant, _written_time)


@pass_context
def _day(context: Context, instant: int | None) -> Markup:
    return _time(context, instant, _written_day)


@pass_context
def _clock(context: Context, instant: int | None) -> Markup:
    return _time(context, instant, _written_clock)


def _written_time(moment: datetime, locale: Locale) -> str:
    day = format_date(moment, "medium", locale=locale)
    return f"{day} {format_time(moment, 'short', locale=locale)}"


def _written_day(moment: datetime, locale: Locale) -> str:
    return format_date(moment, "medium", locale=locale)


def _written_clock(moment: datetime, locale: Locale) -> str:
    return format_time(moment, "short", locale=locale)


def _time(context: Context, instant: int | None, form: Any) -> Markup:
    if instant is None:
        return Markup("")
    visit: Visit = context["visit"]
    text = form(at(instant, visit.zone), _locale(visit.language))
    return Markup('<time datetime="{}">{}</time>').format(iso_utc(instant), text)


@pass_context
def _left(context: Context, instant: int | None) -> Markup:
    """How long until then; a script counts on."""
    if instant is None:
        return Markup("")
    visit: Visit = context["visit"]
    text = _span(max(0, instant - visit.now), visit._)
    ticks = " data-countdown" if not (visit.account and visit.account.clock_ahead) else ""
    return Markup('<time datetime="{}"' + ticks + ">{}</time>").format(iso_utc(instant), text)


def _span(milliseconds: int, _: words.Translate) -> str:
    if milliseconds >= 2 * DAY:
        return f"{milliseconds // DAY} {_('days')}"
    if milliseconds >= HOUR:
        return f"{milliseconds // HOUR} {_('h')} {milliseconds % HOUR // MINUTE} {_('min')}"
    if milliseconds >= MINUTE:
        return f"{milliseconds // MINUTE} {_('min')}"
    return f"{milliseconds // SECOND} {_('s')}"


@pass_context
def _said(context: Context, text: str) -> str:
    visit: Visit = context["visit"]
    return words.said(text, visit._)


@pass_context
def _window(context: Context, rule: Any) -> str:
    visit: Visit = context["visit"]
    return words.window_name(rule.number, rule.span, visit._)


@pass_context
def _unit(context: Context, unit: str) -> str:
    visit: Visit = context["visit"]
    return words.unit_name(unit, visit._)


@pass_context
def _tool(context: Context, client_id: str) -> str:
    visit: Visit = context["visit"]
    return words.tool_name(visit.services.clients.name_of(client_id), visit._)


@pass_context
def _counted(context: Context, number: Any, unit: str) -> str:
    """``1 prompt``, ``2 prompts``: as the language counts."""
    visit: Visit = context["visit"]
    return words.counted(
        number, unit, visit.language, format_decimal(number, locale=_locale(visit.language))
    )


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(words.LOCALES[language])


@cache
def environment(language: str) -> Environment:
    locale = _locale(language)
    made = Environment(
        loader=PackageLoader("codeplan.console"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(  # type: ignore[attr-defined]  # the extension adds it
        words.catalogues.of(language), newstyle=True
    )
    made.filters |= {
        "when": _when,
        "day": _day,
        "clock": _clock,
        "left": _left,
        "said": _said,
        "window": _window,
        "unit": _unit,
        "counted": _counted,
        "num": partial(format_decimal, locale=locale),
        "short": partial(format_compact_decimal, locale=locale, fraction_digits=1),
        "percent": partial(format_percent, locale=locale),
        "money": written,
        "exact": written_exact,
        "tool": _tool,
    }
    made.globals |= {
        "static": static,
        "languages": words.LANGUAGES,
        "html_language": words.HTML[language],
    }
    return made


def render(template: str, page: object, visit: Visit) -> str:
    return environment(visit.language).get_template(template).render(page=page, visit=visit)


def html(template: str, page: object, visit: Visit, status: int = 200) -> HTMLResponse:
    return HTMLResponse(render(template, page, visit), status, dict(HEADERS))
