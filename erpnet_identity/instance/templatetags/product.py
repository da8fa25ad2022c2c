"""The version and the addresses of style sheets, for the templates of all sites (IS-33)."""

from django import template
from django.templatetags.static import static

from ..version import VERSION

register = template.Library()


@register.simple_tag
def product_version() -> str:
    """The version as every page shows it."""
    return VERSION


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file. It changes with the version, so that no browser mixes an old style sheet with a
    new page."""
    return f"{static(path)}?v={VERSION}"
