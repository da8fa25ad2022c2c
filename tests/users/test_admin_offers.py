"""The lists of the administration answer what their pages offer, and nothing that is written into an address."""

import re
from html import unescape
from urllib.parse import parse_qsl

import pytest
from django.contrib import admin
from django.urls import reverse

from erpnet_identity.audit.model_admin import OfferedOnly
from erpnet_identity.keys import services as keys
from erpnet_identity.users.models import User

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LOOKUPS = ("__startswith", "", "__exact", "__gte", "__in", "__regex", "__isnull")


def address_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


SHOWN = [model for model in MODELS if model._meta.label not in ("tokens.IDToken", "tokens.RefreshToken")]


def paths_of(model, depth=2):
    """Every column of a model, and those of the rows that it points to or that point to it."""
    for field in model._meta.get_fields():
        yield field.name
        if field.is_relation and field.related_model and depth > 1:
            yield from (f"{field.name}__{path}" for path in paths_of(field.related_model, depth - 1))


def links_of(page):
    """The page's own questions to its list."""
    return {unescape(link) for link in re.findall(r'href="(\?[^"]*)"', page)}


@pytest.fixture(params=SHOWN, ids=lambda model: model._meta.label)
def shown(request, admin_client, service_app):
    """A model, the address of its list, and that page."""
    keys.ensure_key()
    address = address_of(request.param)
    response = admin_client.get(address)
    assert response.status_code == 200
    return request.param, address, response.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_is_one_of_these_or_shown_to_nobody(model, admin_client):
    assert isinstance(admin.site._registry[model], OfferedOnly)
    if model not in SHOWN:
        assert admin_client.get(address_of(model)).status_code == 403


def test_no_column_can_be_asked_for_unless_the_page_does(shown, admin_client):
    model, address, page = shown
    offered = {name for link in links_of(page) for name, _ in parse_qsl(link[1:], keep_blank_values=True)}
    asked = 0
    for path in paths_of(model):
        for lookup in LOOKUPS if "__" not in path else LOOKUPS[:1]:
            if f"{path}{lookup}" not in offered:
                response = admin_client.get(address, {f"{path}{lookup}": "1"})
                assert response.status_code == 400, f"{path}{lookup}"
                asked += 1
    assert asked > 50


def test_what_the_page_offers_is_answered(shown, admin_client):
    _, address, page = shown
    for link in links_of(page):
        assert admin_client.get(address + link).status_code == 200, link


def test_an_action_asks_no_more_than_its_list(shown, admin_client):
    _, address, _ = shown
    assert admin_client.post(f"{address}?pk__gte=1", {"action": "x", "_selected_action": "1"}).status_code == 400


def test_no_references_by_other_columns_and_no_popups(shown, admin_client):
    model, address, _ = shown
    for field in model._meta.concrete_fields:
        assert admin_client.get(address, {"_to_field": field.name}).status_code == 400, field.name
    assert admin_client.get(address, {"_popup": "1"}).status_code == 400


def test_only_columns_that_offer_it_sort(shown, admin_client):
    _, address, page = shown
    orders = [value for link in links_of(page) for name, value in parse_qsl(link[1:]) if name == "o"]
    offered = {number for order in orders for number in re.findall(r"[0-9]+", order)}
    usual = admin_client.get(address).context["cl"]
    usually = {name.strip("-") for name in usual.queryset.query.order_by} | {"pk"}
    for index in range(len(usual.list_display)):
        if str(index) not in offered:
            rows = admin_client.get(address, {"o": str(index)}).context["cl"]
            assert {name.strip("-") for name in rows.queryset.query.order_by} <= usually, index


def test_what_is_no_column_is_not_looked_for(shown, admin_client):
    """Neither an unknown name nor a name that only our own query knows."""
    _, address, _ = shown
    for name in ("nothing", "nothing__gte", "superseded", "renewed__gte"):
        assert admin_client.get(address, {name: "1"})["Location"].endswith("?e=1"), name


def test_the_search_looks_at_no_secret(shown):
    model, _, _ = shown
    for name in admin.site._registry[model].get_search_fields(None):
        assert not re.search(r"password|secret|private|hash|token_(value|digest)", name), name


def test_nobody_reads_a_password_letter_by_letter(admin_client, administrator):
    """The smallest case: whether the row is still there must not depend on the hash."""
    for guess in (administrator.password[:10], "zzzzzzzzzz"):
        response = admin_client.get(address_of(User), {"password__startswith": guess})
        assert response.status_code == 400
        assert administrator.login not in response.content.decode()


def test_no_suggestions_for_any_foreign_key(admin_client):
    for model in MODELS:
        for field in model._meta.concrete_fields:
            if field.is_relation:
                query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
                query |= {"field_name": field.name, "term": ""}
                assert admin_client.get("/admin/autocomplete/", query).status_code == 404, field


def test_forms_are_not_opened_by_references_or_in_popups(admin_client, administrator):
    page = reverse("admin:users_user_change", args=[administrator.pk])
    assert admin_client.get(page).status_code == 200
    assert admin_client.get(page, {"_popup": "1"}).status_code == 400
    by_login = reverse("admin:users_user_change", args=[administrator.login])
    assert admin_client.get(by_login, {"_to_field": "login"}).status_code == 400
