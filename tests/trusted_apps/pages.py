"""The pages of an application over HTTP: addresses, what a browser sends, what a person reads."""

import re
from html import unescape

from trusted_apps.attributes import FIELDS

LIST = "/admin/trusted_apps/trustedapplication/"
CHECKBOXES = {
    "allows_internal_users", "allows_community_users", "allows_service", "allows_basic_authentication",
    "identity_scopes_imply_access", "is_enabled", "is_verified", "is_first_party",
}  # fmt: skip


def page_of(application, suffix="change"):
    return f"{LIST}{application.pk}/{suffix}/"


def fields(**values):
    """The body of a form: a good confidential application, with ``values`` in place of what it has."""
    form = {
        "name": "Shop",
        "owner": "",
        "client_id": "shop.example.com",
        "client_type": "confidential",
        "redirect_uris": "",
        "post_logout_redirect_uris": "",
        "system_user": "",
        "scope": ["read"],
        "slot_limit": "",
        "reference_tokens": "none",
        "is_enabled": True,
        "notes": "",
        "system_user_login_url": "",
        **values,
    }
    return {
        name: "on" if name in CHECKBOXES else value
        for name, value in form.items()
        if not (name in CHECKBOXES and not value)
    }


def fields_of(application, **values):
    """What the page of an application would send when only ``values`` were typed."""
    stored = {
        name: getattr(application, name)
        for name in (*FIELDS, "object_version")
        if name not in ("is_enabled", "scope", "system_user")
    }
    stored["scope"] = application.scope_list
    stored["system_user"] = application.system_user.login if application.system_user else ""
    stored["slot_limit"] = "" if application.slot_limit is None else application.slot_limit
    return fields(**{**stored, "is_enabled": False, **values})


def text_of(response):
    """What a person reads, white space apart."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def errors_of(response):
    """Field name → messages of the form that came back."""
    assert response.status_code == 200, response.status_code
    return {name: list(messages) for name, messages in response.context["adminform"].form.errors.items()}
