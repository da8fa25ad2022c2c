"""Product groups in three levels, and products."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from erp_api.models import ABCClass, Product, ProductGroup

from .basics import CATEGORY_KEYS, CURRENCY_KEYS, TYPE_KEYS, UNIT_CATEGORY, UNIT_KEYS
from .contacts import OWN_KEYS
from .rows import EPOCH, key, ml, stamps
from .wares import WARES

# Code, name, code of the group above, unit, type, documented key. Upper groups come first.
_GROUPS: list[tuple[str, dict[str, str], str | None, str, str, str | None]] = [
    ("1", ml("Food", "Храни"), None, "pcs", "GOODS", "dc92f2e4-19f9-40eb-b257-565182f09f08"),
    ("101", ml("Fruit and vegetables", "Плодове и зеленчуци"), "1", "kg", "GOODS", None),
    ("10101", ml("Fruit", "Плодове"), "101", "kg", "GOODS", None),
    ("10102", ml("Vegetables", "Зеленчуци"), "101", "kg", "GOODS", None),
    ("102", ml("Drinks", "Напитки"), "1", "l", "GOODS", None),
    ("10201", ml("Juices", "Сокове"), "102", "l", "GOODS", None),
    ("2", ml("Household", "Домакинство"), None, "pcs", "GOODS", "d189cd37-1301-e011-9c1f-0030488d5648"),
    ("201", ml("Kitchen", "Кухня"), "2", "pcs", "GOODS", "0bf6b45c-7ec1-484d-9f84-00072b77fabb"),
    ("20101", ml("Cookware", "Съдове за готвене"), "201", "pcs", "GOODS", None),
    ("20102", ml("Tableware", "Съдове за хранене"), "201", "pcs", "GOODS", "7174e93a-a85e-43b8-9f77-042e2ac89b5a"),
    ("450", ml("Services", "Услуги"), None, "pcs", "SERVICE", None),
    ("45001", ml("Delivery", "Доставка"), "450", "pcs", "SERVICE", None),
]
_GROUP_KEYS = {code: UUID(fixed) if fixed else key("product-group", code) for code, *_, fixed in _GROUPS}

# Products that documents address by key, in the group that starts their list; None: the next number of the group.
_DOCUMENTED: list[tuple[str, str, str | None]] = [
    ("10101", "edf2bd2a-7e4d-e111-a06c-00155d00050a", "90002"),
    ("10101", "7d05ca48-e51a-4672-b187-002a1beef969", "5100000003"),
    ("10101", "59098bcf-f331-478f-91c2-f5520590f534", None),
    ("10102", "81d38b50-fd06-e611-8292-b31071e2ee7f", None),
    ("10102", "4eeb8054-f7d9-479f-a239-ed07d8145075", None),
    ("10201", "bc5a90ed-eca3-4e70-9987-395da25f6487", None),
    ("10201", "08fc0b95-01d8-4876-9074-67898c0bd98b", None),
    ("20101", "396f958d-1952-4c6f-ac66-9211962720d4", None),
    ("20101", "cf728601-1fd5-4853-ab23-01deeee7d038", None),
    ("20102", "35d5bcb9-0881-4bc8-bfe4-84fb874d4626", None),
    ("20102", "4452392f-9ec6-4724-92e4-00004f6ef7ec", None),
]
# A part number that documents print without a key.
_SAMPLE_NUMBER = ("20102", 3, "1000044591")
_ABC = [ABCClass.B, ABCClass.A, ABCClass.B, ABCClass.C, ABCClass.B]


def product_groups() -> list[ProductGroup]:
    """All groups, each after the one above it."""
    paths: dict[str, str] = {}
    made = []
    for code, name, above, unit, type_, _ in _GROUPS:
        parent = paths[above] if above else "/"
        paths[code] = f"{parent}{code}/"
        sold = WARES.get(code)
        made.append(
            ProductGroup(
                id=_GROUP_KEYS[code],
                code=code,
                name=name,
                full_path=paths[code],
                parent=parent,
                next_part_number=f"{code}{len(sold[0]) * len(sold[1]) + 1:04}" if sold else None,
                parent_group_id=_GROUP_KEYS[above] if above else None,
                default_measurement_unit_id=UNIT_KEYS[unit],
                default_product_type_id=TYPE_KEYS[type_],
                enterprise_company_id=OWN_KEYS[1] if code == "20101" else None,
                aggregate_last_update_time=EPOCH,
            )
        )
    return made


def _description(position: int, name: dict[str, str]) -> dict[str, str] | None:
    if position % 5:
        return None
    return ml(
        f"{name['EN']}. Ordered before noon, delivered the next day.",
        f"{name['BG']}. Поръчано до обяд, доставено на следващия ден.",
    )


def _group_products(group: tuple[Any, ...], start: int) -> list[Product]:
    code, _, _, unit, type_, _ = group
    wares, kinds = WARES[code]
    documented = [(id_, number) for group_code, id_, number in _DOCUMENTED if group_code == code]
    made = []
    for serial, (kind, ware) in enumerate(((kind, ware) for kind in kinds for ware in wares), start=1):
        position = start + serial
        id_, number = documented.pop(0) if documented else (None, None)
        if (code, serial) == _SAMPLE_NUMBER[:2]:
            number = _SAMPLE_NUMBER[2]
        name = ml(f"{ware['EN']}, {kind['EN']}", f"{ware['BG']}, {kind['BG']}")
        price = Decimal(95 + 35 * (position % 47)) / 100
        made.append(
            Product(
                id=UUID(id_) if id_ else key("product", f"{code}-{serial}"),
                part_number=number or f"{code}{serial:04}",
                name=name,
                description=_description(position, name),
                catalog_description_html=f"<p>{name['EN']}</p>" if position % 11 == 0 else None,
                abc_class=_ABC[position % len(_ABC)],
                active=position % 23 != 22,
                show_in_catalog=position % 3 == 0,
                standard_lot_size_base=Decimal(10) if position % 7 == 0 else Decimal(1),
                standard_cost_per_lot=(price * Decimal("0.6")).quantize(Decimal("0.0001")),
                standard_price_per_lot=price,
                product_group_id=_GROUP_KEYS[code],
                product_type_id=TYPE_KEYS[type_],
                measurement_unit_id=UNIT_KEYS[unit],
                base_measurement_category_id=CATEGORY_KEYS[UNIT_CATEGORY[unit]],
                costing_currency_id=CURRENCY_KEYS["EUR"] if position % 4 == 0 else None,
                # A product belongs to the company of its group when the group has one (R17342).
                enterprise_company_id=OWN_KEYS[1] if code == "20101" else None,
                **stamps(position),
            )
        )
    return made


def products() -> list[Product]:
    """All products, group after group."""
    made: list[Product] = []
    for group in _GROUPS:
        if group[0] in WARES:
            made += _group_products(group, len(made))
    return made
