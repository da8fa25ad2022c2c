"""The version and the addresses of style sheets, for the templates of all sites (IS-33)."""

from django import template
from django.templatetags.static import static

from erpnet_identity.operations.version import VERSION
from erpnet_identity.tenancy.appearance import Appearance, appearance

register = template.Library()


@register.simple_tag
def product_version() -> str:
    """The version as every page shows it."""
    return VERSION


@register.simple_tag(takes_context=True)
def instance_appearance(context: template.Context) -> Appearance:
    """What the instance shows of itself. A page that must do without the database says so (``asks_nothing``)."""
    return appearance(may_ask=not context.get("asks_nothing"))


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file. It changes with the version, so that no browser mixes an old style sheet with a
    new page."""
    return f"{static(path)}?v={VERSION}"
