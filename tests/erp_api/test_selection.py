"""A selection is a tree: a record in place of a reference has a selection of its own."""

import json

import pytest

from erp_api.edm.entity_set import EntitySet
from erp_api.edm.properties import display_text, reference, value
from erp_api.edm.registry import ENTITY_SETS
from erp_api.models import MeasurementUnit, ProductGroup
from erp_api.odata import encoder
from erp_api.odata.rows import rows_of
from erp_api.odata.selection import Selection
from tests.factories.erp_api import (
    MeasurementUnitFactory,
    ProductFactory,
    ProductGroupFactory,
)

pytestmark = pytest.mark.django_db

PRODUCTS = ENTITY_SETS["General_Products_Products"]
GROUPS = EntitySet(
    name="General_Products_ProductGroups",
    model=ProductGroup,
    display=display_text("name"),
    own_properties=(
        value("Code", "code"),
        value("NextPartNumber", "next_part_number"),
        reference("ParentGroup", "General_Products_ProductGroups", "parent_group"),
    ),
)
UNITS = EntitySet(
    name="General_Products_MeasurementUnits",
    model=MeasurementUnit,
    display=display_text("name"),
    own_properties=(value("Code", "code"),),
)


@pytest.fixture
def groups(db):
    """The top of the tree, a group below it, and a product in each."""
    top = ProductGroupFactory(code="2", name={"EN": "All", "BG": "Всички"})
    below = ProductGroupFactory(code="201", parent_group=top, name={"EN": "Fruit", "BG": "Плодове"})
    ProductFactory(part_number="A", product_group=top)
    ProductFactory(part_number="B", product_group=below)
    return top, below


def written(selection, **options):
    rows = list(rows_of(selection))
    found = [json.loads(record) for record in encoder.write(selection, rows, **options)]
    return {record["PartNumber"]: record for record in found}


def link(group):
    return f"General_Products_ProductGroups({group.pk})"


def test_an_expanded_reference_is_the_record(groups):
    top, below = groups
    group = Selection(GROUPS, ("Code", "ParentGroup"))
    found = written(Selection(PRODUCTS, ("PartNumber", "ProductGroup", "Active"), (("ProductGroup", group),)))
    assert found["A"]["ProductGroup"] == {"@odata.id": link(top), "Code": "2", "ParentGroup": None}
    assert found["B"]["ProductGroup"] == {
        "@odata.id": link(below),
        "Code": "201",
        "ParentGroup": {"@odata.id": link(top)},
    }
    assert list(found["A"]) == ["@odata.id", "PartNumber", "ProductGroup", "Active"]


def test_a_reference_in_an_expanded_record_is_expanded_as_well(groups):
    top, _ = groups
    inside = Selection(GROUPS, ("Code", "ParentGroup"), (("ParentGroup", Selection(GROUPS, ("Id", "Code"))),))
    found = written(Selection(PRODUCTS, ("PartNumber", "ProductGroup"), (("ProductGroup", inside),)))
    assert found["A"]["ProductGroup"]["ParentGroup"] is None
    assert found["B"]["ProductGroup"]["ParentGroup"] == {"@odata.id": link(top), "Id": str(top.pk), "Code": "2"}


def test_two_references_side_by_side(groups):
    """Each is written as its own selection says, also beside a column that an annotation joins."""
    unit = MeasurementUnitFactory(code="kg")
    product = ProductFactory(part_number="C", measurement_unit=unit)
    found = written(
        Selection(
            PRODUCTS,
            ("PartNumber", "StandardLotSizeBase", "ProductGroup", "MeasurementUnit"),
            (("MeasurementUnit", Selection(UNITS, ("Code",))), ("ProductGroup", Selection(GROUPS, ("Code",)))),
        )
    )["C"]
    assert found["StandardLotSizeBase"] == {"Value": 1, "Unit": "kg"}
    assert found["ProductGroup"]["Code"] == product.product_group.code
    assert found["MeasurementUnit"] == {"@odata.id": f"General_Products_MeasurementUnits({unit.pk})", "Code": "kg"}


def test_language_and_nulls_reach_the_leaves(groups):
    selection = Selection(
        PRODUCTS,
        ("PartNumber", "ProductGroup"),
        (("ProductGroup", Selection(GROUPS, ("NextPartNumber", "DisplayText"))),),
    )
    assert selection.has_display_text
    assert not Selection(PRODUCTS, ("PartNumber", "ProductGroup")).has_display_text
    assert written(selection, languages=("BG",), skip_nulls=True)["B"]["ProductGroup"] == {
        "@odata.id": link(groups[1]),
        "DisplayText": "Плодове",
    }


@pytest.mark.parametrize("products", [1, 9])
def test_one_statement_for_each_selection_in_the_tree(django_assert_num_queries, groups, products):
    for _ in range(products):
        ProductFactory(product_group=ProductGroupFactory(parent_group=groups[1]))
    inside = Selection(GROUPS, ("ParentGroup",), (("ParentGroup", Selection(GROUPS, ("Code",))),))
    selection = Selection(PRODUCTS, ("PartNumber", "ProductGroup"), (("ProductGroup", inside),))
    with django_assert_num_queries(3):
        written(selection)


def test_what_refers_to_nothing_costs_no_statement(django_assert_num_queries, groups):
    inside = Selection(GROUPS, ("ParentGroup",), (("ParentGroup", Selection(GROUPS, ("Code",))),))
    rows = list(rows_of(inside).filter(pk=groups[0].pk))
    with django_assert_num_queries(0):
        (record,) = encoder.write(inside, rows)
    assert json.loads(record)["ParentGroup"] is None
