"""The published model is what the contract says (file 70, section 7) and what the tables hold."""

import re

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BigIntegerField, FileField, sql

from erp_api.edm import types
from erp_api.edm.entity_set import EntitySet
from erp_api.edm.properties import Use, amount, display_text, reference, value
from erp_api.edm.registry import ENTITY_SETS
from erp_api.models import Customer, Party
from erp_api.models.base import Aggregate
from tests.architecture.source import ROOT

CONTRACT = (ROOT / "docs/contract/70-domain-api.md").read_text(encoding="utf-8")
USES = {"E": Use.EQUAL, "I": Use.IN, "R": Use.RANGE, "L": Use.TEXT, "O": Use.ORDER}
# API-112; what a query may do with them is API-30.
OF_ALL = {"Id": "EIRO", "ObjectVersion": "", "DisplayText": ""}
OF_AGGREGATES = {"ExternalId": "EI", "ExternalSystem": "EI", "AggregateLastUpdateTimeUtc": "RO"}

every_set = pytest.mark.parametrize("entity_set", ENTITY_SETS.values(), ids=list(ENTITY_SETS))


def section(entity_set):
    """The headline of a set and the rows of its table, as ``(name, type, null, flags, notes)``."""
    _, found, rest = CONTRACT.partition(f"\n**`{entity_set.name}`**")
    assert found, f"{entity_set.name} is not in the contract"
    headline, _, table = rest.partition("\n\n")
    rows = [line.removeprefix("|").removesuffix("|").split("|") for line in table.partition("\n\n")[0].splitlines()[2:]]
    return headline, [[cell.strip() for cell in row] for row in rows]


def uses(letters):
    found = Use.NOTHING
    for letter in letters.replace(" ", "").replace("–", ""):
        found |= USES[letter]
    return found


def written(type_):
    """A type in the words of the contract; an enumeration by its members, which stand in the notes."""
    match type_:
        case types.Str(length):
            return f"Str({length or 'max'})"
        case types.MultiLanguage(length):
            return f"ML({length or 'max'})"
        case types.Number(precision, scale):
            return f"Dec({precision},{scale})"
        case types.Amount(precision, scale) | types.Quantity(precision, scale):
            return f"{type(type_).__name__}({precision},{scale})"
        case types.Reference(target):
            return f"→ {target}"
        case types.Enum(members):
            return ", ".join(f"`{name}`" for name in members.values())
        case _:
            return type(type_).__name__


@every_set
def test_own_properties_are_those_of_the_contract(entity_set):
    _, rows = section(entity_set)
    common = {*OF_ALL, *OF_AGGREGATES}
    own = [property_ for name, property_ in entity_set.properties.items() if name not in common]
    assert [property_.name for property_ in own] == [row[0] for row in rows]
    for property_, (name, type_, null, flags, notes) in zip(own, rows, strict=True):
        members = re.search(r"Values ((?:`\w+`(?:, )?)+)", notes)
        assert written(property_.type) == (members[1] if members else type_), name
        assert property_.nullable == {"yes": True, "no": False}[null], name
        through = Use.THROUGH if "filterable through" in notes else Use.NOTHING
        assert property_.use == uses(flags) | through, name
        assert property_.is_default, name


@every_set
def test_common_properties_are_those_of_the_contract(entity_set):
    common = OF_ALL | OF_AGGREGATES if issubclass(entity_set.model, Aggregate) else OF_ALL
    found = {name: property_ for name, property_ in entity_set.properties.items() if name in OF_ALL | OF_AGGREGATES}
    assert {name: property_.use for name, property_ in found.items()} == {
        name: uses(letters) for name, letters in common.items()
    }
    assert not any(property_.is_default for property_ in found.values())
    assert {name: written(property_.type) for name, property_ in found.items()} == {
        "Id": "Guid", "ObjectVersion": "Int32", "DisplayText": "DisplayText", "ExternalId": "Str(128)",
        "ExternalSystem": "Str(128)", "AggregateLastUpdateTimeUtc": "DateTime",
    }  # fmt: skip


@every_set
def test_former_names_are_those_of_the_contract(entity_set):
    headline, _ = section(entity_set)
    found = re.search(r"former name `(\w+)`", headline)
    assert entity_set.former_names == ((found[1],) if found else ())


# Type → class of the field and what they have in common: attribute of the type and attribute of the field.
FIELDS = {
    types.Guid: ("UUIDField", {}),
    types.Str: ("CharField TextField", {"max_length": "max_length"}),
    types.MultiLanguage: ("MultiLanguageField", {"max_length": "max_length"}),
    types.DisplayText: ("MultiLanguageField", {}),
    types.Bool: ("BooleanField", {}),
    types.Int32: ("IntegerField PositiveIntegerField", {}),
    types.Number: ("DecimalField", {"precision": "max_digits", "scale": "decimal_places"}),
    types.Amount: ("DecimalField", {"precision": "max_digits", "scale": "decimal_places"}),
    types.Quantity: ("DecimalField", {"precision": "max_digits", "scale": "decimal_places"}),
    types.DateTime: ("DateTimeField", {}),
    types.Enum: ("CharField", {}),
    types.Reference: ("ForeignKey", {}),
}


def selected(entity_set, column):
    """The field that the ORM reads for a column, and whether null can come out of the query."""
    annotations = {name: make() for name, make in entity_set.annotations.items()}
    query = entity_set.model.objects.annotate(**annotations).values_list(column).query
    compiler = query.get_compiler("default")
    compiler.as_sql()
    expression = compiler.select[0][0]
    # The key of another table is read from the column that refers to it, beside whatever the annotations join.
    joined = query.alias_map[expression.alias].join_type if hasattr(expression, "alias") else None
    field = getattr(expression, "target", expression.output_field)
    return field, joined == sql.constants.LOUTER or field.null


@every_set
def test_every_property_is_its_field(entity_set):
    for property_ in entity_set.properties.values():
        field, nullable = selected(entity_set, property_.columns[0])
        classes, shared = FIELDS[type(property_.type)]
        assert type(field).__name__ in classes.split(), property_.name
        assert property_.nullable == nullable, property_.name
        for of_type, of_field in shared.items():
            assert getattr(property_.type, of_type) == getattr(field, of_field), property_.name
        if isinstance(property_.type, types.Enum):
            assert list(property_.type.members.items()) == list(field.choices), property_.name
        if isinstance(property_.type, types.Reference) and property_.type.entity_set in ENTITY_SETS:
            assert field.related_model is ENTITY_SETS[property_.type.entity_set].model, property_.name
        for unit in property_.columns[1:]:
            assert type(selected(entity_set, unit)[0]).__name__ == "CharField", property_.name


def test_every_column_of_the_erp_has_a_type():
    for model in apps.get_app_config("erp_api").get_models():
        for field in model._meta.local_concrete_fields:
            if not field.is_relation:
                assert types.type_of(field), field


@pytest.mark.parametrize("field", [BigIntegerField(), FileField()])
def test_a_column_without_a_type_is_refused(field):
    with pytest.raises(TypeError, match="type"):
        types.type_of(field)


@pytest.mark.parametrize(
    ("described", "mistake"),
    [
        (value("X", "nothing"), FieldDoesNotExist),
        (value("X", "party__nothing"), FieldDoesNotExist),
        (value("X", "party"), TypeError),
        (amount("X", "number", currency="number"), TypeError),
        (reference("X", "General_Contacts_Parties", "number"), TypeError),
        (display_text("number"), TypeError),
    ],
)
def test_a_description_that_does_not_fit_its_table_is_refused(described, mistake):
    entity_set = EntitySet("X", Customer, display_text("party__party_name"), (described,))
    with pytest.raises(mistake):
        _ = entity_set.properties


def test_what_can_be_null_on_the_way_can_be_null():
    described = EntitySet(
        "X",
        Party,
        display_text("party_name"),
        (value("Own", "party_code"), value("Parents", "parent_party__party_code")),
    )
    assert [described.properties[name].nullable for name in ("Own", "Parents")] == [False, True]
