"""What the pages for people are made of: fields of forms, the language menu, the time to wait."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.forms import BaseForm, BoundField, CheckboxInput
from django.http import HttpRequest, QueryDict
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext, pgettext

from erpnet_identity.edge import mount
from erpnet_identity.edge.language import CHOICE

register = template.Library()


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One entry of the language menu; its name is written in the language itself."""

    code: str
    name: str
    href: str
    is_current: bool


@register.simple_tag(takes_context=True)
def language_links(context: template.Context) -> list[LanguageLink]:
    """This page in each language: the same address with another ``language``."""
    query = _query(context.get("request"))
    current = get_language()
    links = []
    for code, name in settings.LANGUAGES:
        query[CHOICE] = code
        links.append(LanguageLink(code, name, f"?{query.urlencode()}", code == current))
    return links


def _query(request: HttpRequest | None) -> QueryDict:
    try:
        return request.GET.copy() if request is not None else QueryDict(mutable=True)
    except TooManyFieldsSent:
        return QueryDict(mutable=True)  # this is the page that says so


@register.simple_tag
def instance_host() -> str:
    """The host of this instance, and its path if it has one: what a person compares with the address bar before typing
    a password."""
    return mount.shown()


def _field_to_start_in(form: BaseForm) -> str:
    """The first field with an error; without one the first that is still empty. Passwords are never filled in again,
    so after a refusal, and when the login is known already, this is the password."""
    typed = [field for field in form.visible_fields() if not isinstance(field.field.widget, CheckboxInput)]
    wrong = [field for field in typed if field.errors]
    empty = [field for field in typed if not field.value() or field.widget_type == "password"]
    return next((field.name for field in (*wrong, *empty, *typed)), "")


@register.simple_tag
def control(field: BoundField, described_by: str = "", invalid: bool = False) -> SafeString:
    """The control of a form field, tied to its hint, its error and the element named ``described_by``."""
    attributes: dict[str, Any] = {}
    described = " ".join(name for name in (described_by, field.aria_describedby) if name)
    if described:
        attributes["aria-describedby"] = described
    if invalid:
        attributes["aria-invalid"] = "true"
    if field.name == _field_to_start_in(field.form):
        attributes["autofocus"] = True
    return field.as_widget(attrs=attributes)


@register.filter
def marked(text: str) -> SafeString:
    """The two marks that a line of the list of changes may hold, **strong** and `code`, as a browser shows them."""
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text))
    return mark_safe(re.sub(r"`(.+?)`", r"<code>\1</code>", html))  # noqa: S308 escaped in the line above


# Languages that write the names of months in lower case, where Django has them as a heading would.
_SMALL_MONTHS = ("bg",)


@register.filter
def moment(value: datetime) -> str:
    """A day and a time of day (UTC) as a sentence of the language of the page has them."""
    text = date_format(value, pgettext("date", "j F Y, H:i"))
    return text.lower() if get_language() in _SMALL_MONTHS else text


@register.filter
def waiting_time(seconds: int) -> str:
    """A time to wait, rounded up: ``90`` is "2 minutes"."""
    if seconds < 60:
        return ngettext("%(seconds)d second", "%(seconds)d seconds", seconds) % {"seconds": seconds}
    minutes = -(-seconds // 60)
    if minutes < 60:
        return ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes}
    hours = -(-minutes // 60)
    return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
